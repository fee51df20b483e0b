"""The spiking network itself, simulated by Brian2 in worker processes: the ground truth. Importing this imports no brian2."""

from popdyn.ground_truth.jobs import Job, Record, job
from popdyn.ground_truth.simulation import run, simulate

__all__ = ["Job", "Record", "job", "run", "simulate"]

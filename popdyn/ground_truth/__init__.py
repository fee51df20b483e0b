"""The spiking network itself, simulated by Brian2 in worker processes. Importing this package imports no brian2."""

from popdyn.ground_truth.annealed import matched_rates, simulate_annealed
from popdyn.ground_truth.extrapolation import Extrapolation, extrapolate
from popdyn.ground_truth.jobs import Job, Record, job
from popdyn.ground_truth.simulation import run, simulate
from popdyn.ground_truth.spiking import Rate, Spiking, mean_rates
from popdyn.ground_truth.step_check import Halving, StepCheck, check_dt

__all__ = [
    "Extrapolation",
    "Halving",
    "Job",
    "Rate",
    "Record",
    "Spiking",
    "StepCheck",
    "check_dt",
    "extrapolate",
    "job",
    "matched_rates",
    "mean_rates",
    "run",
    "simulate",
    "simulate_annealed",
]

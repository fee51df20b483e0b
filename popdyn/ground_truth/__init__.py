"""The spiking network itself, simulated by Brian2 in worker processes. Importing this package imports no brian2."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
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

_HOMES = {
    "annealed": ("matched_rates", "simulate_annealed"),
    "extrapolation": ("Extrapolation", "extrapolate"),
    "jobs": ("Job", "Record", "job"),
    "simulation": ("run", "simulate"),
    "spiking": ("Rate", "Spiking", "mean_rates"),
    "step_check": ("Halving", "StepCheck", "check_dt"),
}


def __getattr__(name: str) -> Any:
    """Names load their part when they are first used: an engine's process that starts workers needs none of them."""
    for home, names in _HOMES.items():
        if name in names:
            return getattr(importlib.import_module(f"{__name__}.{home}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")

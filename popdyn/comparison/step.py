"""The answer to a step: peak, time to peak and steady value, truth against model."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import xarray as xr

from popdyn.comparison.align import align
from popdyn.errors import UsageError
from popdyn.types import FloatArray


@dataclass(frozen=True)
class Estimate:
    """A value of the truth with its standard error over groups (None: exact), the model's, and the model's error.

    The error is relative for rates (model/truth - 1) and a difference [s] for times.
    """

    truth: float
    standard_error: float | None
    model: float
    error: float


@dataclass(frozen=True)
class StepError:
    """peak, steady [1/s]; time_to_peak [s] from the onset."""

    peak: Estimate
    time_to_peak: Estimate
    steady: Estimate

    def to_dict(self) -> dict[str, Any]:
        """JSON-able."""
        return asdict(self)


def step_error(
    truth: xr.Dataset, model: xr.Dataset, *, population: str, onset: float, until: float, bin: float = 5e-3
) -> StepError:
    """Peak (or trough), time to peak and steady value (last fifth) of the answer to a step from `onset` to `until` [s].

    **Valid when** nothing else moves the drive in that window: another transient would be taken for the peak.
    The truth's peak is located in all groups but one and read in that one, so that the noise does not pick it; a
    parabola through three bins gives the time. Standard errors: spread over groups, jackknife for the time.
    """
    aligned = align(truth, model, bin)
    inside = (aligned.time > onset) & (aligned.time < until)
    before = (aligned.time < onset) & (aligned.time > onset - (until - onset))
    if inside.sum() < 5 or before.sum() < 2:
        raise UsageError(f"step: got {onset:g} to {until:g} s; allowed: >= 5 bins after the onset, 2 before it")
    time = aligned.time[inside] - onset
    truth_rate, model_rate = aligned.truth[population][:, inside], aligned.model[population].mean(axis=0)[inside]
    baseline = float(aligned.model[population].mean(axis=0)[before].mean())
    away = model_rate - baseline
    sign = 1.0 if away[np.argmax(np.abs(away))] >= 0 else -1.0
    steady = slice(-max(1, len(time) // 5), None)
    steady_truth = truth_rate[:, steady].mean(axis=1)
    model_peak = int(np.argmax(sign * model_rate))
    return StepError(
        peak=_relative(_peaks(sign * truth_rate) * sign, float(model_rate[model_peak])),
        time_to_peak=_times(time, sign * truth_rate, peak_time(time, sign * model_rate)),
        steady=_relative(steady_truth, float(model_rate[steady].mean())),
    )


def peak_time(time: FloatArray, rate: FloatArray) -> float:
    """Time of the maximum, by a parabola through the highest bin and its neighbours."""
    top = int(np.argmax(rate))
    if top in (0, len(rate) - 1):
        return float(time[top])
    left, middle, right = rate[top - 1 : top + 2]
    curvature = left - 2 * middle + right
    shift = 0.5 * (left - right) / curvature if curvature < 0 else 0.0
    return float(time[top] + shift * (time[1] - time[0]))


def _peaks(rate: FloatArray) -> FloatArray:
    if len(rate) == 1:
        return rate.max(axis=1)
    others = rate.sum(axis=0) - rate
    return rate[np.arange(len(rate)), np.argmax(others, axis=1)]


def _relative(groups: FloatArray, model: float) -> Estimate:
    truth = float(groups.mean())
    error = model / truth - 1 if truth > 0 else float("inf")
    spread = float(np.std(groups, ddof=1) / np.sqrt(len(groups))) if len(groups) > 1 else None
    return Estimate(truth=truth, standard_error=spread, model=model, error=error)


def _times(time: FloatArray, rate: FloatArray, model: float) -> Estimate:
    truth = peak_time(time, rate.mean(axis=0))
    groups = len(rate)
    spread = None
    if groups > 1:
        left_out = np.array([peak_time(time, np.delete(rate, group, axis=0).mean(axis=0)) for group in range(groups)])
        spread = float(np.sqrt((groups - 1) * np.var(left_out)))
    return Estimate(truth=truth, standard_error=spread, model=model, error=model - truth)

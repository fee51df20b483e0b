"""The error of one population's rate over one protocol, with its verdict."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np

from popdyn.comparison.bias import relative_bias
from popdyn.comparison.moments import MINIMUM_GROUPS
from popdyn.comparison.shape import Interval, Shape, corrected_shape, plain_shape
from popdyn.comparison.verdict import Verdict, judge_bias, judge_nrmse, worst
from popdyn.types import FloatArray

DESIRED_GROUPS = 10
WOBBLE = "the truth does not vary beyond its sampling noise, the model does, by {:.1%} of the mean: never a pass"


@dataclass(frozen=True)
class Measures:
    """Errors as fractions (0.02 is 2 %), rates in 1/s; a measure that does not exist is None.

    nrmse, correlation: noise corrected where the truth is sampled (nrmse is the signed root of e^2, negative by chance
    near zero); the plain ones take the truth's mean over groups as exact. Intervals: 95 %, the protocol held fixed.
    ceiling: the plain nrmse that a perfect model would show, sqrt(s^2/S)/sd. resolution: the smallest nrmse that can be
    told from 0, from error_squared_se0, the standard error of e^2 at e = 0.
    """

    truth_mean: float
    model_mean: float
    nrmse: float | None
    nrmse_interval: Interval | None
    plain_nrmse: float | None
    error_squared: float | None
    error_squared_se0: float | None
    bias: float | None
    bias_interval: Interval | None
    correlation: float | None
    plain_correlation: float | None
    ceiling: float
    resolution: float
    groups: int
    blocks: int
    verdict: Verdict
    notes: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """JSON-able."""
        return {key: list(value) if isinstance(value, tuple) else value for key, value in asdict(self).items()}


@dataclass(frozen=True)
class Settings:
    """Tolerances (fractions), blocks of time [bins] (None: the whole protocol), bootstrap, is the truth sampled."""

    tolerance: float
    bias_tolerance: float
    block_bins: int | None
    replicates: int
    seed: int
    sampled: bool


def measure(truth: FloatArray, model: FloatArray, settings: Settings) -> Measures:
    """Measures of (run, time) rates [1/s]. A side with one run is exact, unless it is the truth and sampled."""
    groups, model_runs = max(len(truth), len(model)), len(model)
    plain = plain_shape(truth.mean(axis=0), model.mean(axis=0))
    exact = groups == 1 and not settings.sampled
    truth, model = (np.broadcast_to(side, (groups, side.shape[1])) for side in (truth, model))
    bias, bias_interval = relative_bias(truth.mean(axis=1), model.mean(axis=1))
    if exact:
        shape = plain
    elif groups < MINIMUM_GROUPS:
        note = f"sampled groups: {groups}; noise cannot be separated, {DESIRED_GROUPS} are needed"
        shape = Shape(notes=(note,))
    else:
        shape = corrected_shape(
            truth, model, block_bins=settings.block_bins, count=settings.replicates, seed=settings.seed
        )
    wobble = float(np.std(model[0])) / float(truth.mean()) if shape.constant and truth.mean() > 0 else 0.0
    if model_runs == 1 and wobble > settings.tolerance:
        shape = replace(shape, constant=False, notes=(*shape.notes, WOBBLE.format(wobble)))
    constants = {key: value for key, value in vars(shape).items() if key != "constant"}
    return Measures(
        truth_mean=float(truth.mean()),
        model_mean=float(model.mean()),
        plain_nrmse=plain.nrmse,
        plain_correlation=plain.correlation,
        bias=bias,
        bias_interval=bias_interval,
        groups=groups,
        verdict=_verdict(shape, (bias, bias) if exact and bias is not None else bias_interval, settings),
        **constants,
    )


def _verdict(shape: Shape, bias_interval: Interval | None, settings: Settings) -> Verdict:
    verdicts: list[Verdict] = ["inconclusive"]
    if bias_interval is not None:
        verdicts = [judge_bias(bias_interval, settings.bias_tolerance)]
    if shape.nrmse is None:
        return worst(verdicts if shape.constant else [*verdicts, "inconclusive"])
    interval = shape.nrmse_interval or (shape.nrmse, shape.nrmse)
    return worst([*verdicts, judge_nrmse(interval, settings.tolerance, shape.resolution)])

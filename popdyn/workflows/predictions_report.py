"""Errors predicted before any spike, beside the measured ones, of the density and of the rung that was asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from popdyn.comparison import Comparison

if TYPE_CHECKING:
    from popdyn.workflows.conversion import Conversion


def predictions(work: Conversion) -> list[dict[str, Any]]:
    """Of the density: its own. Of a rung below it: that, and its distance to the density under the protocol."""
    rows = []
    for rung in dict.fromkeys(("density", work.target)):
        step = _between(work, "density", rung)
        if rung != "density" and step is None:
            continue
        for name, predicted in work.predicted.items():
            more = None if step is None else step.populations[name]
            rows += [
                _prediction(work, rung, name, "nrmse", float(np.hypot(predicted.nrmse, _size(more, "nrmse")))),
                _prediction(work, rung, name, "bias", predicted.bias + _size(more, "bias")),
            ]
    return rows


def _prediction(work: Conversion, rung: str, population: str, what: str, predicted: float) -> dict[str, Any]:
    measured = _between(work, "spiking", rung)
    seen = interval = None
    if measured is not None:
        found = measured.populations[population]
        seen, interval = getattr(found, what), getattr(found, f"{what}_interval")
        if what == "nrmse" and seen is not None and seen < found.resolution:
            seen = interval = None  # this truth does not tell it from zero
    return {
        "population": population, "rung": rung, "what": what, "predicted": predicted,
        "measured": None if seen is None else abs(seen), "interval": _of_size(interval),
    }  # fmt: skip


def _of_size(interval: tuple[float, float] | None) -> list[float] | None:
    """What the size of a figure is between, that itself is within an interval."""
    if interval is None:
        return None
    low, high = interval
    ends = sorted((abs(low), abs(high)))
    return [0.0, ends[1]] if low <= 0.0 <= high else ends


def _between(work: Conversion, truth: str, model: str) -> Comparison | None:
    same = (c for c in work.comparisons if c.truth == truth and c.model == model and c.protocol == work.protocol)
    return next(same, None)


def _size(measures: Any, what: str) -> float:
    value = None if measures is None else getattr(measures, what)
    return 0.0 if value is None else abs(value)

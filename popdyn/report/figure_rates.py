"""Rates of truth and rungs over a protocol, the truth's band, and the residual below."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from matplotlib.axes import Axes

from popdyn.report.block import Block, Table, array, numeric_table
from popdyn.report.draw import draw_band, draw_legend, draw_rung
from popdyn.report.palette import LIGHT
from popdyn.report.schema import PopulationTrace, Trace
from popdyn.report.svg import new_figure, style, to_svg
from popdyn.report.text import number, plain, short
from popdyn.types import FloatArray

MOST_POINTS = 800
RESIDUAL_POINTS = 200


class _Drawn(NamedTuple):
    """What is drawn, in bins of `factor` of the trace's own."""

    factor: int
    time: FloatArray
    truth: FloatArray | None
    error: FloatArray | None
    models: dict[str, FloatArray]
    reference: str


def rates_figure(trace: Trace, population: str, key: str) -> Block:
    """Rate [1/s] over time; residual = rung - truth (else - first rung), with the truth's +- 2 standard errors."""
    part = trace["populations"][population]
    drawn = _drawn(trace, part)
    stimulus = part.get("stimulus") or trace.get("stimulus")
    with style():
        ratios = ([0.55] if stimulus else []) + [2.2, 1.0]
        figure, axes = new_figure(4.7 + 0.9 * (len(ratios) - 2), len(ratios), 1, sharex=True, height_ratios=ratios)
        if stimulus:
            top = axes.pop(0)
            top.plot(drawn.time, _thin(array(stimulus["values"]), drawn.factor), color=LIGHT["soft"], linewidth=1.0)
            top.set_title(plain(stimulus["label"], 80), fontsize=9.5, color=LIGHT["soft"])
        _rates(axes[0], drawn, part)
        _residual(axes[1], drawn)
        svg = to_svg(figure, key, f"Rates of population {population}, protocol {trace['protocol']}", _describe(part))
    band = " Grey band: the truth's mean over groups, ± 2 standard errors." if drawn.error is not None else ""
    width, coarse = short(1e3 * trace["bin"] * drawn.factor), short(1e3 * trace["bin"] * drawn.factor * _coarser(drawn))
    caption = (
        f"Rates in bins of {width} ms.{band} Below: rung minus {plain(drawn.reference, 40)} in bins of {coarse} ms."
    )
    heading = f"Protocol {plain(trace['protocol'], 60)}, population {plain(population, 60)}"
    return Block(key, heading, svg, caption, _table(trace, part))


def _drawn(trace: Trace, part: PopulationTrace) -> _Drawn:
    factor = max(1, -(-len(trace["time"]) // MOST_POINTS))
    truth = part.get("truth")
    error = None
    if truth and truth.get("standard_error") is not None:
        error = np.sqrt(_thin(array(truth["standard_error"]) ** 2, factor) / factor)
    models = {rung: _thin(array(rate), factor) for rung, rate in part["models"].items()}
    mean = _thin(array(truth["rate"]), factor) if truth else None
    reference = truth["rung"] if truth else next(iter(models))
    return _Drawn(factor, _thin(array(trace["time"]), factor), mean, error, models, reference)


def _rates(axis: Axes, drawn: _Drawn, part: PopulationTrace) -> None:
    truth = part.get("truth")
    if truth and drawn.truth is not None:
        draw_band(axis, drawn.time, drawn.truth, drawn.error)
        axis.plot(
            drawn.time, drawn.truth, color=LIGHT["truth"], alpha=0.45, linewidth=3.0, label=plain(truth["rung"], 40)
        )
    for rung, rate in drawn.models.items():
        draw_rung(axis, drawn.time, rate, rung, list(drawn.models), linewidth=1.2)
    axis.set_ylabel("rate [Hz]")
    axis.set_ylim(bottom=0)
    axis.set_xlim(drawn.time[0], drawn.time[-1])
    draw_legend(axis)


def _residual(axis: Axes, drawn: _Drawn) -> None:
    base = drawn.models[drawn.reference] if drawn.truth is None else drawn.truth
    coarse = _coarser(drawn)
    time = _thin(drawn.time, coarse)
    draw_band(axis, time, 0.0, None if drawn.error is None else np.sqrt(_thin(drawn.error**2, coarse) / coarse))
    for rung, rate in drawn.models.items():
        if drawn.truth is not None or rung != drawn.reference:
            draw_rung(axis, time, _thin(rate - base, coarse), rung, list(drawn.models), linewidth=1.2)
    axis.axhline(0, color=LIGHT["soft"], linewidth=0.8)
    axis.set_ylabel("residual [Hz]")
    axis.set_xlabel("time [s]")


def _coarser(drawn: _Drawn) -> int:
    """The residual to a sampled truth is shown in wider bins, or the truth's noise would hide it."""
    return 1 if drawn.error is None else max(1, len(drawn.time) // RESIDUAL_POINTS)


def _thin(values: FloatArray, factor: int) -> FloatArray:
    count = len(values) // factor
    return values[: count * factor].reshape(count, factor).mean(axis=1)


def _table(trace: Trace, part: PopulationTrace) -> Table:
    columns, data = ["time [s]"], [array(trace["time"])]
    truth = part.get("truth")
    if truth:
        columns.append(f"{plain(truth['rung'], 40)} [Hz]")
        data.append(array(truth["rate"]))
        if truth.get("standard_error") is not None:
            columns.append("its s.e. [Hz]")
            data.append(array(truth["standard_error"]))
    for rung, rate in part["models"].items():
        columns.append(f"{plain(rung, 40)} [Hz]")
        data.append(array(rate))
    return numeric_table(columns, data)


def _describe(part: PopulationTrace) -> str:
    truth = part.get("truth")
    means = [(truth["rung"], truth["rate"])] if truth else []
    means += list(part["models"].items())
    return "Mean rates: " + ", ".join(f"{name} {number(float(np.nanmean(array(rate))))} Hz" for name, rate in means)

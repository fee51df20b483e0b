"""Stationary rate against drive (f-I curve) of truth and rungs."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes

from popdyn.report.block import Block, Table, array, numeric_table
from popdyn.report.draw import draw_rung
from popdyn.report.palette import LIGHT
from popdyn.report.schema import Curve
from popdyn.report.svg import new_figure, style, to_svg
from popdyn.report.text import percent, plain, short
from popdyn.types import FloatArray

FLOOR = 0.1
"""Relative differences are drawn where the reference exceeds this rate [1/s]."""


def curve_figure(curve: Curve, key: str) -> Block:
    """Rates [1/s] on the left, relative difference to the first rung on the right."""
    name = next(iter(curve["models"]))
    reference = array(curve["models"][name])
    usable = np.where(reference > FLOOR, reference, np.nan)
    point = curve.get("operating_point")
    population = curve["population"]
    with style():
        figure, (left, right) = new_figure(3.6, 1, 2, width_ratios=[1.35, 1])
        _rates(left, curve)
        _differences(right, curve, usable, name)
        for axis in (left, right):
            if point is not None:
                axis.axvline(point, color=LIGHT["soft"], linewidth=0.9, linestyle=(0, (1, 2)))
            axis.set_xlabel(_drive(curve))
        description = _describe(curve, name, usable)
        svg = to_svg(figure, key, f"Stationary rate of population {population}", description)
    caption = "Left: stationary rates (truth: ± 2 standard errors). "
    caption += f"Right: relative to {plain(name, 40)}, where that exceeds {short(FLOOR)} Hz."
    caption += " Dotted: the drive of the spec." if point is not None else ""
    return Block(key, f"f–I curve of population {plain(population, 60)}", svg, caption, _table(curve))


def _rates(axis: Axes, curve: Curve) -> None:
    drive, truth = array(curve["values"]), curve.get("truth")
    for rung, rates in curve["models"].items():
        draw_rung(axis, drive, array(rates), rung, list(curve["models"]))
    if truth:
        error = _error(curve)
        bars = None if error is None else 2 * error
        label = plain(truth["rung"], 40)
        axis.errorbar(
            drive,
            array(truth["rate"]),
            bars,
            fmt="o",
            color=LIGHT["truth"],
            markersize=4,
            linewidth=1,
            label=label,
            zorder=5,
        )
    axis.set_ylabel("stationary rate [Hz]")
    axis.set_ylim(bottom=0)
    axis.legend(loc="upper left", handlelength=3.2)


def _differences(axis: Axes, curve: Curve, reference: FloatArray, name: str) -> None:
    drive, error = array(curve["values"]), _error(curve)
    truth = curve.get("truth")
    if truth:
        bars = None if error is None else 200 * error / reference
        axis.errorbar(
            drive,
            100 * (array(truth["rate"]) / reference - 1),
            bars,
            fmt="o",
            color=LIGHT["truth"],
            markersize=3,
            linewidth=0.9,
        )
    for rung, rates in curve["models"].items():
        if rung != name:
            draw_rung(axis, drive, 100 * (array(rates) / reference - 1), rung, list(curve["models"]))
    axis.axhline(0, color=LIGHT["soft"], linewidth=0.8)
    axis.set_ylabel(f"difference to {plain(name, 24)} [%]")


def _error(curve: Curve) -> FloatArray | None:
    truth = curve.get("truth")
    return array(truth["standard_error"]) if truth and truth.get("standard_error") else None


def _drive(curve: Curve) -> str:
    return f"{plain(curve['drive'], 40)} [{plain(curve['unit'], 20)}]"


def _table(curve: Curve) -> Table:
    truth = curve.get("truth")
    rates = ({truth["rung"]: truth["rate"]} if truth else {}) | curve["models"]
    columns = [_drive(curve), *(f"{plain(rung, 40)} [Hz]" for rung in rates)]
    return numeric_table(columns, [array(curve["values"]), *(array(values) for values in rates.values())])


def _describe(curve: Curve, name: str, reference: FloatArray) -> str:
    parts = []
    for rung, rates in curve["models"].items():
        difference = np.abs(array(rates) / reference - 1)
        if rung != name and np.any(np.isfinite(difference)):
            parts.append(f"{rung} {percent(float(np.nanmax(difference)))}")
    return f"Largest relative difference to {name}: " + (", ".join(parts) or "none shown")

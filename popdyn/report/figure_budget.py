"""The error budget as a picture: every comparison's error with its interval, beside what the truth can resolve."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes

from popdyn.report.block import Block, Table
from popdyn.report.palette import LIGHT, line_of
from popdyn.report.schema import Measures, Report
from popdyn.report.svg import new_figure, style, to_svg
from popdyn.report.text import percent, plain

MOST_ROWS = 40
Row = tuple[str, str, float, Measures]


def budget_figure(report: Report) -> Block | None:
    """nrmse (log axis) and bias of every comparison and population; None without comparisons."""
    rows = budget_rows(report)[:MOST_ROWS]
    if not rows:
        return None
    rungs = list(dict.fromkeys(model for _, model, _, _ in rows))
    with style():
        figure, (left, right) = new_figure(1.5 + 0.42 * len(rows), 1, 2, width_ratios=[1.5, 1], sharey=True)
        _errors(left, rows, rungs)
        _biases(right, rows, rungs)
        left.set_yticks(range(len(rows)), [label for label, *_ in rows])
        left.set_ylim(len(rows) - 0.4, -0.6)
        for axis in (left, right):
            axis.grid(visible=False, axis="y")
            axis.tick_params(axis="y", length=0)
        svg = to_svg(figure, "budget", "Error budget", _description(rows))
    caption = (
        "Dot: error with the truth's sampling noise removed; line: its 95 % interval (an arrow where it reaches zero). "
        "Open diamond: what a perfect model would show without that correction. Grey: errors too small for this truth "
        "to resolve. Dashed: the tolerance."
    )
    return Block("budget", "Error of every rung", svg, caption, Table((), ()))


def budget_rows(report: Report) -> list[Row]:
    """(label, model rung, tolerance, measures), the spiking truth first, then by model and protocol."""
    several = len(report["populations"]) > 1
    rows = []
    for comparison in report.get("comparisons", []):
        for population, measures in comparison["populations"].items():
            name = f"{comparison['model']} vs {comparison['truth']}, {comparison['protocol']}"
            label = plain(f"{name} · {population}" if several else name, 48)
            rows.append((label, comparison["model"], comparison["tolerance"], measures))
    return rows


def _errors(axis: Axes, rows: list[Row], rungs: list[str]) -> None:
    shown = [
        value
        for _, _, tolerance, m in rows
        for value in (tolerance, m["nrmse"], m.get("ceiling"), m.get("resolution"))
        if value
    ]
    low = 100 * min(0.002, *(value for value in shown if value > 0)) / 1.6
    ends = [interval[1] for *_, m in rows if (interval := m.get("nrmse_interval"))]
    high = 100 * max([0.05, *ends, *shown]) * 1.6
    axis.set_xscale("log")
    axis.set_xlim(low, high)
    for y, (_, rung, tolerance, measures) in enumerate(rows):
        _one_error(axis, y, rung, rungs, measures, low)
        axis.vlines(100 * tolerance, y - 0.4, y + 0.4, color=LIGHT["ink"], linestyle=(0, (3, 2)), linewidth=1.2)
    axis.xaxis.set_major_formatter(lambda value, _: f"{value:g}")
    axis.xaxis.set_minor_formatter(lambda *_: "")
    axis.set_xlabel("nrmse [%]")


def _one_error(axis: Axes, y: int, rung: str, rungs: list[str], measures: Measures, low: float) -> None:
    line = line_of(rung, rungs)
    color = LIGHT[line.color]
    resolution, ceiling = measures.get("resolution"), measures.get("ceiling")
    if resolution:
        axis.fill_betweenx([y - 0.36, y + 0.36], low, 100 * resolution, color=LIGHT["band"], alpha=0.45, linewidth=0)
    if ceiling:
        axis.plot(
            100 * ceiling, y, marker="D", markersize=5.5, markerfacecolor="none", color=LIGHT["truth"], linestyle="none"
        )
    if measures["nrmse"] is None:
        axis.text(low * 1.15, y, "the truth does not vary", va="center", fontsize=9, color=LIGHT["soft"])
        return
    interval = measures.get("nrmse_interval")
    if interval:
        start = max(low, 100 * interval[0])
        axis.hlines(y, start, max(low, 100 * interval[1]), color=color, linewidth=2)
        if 100 * interval[0] <= low:
            axis.plot(low, y, marker="<", color=color, markersize=6, clip_on=False, linestyle="none")
    if 100 * measures["nrmse"] > low:
        axis.plot(100 * measures["nrmse"], y, marker=line.marker, color=color, markersize=7, linestyle="none")


def _biases(axis: Axes, rows: list[Row], rungs: list[str]) -> None:
    for y, (_, rung, tolerance, measures) in enumerate(rows):
        line = line_of(rung, rungs)
        color = LIGHT[line.color]
        axis.vlines(
            100 * np.array([-tolerance, tolerance]),
            y - 0.4,
            y + 0.4,
            color=LIGHT["ink"],
            linestyle=(0, (3, 2)),
            linewidth=1.2,
        )
        if measures["bias"] is None:
            continue
        interval = measures.get("bias_interval")
        if interval:
            axis.hlines(y, 100 * interval[0], 100 * interval[1], color=color, linewidth=2)
        axis.plot(100 * measures["bias"], y, marker=line.marker, color=color, markersize=7, linestyle="none")
    axis.axvline(0, color=LIGHT["soft"], linewidth=0.8)
    axis.set_xlabel("bias of the mean rate [%]")


def _description(rows: list[Row]) -> str:
    return "; ".join(
        f"{label}: nrmse {percent(m['nrmse'])}, bias {percent(m['bias'], signed=True)}" for label, _, _, m in rows
    )

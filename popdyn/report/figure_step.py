"""The answer to a step, close up."""

from __future__ import annotations

from matplotlib.axes import Axes

from popdyn.report.block import Block, Table, array
from popdyn.report.draw import draw_band, draw_legend, draw_rung
from popdyn.report.palette import LIGHT
from popdyn.report.schema import Report, Step, Trace
from popdyn.report.svg import new_figure, style, to_svg
from popdyn.report.text import number, percent, plain, short

BEFORE = 0.1
"""Share of the window that is shown before the onset."""


def step_figure(report: Report, step: Step, key: str) -> Block | None:
    """Rates [1/s] from the onset [ms]; None when the report holds no trace of that protocol and population."""
    name = step["population"]
    for trace in report.get("traces", []):
        if trace["protocol"] == step["protocol"] and name in trace["populations"]:
            break
    else:
        return None
    protocol = plain(step["protocol"], 60)
    with style():
        figure, (axis,) = new_figure(3.3)
        _draw(axis, trace, step)
        svg = to_svg(figure, key, f"Step response of population {name}", _describe(step))
    width, onset = short(1e3 * trace["bin"]), short(step["onset"])
    caption = f"Bins of {width} ms; the dotted line is the onset at {onset} s of protocol {protocol}."
    return Block(key, f"Protocol {protocol}, population {plain(name, 60)}", svg, caption, _table(step), open=True)


def _draw(axis: Axes, trace: Trace, step: Step) -> None:
    time = array(trace["time"]) - step["onset"]
    length = step["until"] - step["onset"]
    shown = (time >= -BEFORE * length) & (time <= length)
    part = trace["populations"][step["population"]]
    x = 1e3 * time[shown]
    truth = part.get("truth")
    if truth:
        error = array(truth["standard_error"])[shown] if truth.get("standard_error") is not None else None
        mean = array(truth["rate"])[shown]
        draw_band(axis, x, mean, error)
        axis.plot(
            x, mean, color=LIGHT["truth"], marker=".", markersize=4, linewidth=0.9, label=plain(truth["rung"], 40)
        )
    for rung, rate in part["models"].items():
        draw_rung(axis, x, array(rate)[shown], rung, list(part["models"]))
    axis.axvline(0, color=LIGHT["soft"], linewidth=0.8, linestyle=(0, (1, 2)))
    axis.set_xlabel("time from the step [ms]")
    axis.set_ylabel("rate [Hz]")
    axis.margins(x=0)
    draw_legend(axis)


def _table(step: Step) -> Table:
    rows = []
    for rung, errors in step.get("errors", {}).items():
        for feature, estimate in errors.items():
            is_time = feature.startswith("time")
            scale, unit = (1e3, "ms") if is_time else (1.0, "Hz")
            values = (_value(estimate.get(key), scale, unit) for key in ("truth", "standard_error", "model"))
            error = estimate.get("error")
            last = _value(error, scale, unit) if is_time else percent(error, signed=True)
            rows.append((plain(rung, 40), feature.replace("_", " "), *values, last))
    return Table(("rung", "feature", "truth", "its s.e.", "model", "error"), tuple(rows))


def _value(value: float | None, scale: float, unit: str) -> str:
    return "—" if value is None else f"{number(scale * value)} {unit}"


def _describe(step: Step) -> str:
    parts = [
        f"{rung}: {feature} {percent(estimate.get('error'), signed=True)}"
        for rung, errors in step.get("errors", {}).items()
        for feature, estimate in errors.items()
        if not feature.startswith("time")
    ]
    return "Errors of " + "; ".join(parts) if parts else "Rates around the onset of the step"

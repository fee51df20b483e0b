"""Linear response: magnitude and phase of the rungs."""

from __future__ import annotations

import numpy as np
from matplotlib.ticker import LogLocator

from popdyn.report.block import Block, Table, array, numeric_table
from popdyn.report.draw import draw_rung
from popdyn.report.schema import Response
from popdyn.report.svg import new_figure, style, to_svg
from popdyn.report.text import percent, plain


def response_figure(response: Response, key: str) -> Block:
    """|H| and its phase over frequency [1/s], log axes."""
    frequency, rungs = array(response["frequency"]), list(response["magnitude"])
    target, population = plain(response["target"], 12), plain(response["population"], 60)
    errors = ", ".join(f"{plain(rung, 40)} {percent(value)}" for rung, value in response.get("error", {}).items())
    summary = f"Largest difference over the band, relative to the largest |H|: {errors}." if errors else ""
    summary = " ".join(part for part in (summary, plain(response.get("note", ""), 300)) if part)
    with style():
        figure, (left, right) = new_figure(3.3, 1, 2)
        for rung, values in response["magnitude"].items():
            draw_rung(left, frequency, array(values), rung, rungs)
        for rung, values in response["phase"].items():
            draw_rung(right, frequency, 180 / np.pi * array(values), rung, rungs)
        for axis in (left, right):
            axis.set_xscale("log")
            axis.xaxis.set_major_formatter(lambda value, _: f"{value:g}")
            axis.set_xlabel("frequency [Hz]")
        left.set_yscale("log")
        left.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        left.yaxis.set_major_formatter(lambda value, _: f"{value:g}")
        left.yaxis.set_minor_formatter(lambda *_: "")
        left.set_ylabel(f"|dr/d{target}| [{plain(response['unit'], 24)}]")
        right.set_ylabel("phase [°]")
        left.legend(loc="best", handlelength=3.2)
        svg = to_svg(figure, key, f"Linear response of population {population} to {target}", summary)
    return Block(key, f"Response to {target}, population {population}", svg, summary, _table(response))


def _table(response: Response) -> Table:
    columns, data = ["frequency [Hz]"], [array(response["frequency"])]
    for rung, magnitude in response["magnitude"].items():
        columns += [f"|H| {plain(rung, 40)}", f"phase {plain(rung, 40)} [rad]"]
        data += [array(magnitude), array(response["phase"].get(rung, [None] * len(magnitude)))]
    return numeric_table(columns, data)

"""What several figures draw alike: a rung's line, the truth with its band."""

from __future__ import annotations

from typing import Any

from matplotlib.axes import Axes

from popdyn.report.palette import LIGHT, line_of
from popdyn.report.text import plain
from popdyn.types import FloatArray


def draw_rung(axis: Axes, x: FloatArray, y: FloatArray, rung: str, rungs: list[str], **options: Any) -> None:
    """A rung in its colour and dashes, labelled by its name."""
    line = line_of(rung, rungs)
    (drawn,) = axis.plot(x, y, color=LIGHT[line.color], label=plain(rung, 40), **options)
    if line.dashes:
        drawn.set_dashes(line.dashes)


def draw_band(axis: Axes, x: FloatArray, centre: FloatArray | float, error: FloatArray | None) -> None:
    """+- 2 standard errors."""
    if error is not None:
        axis.fill_between(x, centre - 2 * error, centre + 2 * error, color=LIGHT["band"], alpha=0.6, linewidth=0)


def draw_legend(axis: Axes) -> None:
    """Above the axes, in one row."""
    axis.legend(loc="lower left", bbox_to_anchor=(0, 1.0), ncols=5, handlelength=3.2, borderaxespad=0.2)

"""A map as small pictures: every output against the first axis, one line per value of the second."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg

from popdyn.report.palette import LIGHT
from popdyn.report.svg import new_figure, style
from popdyn.report.text import plain
from popdyn.types import FloatArray

COLUMNS, HEIGHT, DPI = 3, 2.3, 150
MOST_LINES = 6
FAINT = 0.25

Labelled = tuple[str, FloatArray]
Panel = tuple[str, FloatArray, FloatArray | None, FloatArray | None]


def write_map_figure(axes: Sequence[Labelled], panels: Sequence[Panel], stem: Path) -> tuple[Path, Path]:
    """stem.svg and stem.png. Panels: label, values over the grid, ends of intervals; further axes at their middle."""
    rows = -(-len(panels) // COLUMNS)
    with style():
        figure, drawn = new_figure(HEIGHT * rows + 0.4, rows, COLUMNS, sharex=True)
        for axis, panel in zip(drawn, panels, strict=False):
            _panel(axis, axes, panel)
        for axis in drawn[len(panels) :]:
            axis.set_axis_off()
        for axis in drawn[max(0, len(panels) - COLUMNS) : len(panels)]:
            axis.set_xlabel(plain(axes[0][0], 40))
            axis.tick_params(labelbottom=True)
        if len(axes) > 1:
            handles, labels = drawn[0].get_legend_handles_labels()
            held = "".join(f"; {plain(label, 30)} = {_middle(values):.4g}" for label, values in axes[2:])
            title = f"{plain(axes[1][0], 40)}{held}"
            figure.legend(handles, labels, title=title, loc="outside upper center", ncols=MOST_LINES)
        figure.savefig(stem.with_suffix(".svg"), facecolor=LIGHT["page"], metadata={"Date": None})
        FigureCanvasAgg(figure)
        figure.savefig(stem.with_suffix(".png"), facecolor=LIGHT["page"], dpi=DPI)
    return stem.with_suffix(".svg"), stem.with_suffix(".png")


def _panel(axis: Axes, axes: Sequence[Labelled], panel: Panel) -> None:
    label, *tables = panel
    values, low, high = (None if t is None else _sliced(t) for t in tables)
    x = axes[0][1]
    shown = _shown(values.shape[1]) if values is not None else []
    for rank, j in enumerate(shown):
        strength = 1.0 if len(shown) == 1 else FAINT + (1.0 - FAINT) * rank / (len(shown) - 1)
        name = f"{axes[1][1][j]:.4g}" if len(axes) > 1 else None
        assert values is not None
        axis.plot(x, values[:, j], color=LIGHT["blue"], alpha=strength, marker="o", markersize=2.5, label=name)
        if low is not None and high is not None and len(shown) == 1:
            axis.fill_between(x, low[:, j], high[:, j], color=LIGHT["band"], alpha=0.6, linewidth=0)
    axis.set_title(plain(label, 48))


def _sliced(table: FloatArray) -> FloatArray:
    """(first axis, second axis), the others at their middle."""
    table = table[:, None] if table.ndim == 1 else table
    return np.asarray(table[(slice(None), slice(None), *(n // 2 for n in table.shape[2:]))])


def _shown(count: int) -> list[int]:
    return sorted({round(i) for i in np.linspace(0, count - 1, min(count, MOST_LINES))})


def _middle(values: FloatArray) -> float:
    return float(values[len(values) // 2])

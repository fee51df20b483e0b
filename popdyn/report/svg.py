"""matplotlib figures as inline SVG: same bytes for the same data, colours as CSS variables, small."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from contextlib import contextmanager
from html import escape
from typing import Any

import matplotlib
import matplotlib.style
from markupsafe import Markup
from matplotlib.axes import Axes
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure

from popdyn.report.palette import LIGHT
from popdyn.report.text import plain

WIDTH = 9.4
"""Of every figure [inch of 72 px]."""

_STYLE = {
    "svg.hashsalt": "popdyn",
    "svg.fonttype": "none",
    "text.parse_math": False,
    "font.family": "DejaVu Sans",
    "font.size": 10.0,
    "axes.titlesize": 10.0,
    "axes.titlelocation": "left",
    "axes.labelsize": 10.0,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": LIGHT["soft"],
    "axes.labelcolor": LIGHT["ink"],
    "axes.titlecolor": LIGHT["ink"],
    "axes.linewidth": 0.8,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": LIGHT["line"],
    "grid.linewidth": 0.5,
    "text.color": LIGHT["ink"],
    "xtick.color": LIGHT["soft"],
    "ytick.color": LIGHT["soft"],
    "xtick.labelcolor": LIGHT["ink"],
    "ytick.labelcolor": LIGHT["ink"],
    "legend.frameon": False,
    "legend.fontsize": 9.5,
    "lines.linewidth": 1.5,
    "lines.solid_capstyle": "round",
}


@contextmanager
def style() -> Iterator[None]:
    """matplotlib's defaults with ours on top, whatever the user's configuration says."""
    with matplotlib.style.context(["default", _STYLE], after_reset=True):
        yield


def new_figure(height: float, rows: int = 1, columns: int = 1, **options: Any) -> tuple[Figure, list[Axes]]:
    """A figure of standard width and its axes in reading order; call inside `style()`."""
    figure = Figure(figsize=(WIDTH, height), layout="constrained", facecolor="none")
    FigureCanvasSVG(figure)
    axes = figure.subplots(rows, columns, squeeze=False, **options)
    for axis in axes.flat:
        axis.set_facecolor("none")
    return figure, list(axes.flat)


def to_svg(figure: Figure, prefix: str, title: str, description: str) -> Markup:
    """The <svg> element, with role, title and description; ids carry `prefix` so that figures do not clash."""
    buffer = io.StringIO()
    if (layout := figure.get_layout_engine()) is not None:  # else savefig draws a second time to find the layout
        layout.execute(figure)
        figure.set_layout_engine("none")
    figure.savefig(buffer, format="svg", metadata={"Date": None, "Creator": None, "Type": None, "Format": None})
    text = buffer.getvalue()
    text = text[text.index("<svg") :]
    text = re.sub(r"<metadata>.*?</metadata>|<style[^>]*>.*?</style>|<!--.*?-->", "", text, flags=re.S)
    text = _unique_ids(text, prefix)
    text = re.sub(r"-?\d+\.\d{3,}", lambda match: f"{float(match[0]):.2f}".rstrip("0").rstrip("."), text)
    for name, color in LIGHT.items():
        text = text.replace(color, f"var(--{name})")
    text = text.replace("#000000", "var(--ink)").replace("font-family: 'DejaVu Sans'", "font-family: inherit")
    text = re.sub(r"'DejaVu Sans'(, [^;\"]*)?", "inherit", text)
    view_box = re.search(r'viewBox="[^"]*"', text)
    opening = (
        f'<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" '
        f'{view_box[0] if view_box else ""} role="img" aria-labelledby="{prefix}-title {prefix}-desc">'
        f'<title id="{prefix}-title">{escape(plain(title))}</title>'
        f'<desc id="{prefix}-desc">{escape(plain(description, 1000))}</desc>'
    )
    body = re.sub(r"\s*\n\s*", "\n", text[text.index(">") + 1 :])
    return Markup(opening + body)  # noqa: S704  (matplotlib escapes every label; title and description are escaped above)


def _unique_ids(text: str, prefix: str) -> str:
    used = set(re.findall(r"url\(#([^)]+)\)|href=\"#([^\"]+)\"", text))
    names = {a or b for a, b in used}
    text = re.sub(r' id="([^"]+)"', lambda m: f' id="{prefix}-{m[1]}"' if m[1] in names else "", text)
    text = re.sub(r"url\(#([^)]+)\)", rf"url(#{prefix}-\1)", text)
    return re.sub(r'href="#([^"]+)"', rf'href="#{prefix}-\1"', text)

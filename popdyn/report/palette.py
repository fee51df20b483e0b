"""Colours of the report for a light and a dark page, and the line of every rung: one definition for all."""

from __future__ import annotations

from typing import NamedTuple

LIGHT = {
    "page": "#fdfdfb",
    "panel": "#f3f4f1",
    "line": "#c9ccc6",
    "ink": "#1c2024",
    "soft": "#555b61",
    "truth": "#43474d",
    "band": "#b9bdc3",
    "blue": "#0067a8",
    "vermilion": "#b84300",
    "green": "#00735a",
    "purple": "#8a3d8f",
    "ochre": "#7a6200",
    "pass": "#0b6b3a",
    "inconclusive": "#7a5900",
    "fail": "#a8201a",
    "unverified": "#59406f",
}
DARK = {
    "page": "#14171a",
    "panel": "#1e2327",
    "line": "#434a51",
    "ink": "#eceae4",
    "soft": "#aeb4ba",
    "truth": "#c9ced4",
    "band": "#565d65",
    "blue": "#62b6f0",
    "vermilion": "#ff9a5c",
    "green": "#4ecfa6",
    "purple": "#d99be0",
    "ochre": "#dcc05a",
    "pass": "#62d196",
    "inconclusive": "#e8c25a",
    "fail": "#ff8f86",
    "unverified": "#c9aee0",
}
"""Same names: the figures are drawn in LIGHT and every colour becomes a CSS variable."""


class Line(NamedTuple):
    """Colour name, dash pattern, marker."""

    color: str
    dashes: tuple[float, ...] | None
    marker: str


_KNOWN = {
    "density": Line("blue", None, "o"),
    "unit": Line("vermilion", (5.0, 1.6), "s"),
    "modes": Line("green", (6.0, 1.5, 1.2, 1.5), "D"),
    "annealed": Line("ochre", (1.2, 1.4), "^"),
}
_OTHERS = (
    Line("purple", (2.4, 1.6), "v"),
    Line("green", (6.0, 1.5, 1.2, 1.5), "D"),
    Line("ochre", (1.2, 1.4), "^"),
)


def line_of(rung: str, rungs: list[str]) -> Line:
    """The line of a rung among all that a figure shows: colour and dashes both tell it apart."""
    if rung in _KNOWN:
        return _KNOWN[rung]
    unknown = [name for name in rungs if name not in _KNOWN]
    return _OTHERS[(unknown.index(rung) if rung in unknown else 0) % len(_OTHERS)]


def css_variables(palette: dict[str, str]) -> str:
    """As declarations of custom properties."""
    return " ".join(f"--{name}: {color};" for name, color in palette.items())


def contrast(first: str, second: str) -> float:
    """WCAG contrast ratio of two #rrggbb colours."""
    low, high = sorted((_luminance(first), _luminance(second)))
    return (high + 0.05) / (low + 0.05)


def _luminance(color: str) -> float:
    channels = [int(color[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

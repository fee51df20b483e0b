"""Numbers and labels as words."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Any

NARROW = "\u202f"
MINUS = "\u2212"
_PREFIXES = ((1e9, "G"), (1e6, "M"), (1e3, "k"), (1.0, ""), (1e-3, "m"), (1e-6, "µ"), (1e-9, "n"), (1e-12, "p"))
_PREFIXED = {"s", "V", "A", "S", "F"}
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff\ufffe\uffff]")


def plain(label: object, limit: int = 200) -> str:
    """A label without control characters, cut at `limit`."""
    text = _CONTROL.sub("", str(label))
    return text if len(text) <= limit else text[: limit - 1] + "…"


def number(value: float | None, digits: int = 3) -> str:
    """Significant digits, a real minus sign; — for what does not exist."""
    if value is None or not math.isfinite(value):
        return "—"
    if value != 0 and not 1e-4 <= abs(value) < 1e6:
        mantissa, exponent = f"{value:.{digits - 1}e}".split("e")
        return f"{mantissa}·10^{int(exponent)}".replace("-", MINUS)
    places = digits if value == 0 else max(0, digits - 1 - math.floor(math.log10(abs(value))))
    return f"{value:.{0 if value == 0 else places}f}".replace("-", MINUS)


def short(value: float) -> str:
    """As few digits as say it: 5, 0.1, 2.35."""
    return f"{value:.4g}".replace("-", MINUS)


def bar(tolerance: float) -> str:
    """A tolerance in per cent, as few digits as say it: 2 %."""
    return f"{short(100 * tolerance)}{NARROW}%"


def percent(value: float | None, *, signed: bool = False) -> str:
    """A fraction in per cent with two significant digits."""
    if value is None or not math.isfinite(value):
        return "—"
    text = _percent_digits(100 * value)
    return f"{'+' if signed and not text.startswith(MINUS) else ''}{text}{NARROW}%"


def percent_interval(interval: list[float] | None, *, floor: bool = False) -> str:
    """low to high in per cent; `floor`: what lies below zero is shown as 0."""
    if interval is None:
        return "—"
    low, high = (max(0.0, end) if floor else end for end in interval)
    return f"{_percent_digits(100 * low)} to {_percent_digits(100 * high)}{NARROW}%"


def quantity(value: float | None, unit: str) -> str:
    """An SI value with a prefix that fits: 0.0052 s -> 5.20 ms."""
    if value is None or not math.isfinite(value):
        return "—"
    if unit in ("1", ""):
        return number(value)
    if unit not in _PREFIXED or value == 0:
        return f"{number(value)}{NARROW}{unit}"
    factor, prefix = prefix_of(value)
    return f"{number(value / factor)}{NARROW}{prefix}{unit}"


def quantity_interval(low: float | None, high: float | None, unit: str, value: float) -> str:
    """low to high, in the prefix of the value."""
    if low is None or high is None:
        return "—"
    factor, prefix = prefix_of(value) if unit in _PREFIXED and value != 0 else (1.0, "")
    label = "" if unit in ("1", "") else f"{NARROW}{prefix}{unit}"
    return f"{number(low / factor)} to {number(high / factor)}{label}"


def prefix_of(value: float) -> tuple[float, str]:
    """The largest SI prefix not above the value."""
    return next(((f, p) for f, p in _PREFIXES if abs(value) >= f), _PREFIXES[-1])


def _percent_digits(value: float) -> str:
    size = abs(value)
    places = 0 if size >= 100 else 1 if size >= 10 else 2
    return f"{value:.{places}f}".replace("-", MINUS)


def resolved(measures: Mapping[str, Any]) -> bool:
    """Whether the truth can tell the noise-corrected nrmse from zero."""
    return measures["nrmse"] is None or bool(measures["nrmse"] >= (measures.get("resolution") or 0.0))


def error_text(measures: Mapping[str, Any]) -> str:
    """A noise-corrected nrmse, where the truth resolves it."""
    return percent(measures["nrmse"]) if resolved(measures) else "not resolved"

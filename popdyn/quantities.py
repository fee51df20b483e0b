"""Quantities: one number and one unit from a closed table. Text is matched and scaled, never evaluated.

Numbers go through `Decimal`, so that "200 pF", "0.2 nF" and "2e-10 F" are the same float and hash alike.
"""

from __future__ import annotations

import difflib
import math
import re
from dataclasses import dataclass
from decimal import Context, Decimal
from functools import lru_cache

from popdyn.errors import QuantityError


@dataclass(frozen=True)
class Dimension:
    """What a quantity of this SI unit is called, the unit it is shown in, and an example of it."""

    name: str
    shown: str
    example: str


DIMENSIONS: dict[str, Dimension] = {
    "V": Dimension("a potential", "mV", "20 mV"),
    "F": Dimension("a capacitance", "pF", "200 pF"),
    "S": Dimension("a conductance", "nS", "10 nS"),
    "A": Dimension("a current", "pA", "40 pA"),
    "s": Dimension("a time", "ms", "20 ms"),
    "Hz": Dimension("a rate or frequency", "Hz", "10 Hz"),
    "V/s": Dimension("a mean drive", "mV/ms", "1.5 mV/ms"),
    "V/sqrt(s)": Dimension("a noise amplitude", "mV/sqrt(ms)", "2 mV/sqrt(ms)"),
    "rad": Dimension("an angle", "rad", "1.57 rad"),
    "1": Dimension("a plain number", "", "0.5"),
}

_EXACT = Context(prec=60)
_PI = Decimal("3.14159265358979323846264338327950288419716939937510582097494")
_NUMBER = re.compile(r"[+-]?(?:[0-9]+(?:_[0-9]+)*(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]{1,3})?")
_LONGEST = 64


def _make_units() -> dict[str, tuple[str, Decimal]]:
    """Unit text -> (SI unit, factor to it)."""
    ten = Decimal(10)
    prefixes = {"": 0, "m": -3, "u": -6, "n": -9, "p": -12, "f": -15}
    used = {"V": ("", "m", "u"), "F": tuple(prefixes), "S": tuple(prefixes), "A": tuple(prefixes), "s": ("", "m", "u")}
    units = {p + base: (base, ten ** prefixes[p]) for base, allowed in used.items() for p in allowed}
    volts, times = [{p + base: prefixes[p] for p in used[base]} for base in ("V", "s")]
    for volt, v in volts.items():
        for time, t in times.items():
            units[f"{volt}/{time}"] = ("V/s", ten ** (v - t))
            units[f"{volt}/sqrt({time})"] = ("V/sqrt(s)", _EXACT.power(ten, Decimal(v) - Decimal(t) / 2))
    units |= {"Hz": ("Hz", ten**0), "kHz": ("Hz", ten**3), "1/s": ("Hz", ten**0), "1/ms": ("Hz", ten**3)}
    units |= {"rad": ("rad", ten**0), "deg": ("rad", _EXACT.divide(_PI, Decimal(180)))}
    units |= {"": ("1", ten**0), "%": ("1", ten**-2)}
    return units


UNITS = _make_units()


def units_of(dimension: str) -> list[str]:
    """The unit texts that a quantity of this SI unit may be written with."""
    return [unit for unit, (si, _) in UNITS.items() if si == dimension]


def expected(dimension: str) -> str:
    """Words for what is allowed, e.g. `a potential such as "20 mV"`."""
    known = DIMENSIONS[dimension]
    return f"{known.name} such as {known.example}" if dimension == "1" else f'{known.name} such as "{known.example}"'


def unit_text(text: str) -> str | None:
    """The unit of a quantity as the table has it; None where there is none. Example: unit_text("3 µA") == "uA"."""
    compact = text.strip()
    match = _NUMBER.match(compact) if len(compact) <= _LONGEST else None
    unit = "".join(compact[match.end() :].split()) if match else "?"
    unit = unit.replace("µ", "u").replace("μ", "u")
    return unit if unit in UNITS else None


def unit_of(text: str) -> str | None:
    """The SI unit that a quantity's unit belongs to; None where there is none. Example: unit_of("3 pA") == "A"."""
    unit = unit_text(text)
    return None if unit is None else UNITS[unit][0]


@lru_cache(maxsize=8192)
def parse(text: str, dimension: str) -> float:
    """`"20 mV"` -> 0.02 for dimension `"V"`: one number, one unit, SI.

    Raises QuantityError: says what was expected and what to write. Example: parse("200 pF", "F") == 2e-10.
    """
    compact = text.strip()
    match = _NUMBER.match(compact) if len(compact) <= _LONGEST else None
    if match is None:
        raise QuantityError(text, expected(dimension), "write one number and one unit")
    unit = "".join(compact[match.end() :].split()).replace("µ", "u").replace("μ", "u")
    return scale(match.group(), unit, dimension, got=text)


def scale(number: str, unit: str, dimension: str, *, got: str = "") -> float:
    """The number in `unit` as an SI float of `dimension`; refuses an unknown unit, another dimension, an overflow."""
    got = got or f"{number} {unit}"
    if unit not in UNITS:
        raise QuantityError(got, expected(dimension), _unit_hint(number, unit, dimension))
    si, factor = UNITS[unit]
    if si != dimension:
        shown = DIMENSIONS[dimension].shown
        fix = f'add a unit: "{number} {shown}"' if unit == "" else f"that is {DIMENSIONS[si].name}"
        raise QuantityError(got, expected(dimension), fix)
    value = float(_EXACT.multiply(Decimal(number), factor))
    if not math.isfinite(value):
        raise QuantityError(got, expected(dimension), "the number is too large")
    return value + 0.0


def _unit_hint(number: str, unit: str, dimension: str) -> str:
    known = units_of(dimension)
    if len(unit) <= 16:
        folded = {name.lower(): name for name in reversed(known)}
        near = [folded[unit.lower()]] if unit.lower() in folded else difflib.get_close_matches(unit, known, 1, 0.5)
        if near:
            return f'did you mean "{number} {near[0]}"?'
    return "units: " + ", ".join(name or "none" for name in known)


def format_quantity(value: float, dimension: str, *, unit: str | None = None, digits: int = 18) -> str:
    """The shortest text that parses back to `value`; in the dimension's usual unit, a given one, or `unit="auto"`.

    `digits`: how many significant ones at most.

    Example: format_quantity(2e-10, "F") == "200 pF".
    """
    if unit == "auto":
        unit = _readable_unit(value, dimension)
    unit = DIMENSIONS[dimension].shown if unit is None else unit
    scaled = _EXACT.divide(Decimal(float(value)), UNITS[unit][1])
    number = ""
    for precision in range(min(3, digits), digits + 1):
        number = _plain(f"{scaled:.{precision}g}")
        if scale(number, unit, dimension) == value:
            break
    return f"{number} {unit}".strip()


def _plain(number: str) -> str:
    """Without trailing zeros, and without an exponent where that is short."""
    tidy = Decimal(number).normalize()
    return f"{tidy:f}" if -6 < tidy.adjusted() < 7 else f"{tidy:g}"


def _readable_unit(value: float, dimension: str) -> str:
    fitting = [u for u in units_of(dimension) if u in _PLAIN_UNITS and float(UNITS[u][1]) <= abs(value) * (1 + 1e-12)]
    return max(fitting, key=lambda u: UNITS[u][1], default=DIMENSIONS[dimension].shown)


_PLAIN_UNITS = {u for u in UNITS if "/" not in u and u not in ("%", "deg")} | {d.shown for d in DIMENSIONS.values()}

"""Distributions in place of a value: `{ normal = ["-50 mV", "2 mV"], low = "-60 mV" }`, checked against the bounds."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

from popdyn.distributions import FAMILIES, Distribution
from popdyn.errors import QuantityError
from popdyn.parameters import Parameter
from popdyn.quantities import scale, units_of
from popdyn.spec.columns import read_column
from popdyn.spec.section import Section, bounds, did_you_mean, show

OUTSIDE = 1e-4
"""Share of a distribution that may lie outside a parameter's bounds: it is cut there; more is refused."""
NOTHING = 1e-12
"""Share that no draw ever meets: not cut."""
LEAST_KEPT = 1e-6
MAX_VALUES = 10_000
_CUTS = ("low", "high")


class Value(NamedTuple):
    """A quantity's number (of a distribution: its centre) and its distribution, None where there is none."""

    number: float
    spread: Distribution | None = None


def is_distribution(value: Any) -> bool:
    return isinstance(value, Mapping) and bool(set(value) - {"value", "unit"})


def read_value(section: Section, parameter: Parameter, aliases: tuple[str, ...] = ()) -> Value | None:
    """One value, or a distribution; None where absent or faulty."""
    key, value = section.take(parameter.name, aliases)
    if value is None:
        return None
    if not is_distribution(value):
        number = section.convert(key, value, parameter)
        return None if number is None else Value(number)
    found = read_distribution(section, key, value, parameter)
    if found is not None:
        found = fit(section, key, found, parameter)
    return None if found is None else Value(found.centre, found)


def fit(section: Section, key: str, found: Distribution, parameter: Parameter) -> Distribution | None:
    """The distribution within the parameter's bounds: cut where next to nothing lies outside, else a fault."""
    low, high = _cut_or_infinite(found, parameter)
    inside = found.cut(low, high)
    if inside.low < inside.high:
        below = found.share_below(low) if math.isfinite(low) else 0.0
        above = 1.0 - found.share_below(high) if math.isfinite(high) else 0.0
        limit = 0.0 if found.family == "empirical" else OUTSIDE
        outside = max(below, 0.0) + max(above, 0.0)
    else:
        below, above, outside, limit = 1.0, 1.0, 1.0, 0.0
    if outside > limit:
        fix = "cut it with low = … and high = …, or use lognormal or gamma"
        section.fault(key, f"a distribution with {outside:.2g} of its probability elsewhere", bounds(parameter), fix)
        return None
    return found.cut(low if below > NOTHING else -math.inf, high if above > NOTHING else math.inf)


def _cut_or_infinite(found: Distribution, parameter: Parameter) -> tuple[float, float]:
    """The parameter's bounds where they lie inside what the distribution is cut to already."""
    low = parameter.lower if parameter.lower > found.low else -math.inf
    high = parameter.upper if parameter.upper < found.high else math.inf
    return low, high


def read_distribution(
    section: Section, key: str, value: Mapping[str, Any], parameter: Parameter
) -> Distribution | None:
    """The distribution in a table, SI, before it is compared with the parameter's bounds; None after a fault."""
    inner = section.inner(value, key)
    named = [name for name in FAMILIES if name in value]
    before = len(section.faults)
    if len(named) != 1:
        _refuse_family(section, key, value, named)
        return None
    _, given = inner.take(named[0])
    numbers = _empirical(inner, given, parameter) if named[0] == "empirical" else _numbers(inner, named[0], parameter)
    cuts = [inner.quantity(_unbounded(cut, parameter)) for cut in _CUTS]
    inner.close()
    if numbers is None or len(section.faults) > before:
        return None
    low, high = (edge if cut is None else cut for cut, edge in zip(cuts, (-math.inf, math.inf), strict=True))
    found = Distribution(named[0], numbers, low, high)
    return found if _sound(inner, found) else None


def _refuse_family(section: Section, key: str, value: Mapping[str, Any], named: list[str]) -> None:
    allowed = "one of " + ", ".join(f"{{ {name} = [{', '.join(f.parameters)}] }}" for name, f in FAMILIES.items())
    first = str(next(iter(value)))
    hint = did_you_mean(first, list(FAMILIES))
    if first == "truncated_normal":
        hint = "write { normal = [mean, std], low = …, high = … }"
    section.fault(key, " and ".join(named) or show(value), allowed, hint)


def _unbounded(name: str, parameter: Parameter) -> Parameter:
    """A number of the parameter's unit within ten times its bounds."""
    most = 10 * max(abs(parameter.lower), abs(parameter.upper))
    return Parameter(name, parameter.unit, "", None, -most, most)


def _numbers(inner: Section, family: str, parameter: Parameter) -> tuple[float, ...] | None:
    names = FAMILIES[family].parameters
    given = inner.data[family]
    if not isinstance(given, (list, tuple)) or len(given) != len(names):
        inner.fault(family, show(given), f"[{', '.join(names)}]: {FAMILIES[family].source}")
        return None
    found = []
    for name, item in zip(names, given, strict=True):
        width = name in ("std", "half_width")
        bound = _unbounded(family, parameter)
        found.append(inner.convert(family, item, replace(bound, lower=0.0, lower_open=True) if width else bound))
    return None if None in found else tuple(float(number or 0.0) for number in found)


def _empirical(inner: Section, given: Any, parameter: Parameter) -> tuple[float, ...] | None:
    """Values in the document, each a quantity or all in `unit`, or a column of a CSV file."""
    if inner.resolved or (isinstance(given, (list, tuple)) and not inner.given("unit")):
        values = given if isinstance(given, (list, tuple)) else []
        if not 2 <= len(values) <= MAX_VALUES:
            inner.fault("empirical", show(given), f"2 to {MAX_VALUES} values, or the name of a CSV file")
            return None
        found = [inner.convert("empirical", item, _unbounded("empirical", parameter)) for item in values]
        return None if None in found else tuple(float(number or 0.0) for number in found)
    unit = inner.text("unit", units_of(parameter.unit))
    listed = isinstance(given, (list, tuple))
    column = _listed(inner, given) if listed else read_column(inner, "empirical", MAX_VALUES)
    if unit is None or column is None:
        return None
    try:
        numbers = [scale(item, unit, parameter.unit) for item in column]
    except QuantityError as error:
        inner.fault("empirical", show(error.got), "numbers", "give numbers in the unit of `unit`")
        return None
    if not 2 <= len(numbers) <= MAX_VALUES:
        inner.fault("empirical", f"{len(numbers)} values", f"2 to {MAX_VALUES} values")
        return None
    return tuple(numbers)


def _listed(inner: Section, given: Sequence[Any]) -> list[str] | None:
    if all(type(item) in (int, float) for item in given):
        return [repr(item) for item in given]
    inner.fault("empirical", show(given), "numbers, in the unit of `unit`", "write them without quotes")
    return None


def _sound(inner: Section, found: Distribution) -> bool:
    """Is it a distribution: ends in order, width above zero, something left after it is cut?"""
    first, last = found.parameters[0], found.parameters[-1]
    if found.family == "uniform" and first >= last:
        inner.fault("uniform", f"from {first:.6g} to {last:.6g} (SI)", "low < high", "exchange them")
    elif FAMILIES[found.family].positive and not 1e-6 <= last / max(abs(first), 1e-300) <= 100.0:
        allowed = "a mean that is not zero and a standard deviation of 1e-6 to 100 times its size"
        inner.fault(found.family, f"mean {first:.6g}, standard deviation {last:.6g} (SI)", allowed)
    elif found.low >= found.high:
        inner.fault("low", f"{found.low:.6g}, not below high = {found.high:.6g} (SI)", "low < high", "exchange them")
    elif found.family == "empirical" and len({v for v in found.parameters if found.low <= v <= found.high}) < 2:
        inner.fault("empirical", "fewer than two different values", "at least two", "write the one value alone")
    elif found.kept < LEAST_KEPT:
        inner.fault("low", "next to nothing left between low and high", f"a share of at least {LEAST_KEPT:g}")
    else:
        return True
    return False

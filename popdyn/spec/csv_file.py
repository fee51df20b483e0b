"""Points of a `csv` stimulus: from a file beside the spec, or from the document itself."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from popdyn.errors import Fault, QuantityError
from popdyn.parameters import Parameter
from popdyn.quantities import UNITS, scale, units_of
from popdyn.spec.beside import find, text_of
from popdyn.spec.section import Section, bounds, show

MAX_BYTES = 512 * 1024
MAX_ROWS = 10_000
_FIELD = re.compile(r"[+-]?(?:[0-9]{1,30}(?:\.[0-9]{0,30})?|\.[0-9]{1,30})(?:[eE][+-]?[0-9]{1,3})?\Z")
_SHOWN_FAULTS = 5


def read_points(section: Section, times: Parameter, values: Parameter | None) -> dict[str, Any] | None:
    """`times` and `values` (None: of an unknown target) as tuples of SI floats; None after a fault."""
    inline = section.resolved or section.given("times") or section.given("values")
    columns = _inline(section) if inline else _from_file(section)
    units = [times.unit, values.unit if values else None]
    if not section.resolved:
        allowed = units_of(values.unit) if values else list(UNITS)
        units = [section.text("time_unit", units_of(times.unit)), section.text("value_unit", allowed)]
    if columns is None or values is None or None in units:
        return None
    found: dict[str, Any] = {}
    for parameter, column, unit in zip((times, values), columns, units, strict=True):
        found[parameter.name] = _to_si(section, parameter, column, str(unit))
    return None if None in found.values() else found


def _to_si(section: Section, parameter: Parameter, column: Sequence[str], unit: str) -> tuple[float, ...] | None:
    faults = 0
    numbers = []
    for row, text in enumerate(column, 1):
        try:
            value = scale(text, unit, parameter.unit)
        except QuantityError as error:
            section.fault(parameter.name, f"{error.got} in row {row}", error.allowed, error.fix)
            return None
        if not parameter.lower <= value <= parameter.upper:
            faults += 1
            if faults <= _SHOWN_FAULTS:
                section.fault(parameter.name, f"{text} {unit} in row {row}", bounds(parameter))
        numbers.append(value)
    return None if faults else tuple(numbers)


def _inline(section: Section) -> tuple[list[str], list[str]] | None:
    columns = []
    for name in ("times", "values"):
        _, given = section.take(name)
        numbers = isinstance(given, (list, tuple)) and all(type(x) in (int, float) for x in given)
        if not numbers or len(given) > MAX_ROWS:
            section.fault(name, show(given) if given is not None else "nothing", f"up to {MAX_ROWS} numbers")
        else:
            columns.append([repr(x) for x in given])
    return (columns[0], columns[1]) if len(columns) == 2 else None


def _from_file(section: Section) -> tuple[list[str], list[str]] | None:
    _, name = section.take("file")
    path = find(section, "file", name, 'add file = "drive.csv"')
    text = None if path is None else text_of(section, "file", path, MAX_BYTES)
    return None if text is None else _rows(section, text)


def _rows(section: Section, text: str) -> tuple[list[str], list[str]] | None:
    """Two columns t,value; a first line `t,value` is a header."""
    lines = text.split("\n")
    body = [(n, line.strip()) for n, line in enumerate(lines, 1) if line.strip()]
    if body and body[0][1].replace(" ", "").lower() == "t,value":
        body = body[1:]
    if len(body) > MAX_ROWS:
        section.fault("file", f"{len(body)} rows", f"at most {MAX_ROWS} rows", "thin it out")
        return None
    found: list[Fault] = []
    columns: tuple[list[str], list[str]] = ([], [])
    for number, line in body:
        fields = [field.strip() for field in line.split(",")]
        if len(fields) == 2 and all(_FIELD.match(field) for field in fields):
            columns[0].append(fields[0])
            columns[1].append(fields[1])
        elif len(found) < _SHOWN_FAULTS:
            got = f"{show(line)} in line {number}"
            found.append(Fault(section.at("file"), got, "two numbers: t,value", "correct the line"))
    section.faults.extend(found)
    return None if found else columns

"""A named column of a CSV file beside the spec, as text."""

from __future__ import annotations

import re

from popdyn.spec.beside import find, text_of
from popdyn.spec.section import Section, did_you_mean, show

MAX_BYTES = 1 << 20
_NUMBER = re.compile(r"[+-]?(?:[0-9]{1,30}(?:\.[0-9]{0,30})?|\.[0-9]{1,30})(?:[eE][+-]?[0-9]{1,3})?\Z")


def read_column(section: Section, key: str, most: int) -> list[str] | None:
    """The numbers under the header that `column` names, in the file that `key` names; None after a fault."""
    _, wanted = section.take("column")
    path = find(section, key, section.data.get(key), f'write {key} = "cells.csv"')
    text = None if path is None else text_of(section, key, path, MAX_BYTES)
    if text is None:
        return None
    lines = [(n, line) for n, line in enumerate(text.splitlines(), 1) if line.strip()]
    header = [field.strip().strip('"') for field in lines[0][1].split(",")] if lines else []
    if wanted not in header:
        hint = did_you_mean(wanted, header) if isinstance(wanted, str) else 'add column = "V_th"'
        allowed = "a column of the file: " + ", ".join(show(name) for name in header[:10])
        section.fault("column", "nothing" if wanted is None else show(wanted), allowed, hint)
        return None
    if len(lines) - 1 > most:
        section.fault(key, f"{len(lines) - 1} rows", f"at most {most} rows", "thin it out")
        return None
    place = header.index(str(wanted))
    found = []
    for number, line in lines[1:]:
        fields = [field.strip() for field in line.split(",")]
        if len(fields) != len(header) or not _NUMBER.match(fields[place]):
            section.fault(key, f"{show(line)} in line {number}", f"{len(header)} fields, a number under {show(wanted)}")
            return None
        found.append(fields[place])
    return found

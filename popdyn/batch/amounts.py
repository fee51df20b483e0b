"""Amounts of memory and of the clock's time in a campaign file: "4 GiB", "30 min"."""

from __future__ import annotations

import re
from typing import Any

from popdyn.spec.section import Section, show

MEMORY = {"MB": 10**6, "MiB": 2**20, "GB": 10**9, "GiB": 2**30}
TIME = {"s": 1.0, "min": 60.0, "h": 3600.0}
_AMOUNT = re.compile(r"\s*([0-9]{1,9}(?:\.[0-9]{1,6})?)\s*([A-Za-z]{1,3})\s*")


def amount(section: Section, key: str, units: dict[str, Any], example: str, least: float) -> float | None:
    """The key's value in bytes or seconds; None where absent or faulty."""
    _, value = section.take(key)
    if value is None:
        return None
    match = _AMOUNT.fullmatch(value) if isinstance(value, str) else None
    if match and match[2] in units and float(match[1]) * units[match[2]] >= least:
        return float(match[1]) * float(units[match[2]])
    section.fault(key, show(value), f'a number and a unit ({", ".join(units)}) such as "{example}"')
    return None

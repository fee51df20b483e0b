"""Which objects of a store are meant: by what their manifests say of them, and by age."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from popdyn.errors import UsageError

WORDS = ("spec", "protocol", "rung", "backend")
_SECONDS = {"s": 1.0, "min": 60.0, "h": 3600.0, "d": 86400.0, "w": 7 * 86400.0}


@dataclass(frozen=True)
class Filter:
    """All that is given must hold. Words may have `*` and `?`; `key` is the beginning of one; ages are in seconds."""

    key: str = ""
    spec: str | None = None
    protocol: str | None = None
    rung: str | None = None
    backend: str | None = None
    older: float | None = None
    newer: float | None = None

    @property
    def everything(self) -> bool:
        """Whether nothing is asked for in particular."""
        return self == Filter()

    def sql(self) -> tuple[str, list[Any]]:
        """The condition on rows of the index, and its values."""
        terms, values = ["key >= ? AND key < ?"], [self.key, self.key + "g"]
        for word in WORDS:
            if (wanted := getattr(self, word)) is not None:
                terms.append(f"{word} GLOB ?")
                values.append(wanted)
        for age, sign in ((self.older, "<"), (self.newer, ">")):
            if age is not None:
                terms.append(f"made {sign} ?")
                values.append(stamp(time.time() - age))
        return " AND ".join(terms), values


def seconds(text: str, option: str) -> float:
    """ "90 min", "7d" as seconds.

    Raises UsageError where it is no age.
    """
    number, unit = text.strip().rstrip("smindhw"), text.strip().lstrip("0123456789. ")
    try:
        value = float(number) * _SECONDS[unit]
    except (ValueError, KeyError):
        value = float("nan")
    if not 0.0 <= value < 1e10:
        raise UsageError(f"{option}: got {text!r}; allowed: a number and one of {', '.join(_SECONDS)}, such as 7d")
    return value


def stamp(when: float) -> str:
    """UTC as manifests have it; sorts as time does."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(max(when, 0.0)))


def is_stamp(text: object) -> bool:
    """Whether a manifest's time is one."""
    try:
        datetime.strptime(str(text), "%Y-%m-%dT%H:%M:%SZ")
    except ValueError:
        return False
    return True

"""Verify many objects: all, or a random share of them with the bound that this puts on the rest."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

from popdyn.errors import IntegrityError, PopdynError, ResourceError, UsageError
from popdyn.store.store import Store
from popdyn.types import Progress

Read = Callable[[Path], object]
_VERDICTS = ((IntegrityError, "damaged"), (ResourceError, "unreadable"), (UsageError, "newer"))


@dataclass
class Verdicts:
    """What was found: whole objects, and key -> message of the others; `gone`: removed by somebody meanwhile."""

    of: int = 0
    whole: int = 0
    gone: int = 0
    damaged: dict[str, str] = field(default_factory=dict)
    unreadable: dict[str, str] = field(default_factory=dict)
    newer: dict[str, str] = field(default_factory=dict)

    @property
    def looked_at(self) -> int:
        """How many objects were looked at."""
        return self.whole + len(self.damaged) + len(self.unreadable) + len(self.newer)

    @property
    def bound(self) -> float:
        """At most this share of all is damaged, with 95 % confidence, when none of a random sample was; 0 of all."""
        if self.looked_at >= self.of:
            return 0.0
        return 1.0 - 0.05 ** (1.0 / self.looked_at) if self.looked_at else 1.0


def verify(
    store: Store, keys: Iterable[str], *, share: float = 1.0, seed: int | None = None, read: Read | None = None,
    quarantine: bool = False, progress: Progress | None = None,
) -> Verdicts:  # fmt: skip
    """Compare every file of objects with its manifest, whatever was verified before; nothing stops at a fault.

    `share` < 1: a random sample; `read` gets each whole object's folder and raises IntegrityError for what it cannot
    read; `quarantine` moves damaged objects out of the way, else nothing is changed.
    """
    listed = list(keys)
    found = Verdicts(of=len(listed))
    if share < 1.0:
        listed = sorted(random.Random(seed).sample(listed, max(1, round(share * len(listed))) if listed else 0))
    for number, key in enumerate(listed):
        if progress is not None:
            progress(number / len(listed), f"verifying: {number} of {len(listed)}, {len(found.damaged)} damaged")
        try:
            _verify_one(store, key, read, quarantine)
            found.whole += 1
        except FileNotFoundError:
            found.gone += 1
        except PopdynError as error:
            name = next(name for kind, name in _VERDICTS if isinstance(error, kind))
            getattr(found, name)[key] = str(error)
    return found


def _verify_one(store: Store, key: str, read: Read | None, quarantine: bool) -> None:
    try:
        place = store.compare(key)
        if read is not None:
            read(place)
    except IntegrityError as error:
        if not quarantine:
            raise
        raise IntegrityError(f"{error}; {store.put_away(key)}") from error

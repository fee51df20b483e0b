"""What has become of a campaign's jobs so far, as the supervisor counts and `status` reads."""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import time
from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from popdyn.batch.receipt import Receipt

WRITE_EVERY = 1.0


@dataclass
class Tally:
    """Counts of this run; `failed`: key -> state (failed, parked), class, detail, message."""

    total: int
    done: int = 0
    present: int = 0
    retried: int = 0
    damaged: int = 0
    failed: dict[str, dict[str, str]] = field(default_factory=dict)
    running: list[str] = field(default_factory=list)
    cpu_s: float = 0.0
    seconds_left: float | None = None
    state: str = "running"
    message: str = ""

    @property
    def finished(self) -> int:
        return self.done + self.present

    @property
    def settled(self) -> int:
        return self.finished + len(self.failed)

    def classes(self) -> dict[str, int]:
        """Failures by class, parked ones apart."""
        words = (one["failure"] if one["state"] == "failed" else one["state"] for one in self.failed.values())
        return dict(sorted(Counter(words).items()))

    def words(self) -> str:
        """ "12 of 40 done, 1 failed (model 1): 35 s left"."""
        parts = [f"{self.finished} of {self.total} done"]
        if self.failed:
            shown = ", ".join(f"{name} {count}" for name, count in self.classes().items())
            parts.append(f"{len(self.failed)} failed ({shown})")
        if self.retried:
            parts.append(f"{self.retried} tried again")
        left = "" if self.seconds_left is None else f": {duration_words(self.seconds_left)} left"
        return ", ".join(parts) + left

    def fail(self, receipt: Receipt, state: str, why: str) -> None:
        said = {"state": state, "failure": receipt.failure, "detail": receipt.detail, "message": why}
        self.failed[receipt.key] = said


def duration_words(seconds: float) -> str:
    """ "35 s", "12 min", "3.4 h"."""
    if seconds < 120:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 7200 else f"{seconds / 3600:.1f} h"


class Journal:
    """run-NAME.json in the campaign's folder: replaced whole, at most once a second; a lost one costs nothing."""

    def __init__(self, folder: Path, name: str, owner: dict[str, Any]) -> None:
        self.path = folder / f"run-{name}.json"
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._owner = owner | {"name": name, "started": time.time()}
        self._written = 0.0

    def write(self, tally: Tally, *, now: bool = False) -> None:
        if not now and time.monotonic() - self._written < WRITE_EVERY:
            return
        self._written = time.monotonic()
        draft = self.path.with_name(f".{self.path.name}-{secrets.token_hex(4)}")
        with contextlib.suppress(OSError):
            try:
                draft.write_text(json.dumps(self._owner | {"updated": time.time()} | asdict(tally)))
                os.replace(draft, self.path)
            finally:
                draft.unlink(missing_ok=True)


def read_journals(folder: Path) -> Iterable[dict[str, Any]]:
    """Every journal of a campaign that can be read."""
    for path in sorted(folder.glob("run-*.json")):
        try:
            document = json.loads(path.read_text())
        except (OSError, ValueError):
            continue
        if isinstance(document, dict):
            yield document

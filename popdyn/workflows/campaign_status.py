"""How a campaign stands: read off the store alone, while it runs and after whatever ended it."""

from __future__ import annotations

import contextlib
import time
from collections import Counter
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from popdyn.batch.tally import duration_words, read_journals
from popdyn.store import Store
from popdyn.store.failures import attempts, failed_keys
from popdyn.store.processes import Process, runs
from popdyn.workflows.campaign import Campaign, open_campaign_file
from popdyn.workflows.campaign_keys import keys_of

SILENT = 120.0
SHOWN = 10


@dataclass(frozen=True)
class Failure:
    """A job that is not there and has failed: where it stands, its last attempt, how many there were."""

    cell: str
    key: str
    failure: str
    detail: str
    message: str
    attempts: int


@dataclass(frozen=True)
class Status:
    """Jobs of a campaign by what has become of them, and the runs that have worked on it."""

    name: str
    jobs: int
    done: int
    failures: list[Failure] = field(default_factory=list)
    runs: list[dict[str, Any]] = field(default_factory=list)

    @property
    def missing(self) -> int:
        return self.jobs - self.done - len(self.failures)

    def to_dict(self) -> dict[str, Any]:
        return asdict(self) | {"missing": self.missing, "classes": self.classes()}

    def classes(self) -> dict[str, int]:
        return dict(sorted(Counter(one.failure for one in self.failures).items()))

    def lines(self) -> list[str]:
        """What `popdyn batch status` prints."""
        failed = ", ".join(f"{name} {count}" for name, count in self.classes().items())
        words = f"{len(self.failures)} failed" + (f" ({failed})" if failed else "")
        lines = [f"{self.name}: {self.done} of {self.jobs} done, {words}, {self.missing} to do"]
        lines += [_run_line(one) for one in self.runs]
        for one in self.failures[:SHOWN]:
            lines.append(f"  {one.failure} {one.detail}, {one.attempts} attempts: {one.cell}: {one.message}")
        if len(self.failures) > SHOWN:
            lines.append(f"  … and {len(self.failures) - SHOWN} more: popdyn batch report")
        return lines


def _run_line(one: dict[str, Any]) -> str:
    left = one.get("seconds_left")
    ends = f", about {duration_words(left)} left" if left is not None and one["state"] == "running" else ""
    return f"run {one['name']} on {one['host']}: {one['state']}, {duration_words(one['age'])} ago{ends}"


def status_of(path: str | Path, *, store: str | Path | None = None) -> Status:
    """The status of a campaign file in a store."""
    campaign, shelf = open_campaign_file(path), Store(store)
    keys = keys_of(campaign, shelf.root)
    done = {key for key in set(keys) if shelf.path(key).is_dir()}
    failed = set(failed_keys(shelf.root)) - done
    found = [failure_of(campaign, shelf.root, place, key) for place, key in enumerate(keys) if key in failed]
    return Status(campaign.file.name, len(keys), sum(key in done for key in keys), found, _runs(campaign, shelf.root))


def failure_of(campaign: Campaign, root: Path, place: int, key: str) -> Failure:
    """What failures/ says of the cell at a place in the order of the cells."""
    import numpy as np

    index = tuple(int(i) for i in np.unravel_index(place, campaign.shape))
    known = attempts(root, key)
    last = known[-1].document if known else {}
    message = known[-1].fault or str(last.get("message", "")) if known else ""
    failure, detail = str(last.get("failure", "unknown")), str(last.get("detail", ""))
    return Failure(campaign.words(index), key, failure, detail, message, len(known))


def _runs(campaign: Campaign, root: Path) -> list[dict[str, Any]]:
    """The runs that have left a journal; what is none is passed over."""
    found = []
    for journal in read_journals(campaign.folder(root)):
        with contextlib.suppress(KeyError, TypeError, ValueError):
            found.append(_run(journal))
    return found


def _run(journal: dict[str, Any]) -> dict[str, Any]:
    """A run in words: running, ended, stopped, halted, or died where nobody is left to say so."""
    owner = Process(**journal["process"])
    age = max(0.0, time.time() - float(journal["updated"]))
    state = str(journal["state"])
    if state == "running":
        alive = runs(owner)
        if alive is False or (alive is None and age > SILENT):
            state = "died"
    kept = {key: journal.get(key) for key in ("done", "present", "seconds_left", "cpu_s", "damaged", "message")}
    return {"name": journal.get("name", "?"), "host": owner.host, "state": state, "age": age, **kept}

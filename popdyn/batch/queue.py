"""Which jobs come next: what is there already is skipped, what failed waits for its turn, what others do is left."""

from __future__ import annotations

import random
import time
from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from popdyn.batch.failure import GivenUp, Tries, decide
from popdyn.batch.receipt import Receipt
from popdyn.batch.tally import Tally
from popdyn.batch.task import Task, batch_size
from popdyn.batch.unit import Limits, Order
from popdyn.errors import IntegrityError
from popdyn.store import Store
from popdyn.store.failures import attempts
from popdyn.store.leases import Lease, acquire

BACK_OFF, LONGEST_BACK_OFF = 0.5, 30.0
LOOK = 0.5
"""Time that may be spent on looking for the next jobs at a stretch [s]."""
ELSEWHERE = 2.0
"""Time after which a job that another run has in hand is looked at again [s]."""


@dataclass(frozen=True)
class Ready:
    """A job to be submitted now: its lease is held."""

    task: Task
    order: Order
    lease: Lease


class Queue:
    """The jobs that are still to be done. It holds no job back for longer than its turn takes to come."""

    def __init__(self, store: Store, tasks: Iterable[Task], tries: Tries, tally: Tally) -> None:
        self.store, self.tries, self.tally = store, tries, tally
        self._waiting = deque(tasks)
        self._later: list[tuple[float, Task]] = []
        self._alone: set[str] = set()
        self._warming: set[str] = set()
        self._warm: set[str] = {""}

    def __len__(self) -> int:
        return len(self._waiting) + len(self._later)

    def remaining_s(self) -> float:
        """Estimated CPU time of what waits."""
        return sum(task.cpu_s for task in self._waiting) + sum(task.cpu_s for _, task in self._later)

    def take(self, width: int) -> list[Ready]:
        """The next unit's jobs; [] where nothing can begin at the moment."""
        self._wake()
        taken: list[Ready] = []
        size, until = 1, time.monotonic() + LOOK
        for _ in range(len(self._waiting)):
            if not taken and time.monotonic() > until:
                break  # many that are there already: what runs wants to be heard, too
            task = self._waiting.popleft()
            if taken and (task.key in self._alone or task.warm != taken[0].task.warm):
                self._waiting.appendleft(task)
                break
            if task.warm in self._warming:
                self._waiting.append(task)
                continue
            ready = self._ready(task)
            if ready is None:
                continue
            taken.append(ready)
            if len(taken) == 1:
                size = self._size(task, width)
            if len(taken) >= size:
                break
        return taken

    def _size(self, task: Task, width: int) -> int:
        if task.warm not in self._warm:
            self._warming.add(task.warm)
            return 1
        return 1 if task.key in self._alone else batch_size(task, len(self._waiting) + 1, width)

    def _wake(self) -> None:
        now = time.monotonic()
        due = [task for at, task in self._later if at <= now]
        if due:
            self._later = [(at, task) for at, task in self._later if at > now]
            self._waiting.extendleft(due)

    def _ready(self, task: Task) -> Ready | None:
        """The job with its lease, or None: it is there, given up, or in other hands."""
        try:
            if self.store.find(task.key) is not None:
                self.tally.present += 1
                return None
        except IntegrityError as error:
            self.tally.damaged += 1
            self.tally.message = str(error)
        limits = decide(self._history(task.key), task.limits, self.tries)
        if isinstance(limits, GivenUp):
            self._give_up(task, limits)
            return None
        lease = acquire(self.store.root, task.key)
        if lease is None:
            self._later.append((time.monotonic() + ELSEWHERE, task))
            return None
        return Ready(task, Order(task.key, task.work(), limits), lease)

    def _history(self, key: str) -> list[Mapping[str, Any]]:
        return [one.document for one in attempts(self.store.root, key)]

    def _give_up(self, task: Task, end: GivenUp) -> None:
        last = self._history(task.key)[-1]
        receipt = Receipt(task.key, "failed", str(last.get("failure", "")), str(last.get("detail", "")))
        self.tally.fail(receipt, end.state, end.why)

    def settle(self, ready: Ready, receipt: Receipt) -> None:
        """A job of a unit has ended; one that failed comes again as its attempts allow."""
        task = ready.task
        self._warming.discard(task.warm)
        if receipt.good:
            self._warm.add(task.warm)
        if receipt.good or receipt.outcome == "unfinished":
            if receipt.outcome == "unfinished":
                self._alone.add(task.key)
                self._waiting.appendleft(task)
            return
        history = self._history(task.key)
        found = decide(history, task.limits, self.tries)
        if isinstance(found, GivenUp):
            self.tally.fail(receipt, found.state, found.why)
            return
        self.tally.retried += 1
        self._alone.add(task.key)
        self._later.append((time.monotonic() + self._pause(receipt, len(history)), task))

    @staticmethod
    def _pause(receipt: Receipt, tried: int) -> float:
        """Back-off with jitter after a worker's death; what ran out of time or memory need not wait."""
        if receipt.failure != "infrastructure":
            return 0.0
        return min(LONGEST_BACK_OFF, BACK_OFF * 4.0 ** (tried - 1)) * random.uniform(0.5, 1.5)

    def give_back(self, ready: Ready) -> None:
        """A job that was not done, through no fault of its own, in a run that ends."""
        self._warming.discard(ready.task.warm)
        self._waiting.appendleft(ready.task)


def attempt_document(receipt: Receipt, limits: Limits, engine: str, worker: str) -> dict[str, Any]:
    """What failures/<key>/attempt-N.json says."""
    return {
        "failure": receipt.failure, "detail": receipt.detail, "message": receipt.message, "cpu_s": receipt.cpu_s,
        "wall_s": receipt.wall_s, "memory": receipt.memory, "engine": engine, "worker": worker, "at": time.time(),
        "limits": {"memory": limits.memory, "time": limits.time},
    }  # fmt: skip

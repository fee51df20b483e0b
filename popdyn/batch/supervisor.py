"""Runs a campaign's jobs on an engine until every one of them is there, given up, or the user has had enough."""

from __future__ import annotations

import contextlib
import queue as thread_queue
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field

from popdyn.batch.engines import ENGINE, Engine
from popdyn.batch.failure import Tries
from popdyn.batch.queue import Queue, Ready, attempt_document
from popdyn.batch.receipt import Receipt
from popdyn.batch.tally import Journal, Tally
from popdyn.batch.task import Task
from popdyn.batch.unit import Unit
from popdyn.errors import ResourceError
from popdyn.store import Store
from popdyn.store.failures import clear, record

TICK = 0.1
BEAT_EVERY, ESTIMATE_EVERY = 60.0, 1.0
ENDING = 20.0
"""Time that an engine has to end what runs after it was told to stop [s]."""
Watch = Callable[[Tally], None]


@dataclass
class Interrupts:
    """How often the user has asked to end: once, what runs is finished; twice, it is ended."""

    asked: int = 0


@dataclass
class Supervisor:
    """One run of a campaign. `worker`: the module of its worker processes; `watch` sees the tally as it changes."""

    store: Store
    engine: Engine
    worker: str
    tries: Tries = field(default_factory=Tries)
    journal: Journal | None = None
    watch: Watch | None = None
    interrupts: Interrupts = field(default_factory=Interrupts)

    def run(self, tasks: Sequence[Task]) -> Tally:
        """Do what is not done. Raises ResourceError where the disk is full or the engine gone: nothing is lost."""
        self.tally = Tally(total=len(tasks))
        self.queue = Queue(self.store, tasks, self.tries, self.tally)
        self.receipts: thread_queue.SimpleQueue[Receipt] = thread_queue.SimpleQueue()
        self.flying: dict[Future[Sequence[Receipt]], dict[str, Ready]] = {}
        self.ready: dict[str, Ready] = {}
        self.began = self.beaten = time.monotonic()
        self.estimated, self.worked = 0.0, 0.0
        self.halted = ""
        self.stopped: float | None = None
        try:
            while self._go_on():
                self._fill()
                self._collect()
                self._tell()
        finally:
            self._end()
        if self.halted:
            raise ResourceError(f"{self.halted}; what is finished stays, the same command goes on")
        return self.tally

    def _go_on(self) -> bool:
        if self.interrupts.asked > 1:
            if self.stopped is None:
                self.stopped = time.monotonic()
                self.engine.stop()
            return bool(self.flying) and time.monotonic() - self.stopped < ENDING
        if self.halted or self.interrupts.asked:
            return bool(self.flying)
        return bool(self.flying or len(self.queue))

    def _fill(self) -> None:
        while not (self.halted or self.interrupts.asked) and len(self.flying) < self.engine.width:
            taken = self.queue.take(self.engine.width)
            if not taken:
                return
            unit = Unit(self.worker, str(self.store.root), tuple(one.order for one in taken))
            held = {one.order.key: one for one in taken}
            self.ready |= held
            self.flying[self.engine.submit(unit, self.receipts.put)] = held

    def _collect(self) -> None:
        """Settle what has come back, waiting a moment for it."""
        with contextlib.suppress(thread_queue.Empty):
            self._settle(self.receipts.get(timeout=TICK))
            while True:
                self._settle(self.receipts.get_nowait())
        for future in [one for one in self.flying if one.done()]:
            held = self.flying.pop(future)
            for receipt in [] if future.cancelled() else future.result():
                self._settle(receipt)
            for key in held:
                self._put_down(key)

    def _settle(self, receipt: Receipt) -> None:
        ready = self.ready.pop(receipt.key, None)
        if ready is None:  # heard of before its unit had ended
            return
        self._count(ready, receipt)
        if self.stopped is not None and (receipt.detail == ENGINE or receipt.failure == "infrastructure"):
            self.queue.give_back(ready)  # it was told to end
        elif receipt.detail in ("disk", ENGINE):
            self.halted = receipt.message
            self.queue.give_back(ready)
        else:
            if receipt.outcome == "failed":
                said = attempt_document(receipt, ready.order.limits, self.engine.name, self.worker)
                record(self.store.root, receipt.key, said)
            self.queue.settle(ready, receipt)
        ready.lease.release()

    def _count(self, ready: Ready, receipt: Receipt) -> None:
        self.tally.cpu_s += receipt.cpu_s
        if receipt.damaged:
            self.tally.damaged += 1
            self.tally.message = receipt.damaged
        if receipt.good:
            self.tally.done += receipt.outcome == "done"
            self.tally.present += receipt.outcome == "present"
            self.worked += ready.task.cpu_s
            clear(self.store.root, receipt.key)

    def _put_down(self, key: str) -> None:
        """A job whose unit has ended without a word of it."""
        ready = self.ready.pop(key, None)
        if ready is not None:
            self.queue.give_back(ready)
            ready.lease.release()

    def _tell(self) -> None:
        self.tally.running = [key[:12] for key in self.ready]
        now = time.monotonic()
        if self.worked > 0 and now - self.estimated > ESTIMATE_EVERY:
            self.estimated = now
            flying = sum(ready.task.cpu_s for ready in self.ready.values())
            self.tally.seconds_left = (now - self.began) * (self.queue.remaining_s() + 0.5 * flying) / self.worked
        if now - self.beaten > BEAT_EVERY:
            self.beaten = now
            for ready in self.ready.values():
                ready.lease.beat()
        if self.journal is not None:
            self.journal.write(self.tally)
        if self.watch is not None:
            self.watch(self.tally)

    def _end(self) -> None:
        self.engine.close()
        for key in list(self.ready):
            self._put_down(key)
        self.tally.running, self.tally.seconds_left = [], None
        self.tally.state = "halted" if self.halted else "stopped" if self.interrupts.asked else "ended"
        if self.journal is not None:
            self.journal.write(self.tally, now=True)

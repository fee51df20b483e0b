"""The seam to whatever runs units of work: this machine's cores, any concurrent.futures.Executor."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from concurrent.futures import BrokenExecutor, CancelledError, Executor, Future, ThreadPoolExecutor
from typing import Protocol

from popdyn.batch.execute import Say, execute, read_receipts, run_unit, sweep
from popdyn.batch.receipt import Receipt
from popdyn.batch.unit import Unit

Receipts = Sequence[Receipt]
ENGINE = "engine"
"""The detail of a receipt that says that its engine cannot go on."""
_GONE = (BrokenExecutor, CancelledError, ConnectionError)


class Engine(Protocol):
    """Runs units. Nothing but JSON text goes over this seam; results go through the store."""

    name: str
    width: int
    """Units that are worth having submitted at a time."""

    def submit(self, unit: Unit, say: Say) -> Future[Receipts]:
        """Start a unit when there is room; `say` may hear of jobs before the whole unit has ended."""
        ...

    def stop(self) -> None:
        """End what runs, at once."""
        ...

    def close(self) -> None:
        """Give everything back; nothing is running any more."""
        ...


class LocalEngine:
    """The default: worker processes on this machine, `width` at a time. It opens no port."""

    name = "local"

    def __init__(self, width: int) -> None:
        self.width = width
        self._stop = threading.Event()
        self._pool = ThreadPoolExecutor(width, thread_name_prefix="unit")
        sweep()

    def submit(self, unit: Unit, say: Say) -> Future[Receipts]:
        return self._pool.submit(run_unit, unit, say, self._stop.is_set)

    def stop(self) -> None:
        self._stop.set()

    def close(self) -> None:
        self._pool.shutdown(wait=True, cancel_futures=True)


class ExecutorEngine:
    """Any concurrent.futures.Executor whose workers have popdyn and see the store: MPI pools, Dask, parsl, threads."""

    def __init__(self, executor: Executor, width: int, name: str = "executor") -> None:
        self.name, self.width, self._executor = name, width, executor

    def submit(self, unit: Unit, say: Say) -> Future[Receipts]:  # noqa: ARG002
        answer: Future[Receipts] = Future()
        answer.set_running_or_notify_cancel()
        try:
            inner = self._executor.submit(execute, unit.to_json())
        except Exception as error:  # a pool that is broken says so here
            answer.set_result(lost(unit, error))
            return answer

        def done(ended: Future[str]) -> None:
            try:
                receipts = read_receipts(ended.result())
            except BaseException as error:  # a killed worker, a cancelled future, another popdyn over there
                receipts = lost(unit, error)
            answer.set_result(receipts)

        inner.add_done_callback(done)
        return answer

    def stop(self) -> None:
        self._executor.shutdown(wait=False, cancel_futures=True)

    def close(self) -> None:
        self._executor.shutdown(wait=True, cancel_futures=True)


def lost(unit: Unit, error: BaseException) -> list[Receipt]:
    """What is said of a unit that never came back.

    Where the engine itself is gone no job is to blame. Else it was its worker's death; of several jobs nobody knows
    whose fault, and they are run singly.
    """
    words = f"{type(error).__name__}: {error}"[:400]
    if isinstance(error, _GONE):
        return [Receipt(key, "unfinished", detail=ENGINE, message=f"the engine is gone ({words})") for key in unit.keys]
    if len(unit.orders) > 1:
        return [Receipt(key, "unfinished") for key in unit.keys]
    return [Receipt(unit.keys[0], "failed", "infrastructure", "lost", f"the engine lost it: {words}")]

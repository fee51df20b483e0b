"""A worker process: reads one unit from stdin, does its jobs one after the other, each in a fork of its own.

Idempotent: a result that is there and verified is not computed again. Lines on stdout: `begin KEY`, then the receipt.
It ends, and so does the job that runs, when its stdin does.
"""

from __future__ import annotations

import os
import resource
import shutil
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from popdyn.batch.failure import of_exception, of_signal
from popdyn.batch.isolation import Ended, ParentGone, run_apart
from popdyn.batch.receipt import Receipt, shortened
from popdyn.batch.unit import Order, Unit
from popdyn.errors import IntegrityError, PopdynError
from popdyn.store import Store

Perform = Callable[[Mapping[str, Any], Path, int], Mapping[str, Any]]
"""(work, folder, bytes of memory that may be taken): fills the folder, returns what the manifest says."""
Prepare = Callable[[Unit], None]


def serve(perform: Perform, prepare: Prepare) -> None:
    """Do the unit on stdin. `prepare`: imports that its jobs share."""
    told = os.dup(1)
    os.dup2(2, 1)  # whatever libraries print is no receipt
    unit = Unit.from_json(sys.stdin.buffer.readline())
    prepare(unit)
    store = Store(unit.store)
    for order in unit.orders:
        _tell(told, f"begin {order.key}")
        try:
            receipt = attempt(store, order, perform)
        except ParentGone:
            return
        _tell(told, receipt.to_json())


def _tell(descriptor: int, line: str) -> None:
    os.write(descriptor, line.encode() + b"\n")


def attempt(store: Store, order: Order, perform: Perform) -> Receipt:
    """Find or make the result of one order."""
    damaged = ""
    try:
        if store.find(order.key) is not None:
            return Receipt(order.key, "present")
    except IntegrityError as error:
        damaged = shortened(str(error))
    except (OSError, PopdynError) as error:  # the disk, or an object of a newer schema
        failure, detail = of_exception(error)
        return Receipt(order.key, "failed", failure, detail, shortened(str(error)))
    folder = Path("job").absolute()
    folder.mkdir(mode=0o700)
    for name in Path.cwd().glob("brian_preferences"):
        shutil.copy2(name, folder)

    def run() -> dict[str, Any]:
        said: dict[str, Any] = {}

        def write(directory: Path) -> None:
            said.update(perform(order.work, directory, order.limits.memory))
            said["cost"] = {"cpu_s": cpu_seconds()}

        store.publish(order.key, write, said)
        return {}

    try:
        ended = run_apart(run, order.limits, folder, 0)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return _receipt(order, ended, damaged)


def cpu_seconds() -> float:
    """CPU time of this process and of those that it has waited for [s]."""
    used = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return round(sum(one.ru_utime + one.ru_stime for one in used), 3)


def _receipt(order: Order, ended: Ended, damaged: str) -> Receipt:
    cost: dict[str, Any] = {
        "cpu_s": round(ended.cpu_s, 3),
        "wall_s": round(ended.wall_s, 3),
        "memory": ended.memory,
        "damaged": damaged,
    }
    if ended.late:
        message = f"not finished after {order.limits.time:g} s"
        return Receipt(order.key, "failed", "resources", "time", message, **cost)
    if ended.answer is None:
        failure, detail = of_signal(ended.signal, ended.memory, order.limits)
        return Receipt(order.key, "failed", failure, detail, f"the process of the job died of {detail}", **cost)
    if "failure" in ended.answer:
        return Receipt(order.key, "failed", **ended.answer, **cost)
    return Receipt(order.key, "done", **cost)

"""Units as SLURM jobs of their own (extra `[slurm]`, submitit); its local executor runs them as processes here."""

from __future__ import annotations

import threading
import time
from concurrent.futures import Future
from pathlib import Path
from typing import Any

from popdyn.batch.engines import Receipts, lost
from popdyn.batch.execute import START, Say, execute, read_receipts
from popdyn.batch.unit import Unit
from popdyn.errors import ResourceError

CLUSTERS = ("slurm", "local")
POLL = {"slurm": 10.0, "local": 0.2}
BASE_MEMORY = 1 << 30
"""Of a worker before its job begins, and of submitit's own process."""


class SubmititEngine:
    """One SLURM job per unit, with the unit's time and memory. `width`: jobs in the queue at a time."""

    def __init__(self, cluster: str, folder: Path, width: int) -> None:
        try:
            import submitit
        except ImportError as error:
            raise ResourceError('--submitit: submitit is not installed; pip install "popdyn[slurm]"') from error
        self.name, self.width = f"submitit {cluster}", width
        try:
            self._executor = submitit.AutoExecutor(folder, cluster=cluster)
        except RuntimeError as error:
            raise ResourceError(f"--submitit {cluster}: this machine cannot submit to it ({error})") from error
        self._poll = POLL[cluster]
        self._flying: dict[Any, tuple[Unit, Future[Receipts]]] = {}
        self._lock, self._closed = threading.Lock(), threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()

    def submit(self, unit: Unit, say: Say) -> Future[Receipts]:  # noqa: ARG002
        answer: Future[Receipts] = Future()
        answer.set_running_or_notify_cancel()
        memory = BASE_MEMORY + max(order.limits.memory for order in unit.orders)
        self._executor.update_parameters(
            timeout_min=int((unit.longest + START) / 60) + 1, mem_gb=memory / 2**30, cpus_per_task=1, name="popdyn"
        )
        job = self._executor.submit(execute, unit.to_json())
        with self._lock:
            self._flying[job] = unit, answer
        return answer

    def _watch(self) -> None:
        while not self._closed.is_set():
            with self._lock:
                ended = [job for job in self._flying if job.done()]
                pairs = [(job, *self._flying.pop(job)) for job in ended]
            for job, unit, answer in pairs:
                try:
                    answer.set_result(read_receipts(job.result()))
                except Exception as error:  # killed, preempted, out of time, not even started
                    answer.set_result(lost(unit, error))
            time.sleep(self._poll)

    def stop(self) -> None:
        with self._lock:
            for job, (unit, answer) in self._flying.items():
                job.cancel(check=False)
                answer.set_result(lost(unit, ConnectionAbortedError("stopped")))
            self._flying.clear()

    def close(self) -> None:
        self.stop()
        self._closed.set()
        self._thread.join()

"""Run one unit: start its worker process, read its receipts, say what became of every job whatever happens to it."""

from __future__ import annotations

import contextlib
import hashlib
import os
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from popdyn.batch.receipt import Receipt, shortened
from popdyn.batch.unit import Unit
from popdyn.ground_truth import private
from popdyn.store.processes import Process, runs, this_process

PREFIX = "popdyn-unit-"
START = 120.0
"""Time that a worker may take to start, and to end, on a busy machine [s]."""
Say = Callable[[Receipt], None]
Stopped = Callable[[], bool]


def execute(text: str) -> str:
    """The receipts of a unit, JSON in and JSON out: what engines on other machines call."""
    return "\n".join(receipt.to_json() for receipt in run_unit(Unit.from_json(text)))


def read_receipts(text: str) -> list[Receipt]:
    """What `execute` has answered."""
    return [Receipt.from_json(line) for line in text.splitlines()]


def run_unit(unit: Unit, say: Say | None = None, stopped: Stopped | None = None) -> list[Receipt]:
    """A receipt of every order; `say` hears of each as it comes; `stopped` true ends the work at once.

    Of a worker that dies, the job that it was at has failed (infrastructure), those after it are "unfinished".
    """
    me = this_process()
    folder = Path(tempfile.mkdtemp(prefix=f"{PREFIX}{_machine(me)}-{me.pid}-{me.start}-"))
    try:
        (folder / "brian_preferences").write_text(private.PREFERENCES)
        with (folder / "errors.txt").open("wb") as errors:
            process = subprocess.Popen(
                (sys.executable, "-P", "-m", unit.worker),
                cwd=folder,
                env=_environment(folder),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                start_new_session=True,
            )
        with contextlib.closing(_Worker(process, unit, say)) as worker:
            worker.listen(stopped or (lambda: False))
        last_words = (folder / "errors.txt").read_text(errors="replace").strip().splitlines()[-3:]
        return worker.receipts(" ".join(last_words))
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _environment(folder: Path) -> dict[str, str]:
    """A worker's, with the user's compile caches, and everything temporary in its own folder."""
    caches = private.cache_directory("programs").parent
    kernels = os.environ.get("NUMBA_CACHE_DIR", str(caches / "numba"))
    own = {"TMPDIR": str(folder), "XDG_CACHE_HOME": str(caches.parent), "NUMBA_CACHE_DIR": kernels}
    return private.environment(folder) | own | {"MPLCONFIGDIR": str(folder)}


def sweep() -> int:
    """Remove the folders of workers whose supervisor was killed on this machine; how many there were.

    Machines may share the folder for temporary files: those of others are left alone.
    """
    me, gone = this_process(), 0
    for left in Path(tempfile.gettempdir()).glob(f"{PREFIX}{_machine(me)}-*"):
        pid, start, *_ = left.name.removeprefix(f"{PREFIX}{_machine(me)}-").split("-")
        mine = left.is_dir() and not left.is_symlink() and left.stat().st_uid == os.getuid()
        if mine and pid.isdigit() and runs(Process(me.host, me.boot, int(pid), start)) is False:
            shutil.rmtree(left, ignore_errors=True)
            gone += 1
    return gone


def _machine(process: Process) -> str:
    return hashlib.sha256(f"{process.host} {process.boot}".encode()).hexdigest()[:8]


class _Worker:
    """A worker process that is listened to."""

    def __init__(self, process: subprocess.Popen[bytes], unit: Unit, say: Say | None) -> None:
        self.process, self.unit, self.say = process, unit, say
        self.found: dict[str, Receipt] = {}
        self.begun = ""
        self.stopped = self.late = False
        assert process.stdin is not None
        with contextlib.suppress(BrokenPipeError):
            process.stdin.write(unit.to_json().encode() + b"\n")
            process.stdin.flush()

    def listen(self, stopped: Stopped) -> None:
        """Until the worker has closed its stdout, is late, or is to be stopped."""
        assert self.process.stdout is not None
        stdout, rest = self.process.stdout.fileno(), b""
        until = time.monotonic() + self.unit.longest + START
        while time.monotonic() < until:
            if stopped():
                self.stopped = True
                return
            if not select.select([stdout], [], [], 0.2)[0]:
                continue
            part = os.read(stdout, 1 << 16)
            if not part:
                return
            *lines, rest = (rest + part).split(b"\n")
            for line in lines:
                self._hear(line)
        self.late = True

    def _hear(self, line: bytes) -> None:
        if line.startswith(b"begin "):
            self.begun = line.split()[1].decode()
            return
        receipt = Receipt.from_json(line)
        self.found[receipt.key] = receipt
        if self.say is not None:
            self.say(receipt)

    def close(self) -> None:
        """End the worker: it and its job go when its stdin does; what does not is killed."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        with contextlib.suppress(BrokenPipeError):
            self.process.stdin.close()
        try:
            self.process.wait(2.0)
        except subprocess.TimeoutExpired:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
        self.process.stdout.close()

    def receipts(self, last_words: str) -> list[Receipt]:
        """One for every order of the unit."""
        missing = [key for key in self.unit.keys if key not in self.found]
        if missing and not self.stopped:
            # no job begun: the start failed, and every one of them counts a try
            blamed = [self.begun] if self.begun in missing else missing
            for key in blamed:
                self._hear(self._death(key, last_words).to_json().encode())
        return [self.found.get(key, Receipt(key, "unfinished")) for key in self.unit.keys]

    def _death(self, key: str, last_words: str) -> Receipt:
        code = self.process.returncode
        if self.late:
            detail = "lost"
        elif code < 0:
            detail = signal.Signals(-code).name
        else:
            detail = f"exit {code}"
        message = shortened(f"its worker process ended ({detail}) {last_words}".strip())
        return Receipt(key, "failed", "infrastructure", detail, message)

"""Child processes: at most so many at once, their progress gathered, none left behind."""

from __future__ import annotations

import contextlib
import errno
import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from popdyn.errors import NumericsError, ResourceError

Progress = Callable[[float, str], None]
Perform = Callable[[Sequence["Task"], int, Progress | None, str], None]
SAY_EVERY = 1.0


@dataclass(frozen=True)
class Task:
    """A command in its private directory. `prepare` writes large files there just before it starts; the files that
    `bulky` matches are removed when it has ended. `here`: the same work in this process, see `inside`."""

    command: tuple[str, ...]
    directory: Path
    environment: dict[str, str]
    prepare: Callable[[], None] | None = None
    bulky: str = ""
    here: Callable[[], None] | None = None


@dataclass
class _Child:
    process: subprocess.Popen[bytes]
    task: Task
    fraction: float = 0.0
    reader: threading.Thread = field(init=False)

    def __post_init__(self) -> None:
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()

    def _read(self) -> None:
        stream: IO[bytes] | None = self.process.stdout
        assert stream is not None
        for line in stream:
            words = line.split()
            if len(words) == 2 and words[0] == b"progress":
                self.fraction = float(words[1])


def run_tasks(tasks: Sequence[Task], workers: int, progress: Progress | None, what: str) -> None:
    """Run all tasks. On an error, a failed child or Ctrl-C every child is killed before the exception goes on.

    `progress(fraction, message)` is called at least every 5 s, from this thread.
    """
    waiting, running, done = list(tasks), list[_Child](), 0
    started = said = time.monotonic()
    try:
        while waiting or running:
            while waiting and len(running) < workers:
                running.append(_start(waiting.pop(0)))
            time.sleep(0.02)
            for child in [child for child in running if child.process.poll() is not None]:
                _check(child)
                tidy(child.task)
                running.remove(child)
                done += 1
            now = time.monotonic()
            if progress is not None and now - said >= SAY_EVERY:
                said = now
                fraction = (done + sum(child.fraction for child in running)) / len(tasks)
                progress(fraction, f"{what}: {_left(now - started, fraction)}")
    finally:
        for child in running:
            _kill(child)


def tidy(task: Task) -> None:
    """Remove what is only needed while the task runs."""
    for path in task.directory.glob(task.bulky) if task.bulky else ():
        path.unlink()


def _start(task: Task) -> _Child:
    if task.prepare is not None:
        task.prepare()
    errors = (task.directory / "errors.txt").open("wb")
    with errors:
        process = subprocess.Popen(
            task.command,
            cwd=task.directory,
            env=task.environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors,
            start_new_session=True,
        )
    return _Child(process, task)


def _left(elapsed: float, fraction: float) -> str:
    if fraction <= 0.01:
        return f"{elapsed:.0f} s so far"
    return f"{elapsed * (1 - fraction) / fraction:.0f} s left"


def _kill(child: _Child) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(child.process.pid, signal.SIGKILL)
    child.process.wait()
    _close(child)


def _close(child: _Child) -> None:
    child.reader.join(5)
    if child.process.stdin is not None:
        child.process.stdin.close()
    if child.process.stdout is not None:
        child.process.stdout.close()


def _check(child: _Child) -> None:
    code = child.process.returncode
    _close(child)
    errors = (child.task.directory / "errors.txt").read_text(errors="replace").strip()
    tail = "\n".join(errors.splitlines()[-15:])
    died = ChildProcessError(signal.Signals(-code).name) if code < 0 else None
    if code == -signal.SIGKILL:
        words = "a simulation was killed, probably for lack of memory; fewer workers or neurons need less"
        raise ResourceError(words) from died
    if code == 0 and "Error reading" not in errors:
        return
    if "No space left" in tail:
        full = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        raise ResourceError(f"a simulation ran out of disk: {tail.splitlines()[-1]}") from full
    if "MemoryError" in tail or "bad_alloc" in tail:
        raise ResourceError(f"a simulation ran out of memory: {tail.splitlines()[-1]}")
    raise NumericsError(f"a simulation failed with exit code {code}:\n{tail}") from died

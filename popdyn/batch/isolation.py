"""One job in a process of its own: a fork of the worker, which has its imports done, with limits of its own."""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import resource
import select
import signal
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

from popdyn.batch.failure import of_exception
from popdyn.batch.receipt import shortened
from popdyn.batch.unit import Limits

PARENT_DIES = 1  # PR_SET_PDEATHSIG of <sys/prctl.h>
Run = Callable[[], dict[str, Any]]


@dataclass(frozen=True)
class Ended:
    """How the process of a job ended: its answer if it gave one, a signal, or that its time was over.

    `memory`: the most that it, or a program that it ran, had beyond the worker's own data; libraries that it touched
    count [bytes].
    """

    answer: dict[str, Any] | None
    signal: int
    late: bool
    cpu_s: float
    wall_s: float
    memory: int


class ParentGone(Exception):
    """Nobody waits for the answer any more."""


def run_apart(run: Run, limits: Limits, folder: Path, watched: int) -> Ended:
    """Run in a child process that cannot take more than its limits, and wait for it.

    `watched`: a descriptor that ends with whoever wants the answer: the child is killed and ParentGone raised.
    Whatever happens, nothing of the child's process group is left running.
    """
    began = time.monotonic()
    answer, given = os.pipe()
    alive, held = os.pipe()
    sys.stdout.flush()
    sys.stderr.flush()
    child = os.fork()
    if child == 0:
        os.close(answer)
        os.close(held)
        _be_the_child(run, limits, folder, given, alive)
    os.close(given)
    os.close(alive)
    try:
        text, late = _listen(answer, watched, began + limits.time)
    finally:
        _kill_group(child)
        _, status, used = os.wait4(child, 0)
        os.close(answer)
        os.close(held)
    number = os.WTERMSIG(status) if os.WIFSIGNALED(status) else 0
    scale = 1 if sys.platform == "darwin" else 1024
    memory = max(0, used.ru_maxrss * scale - _own_data())
    cpu_s = used.ru_utime + used.ru_stime
    return Ended(_answer(text), number, late, cpu_s, time.monotonic() - began, memory)


def _answer(text: bytes) -> dict[str, Any] | None:
    try:
        return dict(json.loads(text))
    except ValueError:
        return None


def _listen(answer: int, watched: int, until: float) -> tuple[bytes, bool]:
    """What the child says before it ends; whether its time was over."""
    text = b""
    while True:
        ready, _, _ = select.select([answer, watched], [], [], max(0.0, until - time.monotonic()))
        if watched in ready and not os.read(watched, 1):
            raise ParentGone
        if answer in ready:
            part = os.read(answer, 1 << 16)
            if not part:
                return text, False
            text += part
        elif time.monotonic() >= until:
            return b"", True


def _kill_group(child: int) -> None:
    for kill in (os.killpg, os.kill):
        with contextlib.suppress(ProcessLookupError, PermissionError):
            kill(child, signal.SIGKILL)


def _be_the_child(run: Run, limits: Limits, folder: Path, given: int, alive: int) -> NoReturn:
    code = 1
    try:
        os.setpgid(0, 0)
        _die_with_the_parent(alive)
        os.chdir(folder)
        try:
            _limit_memory(limits.memory)
            said = run()
        except BaseException as error:
            failure, detail = of_exception(error)
            words = shortened(f"{type(error).__name__}: {error}")
            said = {"failure": failure, "detail": detail, "message": words}
        os.write(given, json.dumps(said).encode())
        code = 0
    finally:
        os._exit(code)


def _die_with_the_parent(alive: int) -> None:
    """Linux kills the child with its parent; elsewhere a thread sees the pipe end."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PARENT_DIES, signal.SIGKILL)
        if select.select([alive], [], [], 0)[0]:  # it went before the call
            os._exit(9)
        return

    def follow() -> None:
        os.read(alive, 1)
        os._exit(9)

    threading.Thread(target=follow, daemon=True).start()


def _own_data() -> int:
    """Bytes of this process that a fork shares from its start: all but what is mapped from files."""
    with contextlib.suppress(OSError):
        _, resident, shared, *_ = Path("/proc/self/statm").read_text().split()
        return (int(resident) - int(shared)) * os.sysconf("SC_PAGE_SIZE")
    return 0


def _limit_memory(most: int) -> None:
    """RLIMIT_AS: what is mapped now, and `most` bytes more."""
    mapped = 1 << 30
    with contextlib.suppress(OSError):
        mapped = int(Path("/proc/self/statm").read_text().split()[0]) * os.sysconf("SC_PAGE_SIZE")
    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    wanted = mapped + most
    resource.setrlimit(resource.RLIMIT_AS, (wanted if hard == resource.RLIM_INFINITY else min(wanted, hard), hard))

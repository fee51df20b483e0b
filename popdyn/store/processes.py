"""Who a process is, and whether it still runs: more than a process id, which is given again to others."""

from __future__ import annotations

import os
import socket
from dataclasses import dataclass
from functools import cache
from pathlib import Path


@dataclass(frozen=True)
class Process:
    """A process: host, its boot (and container), process id, start in the boot's clock ticks; "" where unknown."""

    host: str
    boot: str
    pid: int
    start: str


def this_process() -> Process:
    """The process that asks."""
    return Process(socket.gethostname(), _boot(), os.getpid(), _start(os.getpid()))


def runs(process: Process) -> bool | None:
    """Whether a process still runs; None where this machine cannot know (another host, another container)."""
    if process.host != socket.gethostname() or process.boot != _boot():
        return None
    try:
        os.kill(process.pid, 0)
    except ProcessLookupError:
        return False
    except (PermissionError, OverflowError):
        pass
    found = _start(process.pid)
    return not (found and process.start and found != process.start)


@cache
def _boot() -> str:
    """The kernel's id of this boot and of the space that process ids are counted in; "" where there is no /proc."""
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
        return f"{boot}.{Path('/proc/self/ns/pid').stat().st_ino}"
    except OSError:
        return ""


def _start(pid: int) -> str:
    """Field 22 of /proc/PID/stat; the command's name, field 2, may hold anything but ends with the last ")"."""
    try:
        return Path(f"/proc/{pid}/stat").read_bytes().rpartition(b")")[2].split()[19].decode("ascii")
    except (OSError, IndexError):
        return ""

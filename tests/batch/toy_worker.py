"""A worker of toy jobs through popdyn's own runner: `python -P -m toy_worker`. What a job does stands in its work."""

import ctypes
import errno
import hashlib
import os
import signal
import time
from pathlib import Path

from popdyn.batch.worker import serve

MODULE = "toy_worker"


def content(number):
    return hashlib.sha256(b"content %d" % number).digest() * 2000


def _segfault():
    ctypes.string_at(0)


def _hang():
    while True:
        time.sleep(60)


def _take_memory():
    blocks = []
    while True:
        blocks.append(bytearray(16 << 20))


def _model():
    raise ValueError("a rate below zero")


def _killed():
    os.kill(os.getpid(), signal.SIGKILL)


def _kill_worker():
    os.kill(os.getppid(), signal.SIGKILL)
    time.sleep(60)


BEHAVIOURS = {
    "segfault": _segfault,
    "hang": _hang,
    "memory": _take_memory,
    "model": _model,
    "killed": _killed,
    "kill_worker": _kill_worker,
}


def perform(work, folder, memory):
    """Fills result.h5 with what the number says, in two pieces; `log`: a file that hears of every execution."""
    number = work["number"]
    if work.get("log"):
        with Path(work["log"]).open("a") as log:
            log.write(f"{number} {'again' if Path(work['place']).exists() else 'first'}\n")
    if work.get("do") in BEHAVIOURS:
        BEHAVIOURS[work["do"]]()
    if work.get("do") == "once":  # dies at its first execution only
        mark = Path(work["mark"])
        if not mark.exists():
            mark.touch()
            _killed()
    if work.get("do") == "full" and not Path(work["mark"]).exists():
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    if work.get("do") == "environment":
        said = [f"{name}={value}" for name, value in os.environ.items() if "\n" not in value]
        said.append("preferences=" + Path("brian_preferences").read_text().replace("\n", " "))
        Path(work["out"]).write_text("\n".join(said))
    whole = content(number)
    with (folder / "result.h5").open("wb") as file:
        for start in (0, len(whole) // 2):
            file.write(whole[start : start + len(whole) // 2])
            file.flush()
            time.sleep(work.get("pause", 0.0))
    return {"toy": number}


if __name__ == "__main__":
    serve(perform, lambda unit: None)

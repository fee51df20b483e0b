"""Kill a campaign at random moments until so many kills have struck, then let it finish; what was left is counted."""

import contextlib
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

WAITED = 0.8
"""Share of the strikes that wait until a job is being done: else most would hit a start."""
TARGETS = {"worker": 3, "supervisor": 1, "group": 1}
"""What is killed, and how often of five times: workers most, as their supervisor then goes on."""


def children(pid):
    """Process ids below one, their children's too."""
    found, left = [], [pid]
    while left:
        parent = left.pop()
        below = _children(parent)
        found += below
        left += below
    return found


def _children(pid):
    """Of all its threads; of one that ends meanwhile, those that were read."""
    below = []
    with contextlib.suppress(OSError):
        for task in Path(f"/proc/{pid}/task").glob("*/children"):
            below += [int(word) for word in task.read_text().split()]
    return below


def at_work(pid):
    """Whether a worker has forked for a job: a child of a child."""
    return any(children(below) for below in children(pid))


def strike(process, target, rng):
    """One SIGKILL (or one for each of the group); whether it hit anything that was alive."""
    below = children(process.pid)
    if target == "worker":
        victims = [rng.choice(below)] if below else []
    elif target == "supervisor":
        victims = [process.pid]
    else:
        victims = [process.pid, *below]
    hit = 0
    for pid in victims:
        try:
            os.kill(pid, signal.SIGKILL)
            hit += 1
        except ProcessLookupError:
            pass
    return hit > 0 and process.poll() in (None, -signal.SIGKILL)


def campaign_of_kills(command, kills, *, seed, longest):
    """Start the command, strike after a random time, start it again when it is gone; at last let it end by itself.

    Returns (kills that struck, by target; starts).
    """
    rng = random.Random(seed)
    struck, starts, process = dict.fromkeys(TARGETS, 0), 0, None
    try:
        while sum(struck.values()) < kills:
            if process is None or process.poll() is not None:
                assert process is None or process.returncode in (0, -signal.SIGKILL), process.returncode
                if process is not None and process.returncode == 0:
                    break  # it ended: the caller has given it too little to do
                process, starts = subprocess.Popen(command, stdout=sys.stderr), starts + 1
            until = time.monotonic() + (20.0 if rng.random() < WAITED else 0.0)
            while time.monotonic() < until and process.poll() is None and not at_work(process.pid):
                time.sleep(0.003)
            time.sleep(rng.uniform(0.0, longest))
            target = rng.choices(list(TARGETS), list(TARGETS.values()))[0]
            if process.poll() is None and strike(process, target, rng):
                struck[target] += 1
                if target != "worker":
                    process.wait()
        if process.poll() is None:
            process.wait(600)
        if process.returncode != 0:
            subprocess.run(command, check=True)
    finally:
        if process is not None and process.poll() is None:
            strike(process, "group", rng)
            process.wait()
    return struck, starts


def orphans(mark):
    """Processes that still have the mark in their environment."""
    left = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if mark.encode() in (folder / "environ").read_bytes() and int(folder.name) != os.getpid():
                left.append((int(folder.name), (folder / "cmdline").read_bytes()))
        except OSError:
            continue
    return left

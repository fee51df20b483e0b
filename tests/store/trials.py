"""Races and kills with real processes; the counts are what the slow rows raise."""

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

from popdyn.store import Store

from .toy_writer import content, key_of

TESTS = Path(__file__).parents[1]


def start(module, *arguments):
    environment = dict(os.environ, PYTHONPATH=os.pathsep.join([str(TESTS), str(TESTS.parent)]))
    command = [sys.executable, "-m", f"store.{module}", *map(str, arguments)]
    return subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def race(root, count, processes=8):
    """How many publishes lost a race; raises where not every key has exactly one whole object."""
    children = [start("racer", root, count, time.time() + 1.5) for _ in range(processes)]
    lost = 0
    for child in children:
        out, errors = child.communicate(timeout=600)
        if child.returncode:
            raise RuntimeError(errors)
        lost += int(out)
    store = Store(root)
    wrong = [number for number in range(count) if not store.find(key_of(number))]
    if wrong or len(list(store.keys())) != count or (root / "quarantine").exists() or os.listdir(root / "staging"):
        raise AssertionError(f"missing {wrong}, or something left over")
    return lost


def kill(root, count, seed):
    """SIGKILLs of a process that publishes without pause: (published, drafts left by the killed); raises for a loss."""
    rng, done, left = random.Random(seed), 0, 0
    for _ in range(count):
        child = start("toy_writer", root, done, 10**6)
        if not child.stdout.readline():
            raise RuntimeError(child.communicate()[1])
        time.sleep(rng.uniform(0.0, 0.05))
        child.send_signal(signal.SIGKILL)
        child.communicate()
        left += len(os.listdir(root / "staging"))
        done = _whole(root, done)
    return done, left


def _whole(root, before):
    """How many are there, one after the other; those since the last kill are compared."""
    store, number = Store(root), before
    while store.find(key_of(number)) is not None:
        if (store.path(key_of(number)) / "result.h5").read_bytes() != content(number):
            raise AssertionError(f"{number} is not what was written")
        number += 1
    if len(list(store.keys())) != number:
        raise AssertionError(f"{number} in a row, and others")
    return number

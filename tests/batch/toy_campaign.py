"""Toy jobs as tasks of a supervisor."""

import hashlib

from popdyn.batch.task import Task
from popdyn.batch.unit import Limits

ROOMY = Limits(memory=256 << 20, time=30.0)


def key_of(number, do=""):
    return hashlib.sha256(f"toy job {number} {do}".encode()).hexdigest()


def toy(number, do="", *, limits=ROOMY, cpu_s=1.0, start_s=0.0, store=None, log=None, **work):
    key = key_of(number, do)
    place = "" if store is None else str(store.path(key))
    document = {"number": number, "do": do, "log": str(log or ""), "place": place, **work}
    return Task(key, lambda: document, limits, cpu_s, start_s)

"""Which class a failure is of, and what to do next; both read only what they are handed."""

from __future__ import annotations

import errno
import signal
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from popdyn.batch.unit import Limits
from popdyn.errors import IntegrityError

_DISK = (
    errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS, errno.EACCES, errno.EPERM, errno.EIO, errno.ENXIO,
    errno.ESTALE, errno.ETIMEDOUT,
)  # fmt: skip
NEAR = 0.9
"""Of its memory: a process that dies of a signal above this share of its limit ran out of it."""


@dataclass(frozen=True)
class Tries:
    """How often a job is tried again: after a lack of resources with twice as much, after a worker's death as it is."""

    resources: int = 1
    infrastructure: int = 2


@dataclass(frozen=True)
class GivenUp:
    """No further attempt: `state` is failed or parked."""

    state: str
    why: str


def of_exception(error: BaseException) -> tuple[str, str]:
    """(class, detail) of what a job raised."""
    if isinstance(error, IntegrityError):
        return "integrity", ""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, OSError) and cause.errno in _DISK:
            return "resources", "disk"
        if isinstance(cause, OSError) and cause.errno == errno.ENOMEM:
            return "resources", "memory"
        if isinstance(cause, ChildProcessError) and cause.errno is None:  # it holds a signal's name, see tasks
            return "infrastructure", str(cause)
        cause = cause.__cause__
    if isinstance(error, MemoryError):
        return "resources", "memory"
    return "model", type(error).__name__


def of_signal(number: int, memory: int, limits: Limits) -> tuple[str, str]:
    """(class, detail) of a process that a signal ended, having had `memory` bytes at the most."""
    if memory >= NEAR * limits.memory:
        return "resources", "memory"
    try:
        return "infrastructure", signal.Signals(number).name
    except ValueError:
        return "infrastructure", f"signal {number}"


def decide(attempts: Sequence[Mapping[str, Any]], limits: Limits, tries: Tries) -> Limits | GivenUp:
    """The limits of the next attempt, or that there is none; a function of the attempts alone, whoever made them.

    A record that cannot be read counts as a worker's death.
    """
    classes = [str(one.get("failure", "infrastructure")) for one in attempts]
    for name in ("integrity", "model"):
        if name in classes:
            return GivenUp("failed", str(attempts[classes.index(name)].get("message", name)))
    deaths = classes.count("infrastructure")
    if deaths > tries.infrastructure:
        return GivenUp("parked", f"its worker died {deaths} times")
    for detail in ("memory", "time"):
        found = [float(one["limits"][detail]) for one in attempts if one.get("detail") == detail and "limits" in one]
        tried = [most for most in found if most >= getattr(limits, detail)]  # with less than the file allows now: none
        if len(tried) > tries.resources:
            return GivenUp("failed", f"out of {detail} at {_shown(detail, max(tried))}")
        for _ in tried:
            limits = limits.doubled(detail)
    return limits


def _shown(detail: str, value: float) -> str:
    return f"{value / 2**30:.2f} GiB" if detail == "memory" else f"{value:.0f} s"

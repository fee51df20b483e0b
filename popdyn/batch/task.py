"""A planned job, and how many short ones share the start of a worker process."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from popdyn.batch.unit import Limits

START_SHARE = 0.05
"""Of a unit's CPU time that its start may take; jobs are batched until it is."""
MOST = 32
SPARE = 4
"""Units for each worker at the least, so that the last ones end together."""


@dataclass(frozen=True)
class Task:
    """One job of a campaign: its key, its document when it is needed, estimated CPU seconds of it and of a start.

    `warm`: jobs of one such word share compiled code; the first of them runs before the others. "": nothing to compile.
    """

    key: str
    work: Callable[[], Mapping[str, Any]]
    limits: Limits
    cpu_s: float
    start_s: float
    warm: str = ""


def batch_size(task: Task, waiting: int, width: int) -> int:
    """Jobs like this one that go into one unit.

    START_SHARE >= start / (start + n cpu), at most MOST, and SPARE units for each of `width` workers.
    Example: batch_size of 2 s jobs after a start of 2 s is 19, of 100 s jobs 1.
    """
    enough = task.start_s * (1.0 / START_SHARE - 1.0) / max(task.cpu_s, 1e-3)
    return max(1, min(round(enough), MOST, waiting // (SPARE * max(1, width))))

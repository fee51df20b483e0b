"""Chunks in this process instead of one each: for a process that was started for one job and has imported Brian2."""

from __future__ import annotations

import os
from collections.abc import Sequence

from popdyn.ground_truth.tasks import Progress, Task, run_tasks, tidy


def run_inside(tasks: Sequence[Task], workers: int, progress: Progress | None, what: str) -> None:
    """What `run_tasks` does; tasks that can be done here are, one after the other.

    Only in a process with popdyn's own Brian2 preferences, and nothing else to do: the current directory changes.
    """
    home = os.getcwd()
    for task in tasks:
        if task.here is None:
            run_tasks([task], workers, progress, what)
            continue
        if task.prepare is not None:
            task.prepare()
        os.chdir(task.directory)
        try:
            task.here()
        finally:
            os.chdir(home)
        tidy(task)

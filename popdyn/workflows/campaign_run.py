"""Run a campaign, or go on with it: what is there is not computed again."""

from __future__ import annotations

import contextlib
import signal
import sys
import threading
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from types import FrameType

from popdyn.batch.engines import Engine, LocalEngine
from popdyn.batch.supervisor import Interrupts, Supervisor, Watch
from popdyn.batch.tally import Journal, Tally
from popdyn.errors import UsageError
from popdyn.store import Store, index
from popdyn.store.failures import clear
from popdyn.store.processes import this_process
from popdyn.types import Progress
from popdyn.workflows.campaign import Campaign, open_campaign_file
from popdyn.workflows.campaign_jobs import Planned, planned_jobs, worker_of
from popdyn.workflows.campaign_keys import keep_keys
from popdyn.workflows.campaign_plan import Plan, check_room, plan_of

PARTIAL, INTEGRITY = 3, 5


@dataclass(frozen=True)
class Shard:
    """Part `number` of `count`, from 1: every count-th job."""

    number: int = 1
    count: int = 1

    @staticmethod
    def of(text: str) -> Shard:
        """The shard of "3/20"."""
        number, _, count = text.partition("/")
        if number.isdigit() and count.isdigit() and 1 <= int(number) <= int(count) <= 10_000:
            return Shard(int(number), int(count))
        raise UsageError(f"--shard: got {text!r}; allowed: NUMBER/COUNT such as 3/20, from 1")

    @property
    def name(self) -> str:
        return f"{self.number}-of-{self.count}"

    def part(self, jobs: Sequence[Planned]) -> list[Planned]:
        return list(jobs[self.number - 1 :: self.count])


@dataclass(frozen=True)
class Ran:
    """A campaign, its jobs, and what became of them in this run."""

    campaign: Campaign
    jobs: list[Planned]
    tally: Tally

    @property
    def exit_code(self) -> int:
        """0, 3 where some jobs failed, 5 where results differ."""
        if any(one["failure"] == "integrity" for one in self.tally.failed.values()):
            return INTEGRITY
        return PARTIAL if self.tally.failed else 0


def prepare(path: str | Path, store: str | Path | None = None) -> tuple[Campaign, list[Planned], Store]:
    """A campaign file with its jobs, and the store."""
    campaign, shelf = open_campaign_file(path), Store(store)
    return campaign, planned_jobs(campaign), shelf


def plan_campaign(path: str | Path, *, store: str | Path | None = None, workers: int | None = None) -> Plan:
    """What it would take."""
    campaign, jobs, shelf = prepare(path, store)
    return plan_of(campaign, jobs, shelf, workers)


def run_campaign(
    path: str | Path, *, store: str | Path | None = None, engine: Engine | None = None, workers: int | None = None,
    shard: Shard | None = None, retry: bool = False, progress: Progress | None = None,
) -> Ran:  # fmt: skip
    """Do every job that is not done.

    Parameters
    ----------
    engine : None: worker processes on this machine, `workers` at a time [default: the cores at hand]
    shard : do this part alone; several shards may run at once on one store
    retry : forget failed attempts first, so that what was given up is tried again

    Ctrl-C once: what runs is finished; twice: it is ended; KeyboardInterrupt is raised either way.
    Raises SpecError for the file's faults, ResourceError where the disk is full.
    """
    campaign, jobs, shelf = prepare(path, store)
    own = (shard or Shard()).part(jobs)
    plan = plan_of(campaign, own, shelf, workers)
    check_room(plan)
    if retry:
        for one in own:
            clear(shelf.root, one.key)
    keep_keys(campaign, shelf.root, jobs)
    journal = Journal(campaign.folder(shelf.root), (shard or Shard()).name, {"process": asdict(this_process())})
    width = min(plan.workers, max(1, plan.jobs - plan.done))
    interrupts = Interrupts()
    supervisor = Supervisor(
        shelf, engine or LocalEngine(width), worker_of(campaign), campaign.file.tries, journal, _watch(progress),
        interrupts,
    )  # fmt: skip
    with _heard(interrupts):
        tally = supervisor.run([one.task for one in own])
    if tally.done:
        index.refresh(shelf.root)
    if interrupts.asked:
        raise KeyboardInterrupt
    return Ran(campaign, own, tally)


def _watch(progress: Progress | None) -> Watch | None:
    if progress is None:
        return None
    return lambda tally: progress(tally.settled / max(1, tally.total), f"campaign: {tally.words()}")


@contextlib.contextmanager
def _heard(interrupts: Interrupts) -> Iterator[None]:
    """Ctrl-C counts instead of raising; a request to terminate counts twice."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def hear(number: int, _frame: FrameType | None) -> None:
        interrupts.asked += 2 if number == signal.SIGTERM else 1
        words = "ending what runs" if interrupts.asked > 1 else "finishing what runs; Ctrl-C again ends it at once"
        sys.stderr.write(f"popdyn: {words}\n")

    before = {number: signal.signal(number, hear) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)

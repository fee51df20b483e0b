"""What a campaign would take, before anything starts."""

from __future__ import annotations

import shutil
from dataclasses import asdict, dataclass
from typing import Any

from popdyn.batch.tally import duration_words
from popdyn.batch.task import batch_size
from popdyn.errors import ResourceError
from popdyn.ground_truth.cost import COSTS
from popdyn.ground_truth.memory import SHARE, available
from popdyn.ground_truth.simulation import cores
from popdyn.store import Store
from popdyn.workflows.campaign import Campaign
from popdyn.workflows.campaign_jobs import Planned


@dataclass(frozen=True)
class Plan:
    """Jobs, those that are there, and what the others are expected to take: CPU and clock [s], bytes."""

    name: str
    do: str
    dimensions: dict[str, int]
    jobs: int
    done: int
    cpu_s: float
    compile_s: float
    start_s: float
    wall_s: float
    workers: int
    memory: int
    disk: int
    free_disk: int
    store: str

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)

    def lines(self) -> list[str]:
        """What `popdyn batch plan` prints."""
        sizes = " x ".join(f"{name} {size}" for name, size in self.dimensions.items())
        left = self.jobs - self.done
        cpu = self.cpu_s + self.start_s + self.compile_s
        compiling = f", of them up to {duration_words(self.compile_s)} to compile" if self.compile_s else ""
        return [
            f"campaign  {self.name}: {self.do}, {sizes} = {self.jobs} jobs, {self.done} done, {left} to do",
            f"CPU       about {duration_words(cpu)}{compiling}",
            f"time      about {duration_words(self.wall_s)} with {self.workers} workers",
            f"memory    about {self.memory / 2**20:.0f} MiB for each worker beyond its start",
            f"disk      about {self.disk / 2**20:.1f} MiB, {self.free_disk / 2**30:.1f} GiB free",
            f"store     {self.store}",
        ]


def plan_of(campaign: Campaign, jobs: list[Planned], store: Store, workers: int | None = None) -> Plan:
    """The plan of a campaign; whether a result is there is read off its folder, it is verified when it is used."""
    left = [one for one in jobs if not store.path(one.key).is_dir()]
    width = workers or fitting_workers(jobs)
    warm = {one.task.warm: one.task for one in left if one.task.warm}
    compile_s = sum(_compile_s(one) for one in {one.task.warm: one for one in left if one.task.warm}.values())
    cpu_s = sum(one.task.cpu_s for one in left)
    start_s = sum(one.task.start_s / batch_size(one.task, len(left), width) for one in left)
    busy = min(width, max(1, len(left)))
    free = next(parent for parent in (store.root, *store.root.parents) if parent.is_dir())
    return Plan(
        name=campaign.file.name, do=campaign.file.do, dimensions=dict(zip(campaign.names, campaign.shape, strict=True)),
        jobs=len(jobs), done=len(jobs) - len(left), cpu_s=cpu_s, compile_s=compile_s, start_s=start_s,
        wall_s=(cpu_s + start_s) / busy + compile_s / max(1, min(width, len(warm))), workers=width,
        memory=max((one.memory for one in left), default=0), disk=sum(one.disk for one in left),
        free_disk=shutil.disk_usage(free).free, store=str(store.root),
    )  # fmt: skip


def _compile_s(one: Planned) -> float:
    backend = one.task.work().get("backend")
    return COSTS[backend].compile if backend in COSTS else 0.0


def fitting_workers(jobs: list[Planned]) -> int:
    """The cores at hand, fewer where memory is short."""
    most = max((one.memory for one in jobs), default=0) + (200 << 20)
    return max(1, min(cores(), int(SHARE * available() // most)))


def check_room(plan: Plan) -> None:
    """Raise ResourceError where the results cannot fit."""
    if plan.disk > plan.free_disk:
        raise ResourceError(
            f"{plan.store}: the results need about {plan.disk / 2**30:.2f} GiB, {plan.free_disk / 2**30:.2f} GiB are "
            "free; nothing was started; make room, or use another --store"
        )

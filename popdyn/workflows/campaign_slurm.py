"""A campaign as an sbatch array script: shards that share the store and nothing else."""

from __future__ import annotations

import math
import re
import shlex
import sys
from pathlib import Path

from popdyn.errors import UsageError
from popdyn.workflows.campaign_jobs import Planned
from popdyn.workflows.campaign_run import prepare
from popdyn.workflows.progress import plain

BASE_MEMORY = 1 << 30
LATE = 300
"""Seconds before its time is over that SLURM tells a shard, which then ends; the next submission goes on."""

SCRIPT = """\
#!/bin/bash
# Campaign {name}: {jobs} jobs in {shards} shards. Read it, change what your cluster wants (partition, account), then
#   sbatch {file}
# Submitting again goes on where it ended: results are in the store, which all nodes must see.
#SBATCH --job-name=popdyn-{word}
#SBATCH --array=1-{shards}
#SBATCH --nodes=1
#SBATCH --ntasks=1
#SBATCH --cpus-per-task={cpus}
#SBATCH --mem={memory}M
#SBATCH --time={time}
#SBATCH --output=popdyn-{word}-%A_%a.log
#SBATCH --signal=B:TERM@{late}
set -euo pipefail
export OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 MKL_NUM_THREADS=1 NUMBA_NUM_THREADS=1
# compiled code on the node's own disk: compilers lock files, which network file systems do badly
local_disk=${{SLURM_TMPDIR:-${{TMPDIR:-/tmp}}}}/popdyn-$(id -u)
mkdir -p -m 700 "$local_disk"
export XDG_CACHE_HOME=$local_disk
exec {python} -m popdyn batch run {campaign} --store {store} --workers {cpus} --shard "$SLURM_ARRAY_TASK_ID/{shards}"
"""


def write_script(
    path: str | Path, *, shards: int, cpus: int, store: str | Path | None = None, out: str | Path | None = None
) -> Path:
    """Write the script beside the caller; what it asks for comes from the plan. Returns its path."""
    for name, value, most in (("--shards", shards, 10_000), ("--cpus", cpus, 1024)):
        if not 1 <= value <= most:
            raise UsageError(f"{name}: got {value}; allowed: 1 to {most}")
    campaign, jobs, shelf = prepare(path, store)
    place = Path(out) if out is not None else Path(f"{Path(path).stem}.sbatch")
    text = SCRIPT.format(
        name=campaign.file.name, jobs=len(jobs), shards=shards, file=plain(shlex.quote(str(place))),
        word=re.sub(r"[^A-Za-z0-9_-]+", "-", campaign.file.name)[:40], cpus=cpus, memory=_megabytes(jobs, cpus),
        time=_clock(jobs, shards, cpus), late=LATE, python=shlex.quote(sys.executable),
        campaign=shlex.quote(str(Path(path).absolute())), store=shlex.quote(str(shelf.root)),
    )  # fmt: skip
    place.write_text(text, encoding="utf-8")
    return place


def _megabytes(jobs: list[Planned], cpus: int) -> int:
    most = max(one.task.limits.memory for one in jobs)
    return math.ceil(cpus * (BASE_MEMORY + most) / 2**20)


def _clock(jobs: list[Planned], shards: int, cpus: int) -> str:
    """Three times the estimate of a shard and one longest job, in SLURM's HH:MM:SS."""
    cpu_s = sum(one.task.cpu_s + one.task.start_s for one in jobs) / shards / cpus
    seconds = int(3 * cpu_s + max(one.task.limits.time for one in jobs) + LATE)
    return f"{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}"

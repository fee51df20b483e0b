"""What a campaign costs beside a script per job: python benchmarks/batch_overhead.py [JOBS] [--single] [--brian2].

bare_job.py does the same work, the same simulation of the same job, without a runner. CPU of all processes, planning
and publishing included; the clock of the scripts one after the other beside that of the campaign with two workers.
--single: also with every job in a worker process of its own. --brian2: also plain_job.py, what a user might write with
the same neurons, steps and recorded means.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from popdyn.workflows.campaign import open_campaign_file
from popdyn.workflows.campaign_jobs import planned_jobs

HERE = Path(__file__).parent
SIZE, MU, SIGMA, DT, DURATION = 2000, 1.0, 0.0632455532, 5e-5, 0.65
CAMPAIGN = f"""
schema = 1
replicates = {{jobs}}
[spec]
schema = 1
[spec.populations.E]
size = {SIZE}
[spec.populations.E.neuron]
model = "lif"
C_m = "200 pF"
g_L = "10 nS"
E_L = "-65 mV"
V_th = "-50 mV"
V_reset = "-70 mV"
t_ref = "2 ms"
[spec.populations.E.noise]
mu = "1 mV/ms"
sigma = "2 mV/sqrt(ms)"
[spec.protocols.rest]
duration = "{DURATION * 1e3:.0f} ms"
transient = "0 ms"
[truth]
backend = "numpy"
dt = "{DT * 1e3:g} ms"
"""
SINGLE = "import popdyn.batch.task as t; t.MOST = 1; from popdyn.cli import main; import sys; sys.exit(main())"
ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")


def measured(commands: list[list[str]]) -> tuple[float, float]:
    """CPU of all processes and time of the clock [s]."""
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    for command in commands:
        subprocess.run(command, check=True, env={**os.environ, **ONE_THREAD}, stdout=subprocess.DEVNULL,
                       stderr=subprocess.DEVNULL)  # fmt: skip
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return cpu, time.perf_counter() - began


def plain(folder: Path, jobs: int) -> list[list[str]]:
    commands = []
    for seed in range(jobs):
        numbers = {"seed": seed, "size": SIZE, "mu": MU, "sigma": SIGMA, "dt": DT, "duration": DURATION}
        (folder / f"{seed}.json").write_text(json.dumps(numbers))
        script = str(HERE / "plain_job.py")
        commands.append([sys.executable, script, str(folder / f"{seed}.json"), str(folder / f"{seed}.h5")])
    return commands


def bare(folder: Path, jobs: int) -> list[list[str]]:
    (folder / "campaign.toml").write_text(CAMPAIGN.format(jobs=jobs))
    commands = []
    for number, one in enumerate(planned_jobs(open_campaign_file(folder / "campaign.toml"))):
        job, script = folder / f"job-{number}.json", str(HERE / "bare_job.py")
        job.write_text(json.dumps(one.task.work()))
        commands.append([sys.executable, script, str(job), str(job.with_suffix(".h5"))])
    return commands


def campaign(folder: Path, jobs: int, name: str, start: list[str]) -> list[list[str]]:
    file = folder / "campaign.toml"
    file.write_text(CAMPAIGN.format(jobs=jobs))
    return [[sys.executable, *start, "batch", "run", str(file), "--workers", "2", "--store", str(folder / name)]]


def main(jobs: int, options: set[str]) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        found = {"bare scripts": measured(bare(folder, jobs))}
        found["campaign"] = measured(campaign(folder, jobs, "batched", ["-m", "popdyn"]))
        if "--single" in options:
            found["campaign, single"] = measured(campaign(folder, jobs, "single", ["-c", SINGLE]))
        if "--brian2" in options:
            found["plain Brian2"] = measured(plain(folder, jobs))
    base_cpu, base_wall = found["bare scripts"]
    print(f"{jobs} jobs, load {os.getloadavg()[0]:.1f}")
    for what, (cpu, wall) in found.items():
        beside = f"{cpu / base_cpu - 1:+.1%}), {wall:6.0f} s, {base_wall / wall:.2f} x throughput"
        print(f"{what:<18} {cpu / jobs:6.2f} CPU s per job ({beside}")


if __name__ == "__main__":
    numbers = [int(word) for word in sys.argv[1:] if word.isdigit()]
    main(numbers[0] if numbers else 100, set(sys.argv[1:]))

"""How much memory a job takes, known before any of it is allocated."""

from __future__ import annotations

import os
from pathlib import Path

from popdyn.errors import ResourceError
from popdyn.ground_truth.jobs import Job
from popdyn.ground_truth.plan import Plan
from popdyn.spec.connection import synapse_count

SHARE = 0.6
"""Of the available memory that may be taken unless told otherwise."""

PER_SYNAPSE = {"numpy": 60, "cython": 60, "cpp_standalone": 22}
"""Bytes at the most while the synapses are made, with a weight each: measured on 10 to 16 million."""

DELAYED, STATEFUL = 20, 24
"""More bytes where every synapse has its delay, and where it has a gate or resources."""

PER_NEURON = 400


def needed(job: Job) -> tuple[int, int]:
    """Bytes of each chunk that runs, and bytes once."""
    network, sizes = job.network, {name: job.blocks * job.block_size(name) for name in job.network.populations}
    chunk = PER_NEURON * sum(sizes.values())
    largest = 0
    for projection in Plan(network).projections:
        members = [network.connections[number] for number in projection.connections]
        count = int(sum(synapse_count(one, sizes) for one in members))
        each = PER_SYNAPSE[job.backend] + (DELAYED if projection.delay is None else 0)
        each += STATEFUL if projection.constants else 0
        chunk, largest = chunk + each * count, max(largest, count)
    rows = 1 + len(job.protocol.stimuli)
    table = 8 * job.grid.steps * rows
    return chunk + table, 3 * table + 40 * largest


def fitting_workers(job: Job, workers: int, most: float | None) -> int:
    """As many of the workers as fit into `most` bytes (None: a share of what is available).

    Raises ResourceError where not one does.
    """
    cap = SHARE * available() if most is None else most
    chunk, once = needed(job)
    fits = int((cap - once) // chunk)
    if fits < 1:
        raise ResourceError(
            f"network {job.network.name}: one run needs {(chunk + once) / 2**30:.2f} GiB of memory, of "
            f"{cap / 2**30:.2f} GiB allowed; fewer neurons or synapses, a shorter protocol, or max_memory"
        )
    return max(1, min(workers, fits))


def available() -> float:
    """Memory that can be had without swapping [bytes]."""
    try:
        lines = Path("/proc/meminfo").read_text().splitlines()
        return next(1024.0 * int(line.split()[1]) for line in lines if line.startswith("MemAvailable"))
    except (OSError, StopIteration):
        return float(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"))

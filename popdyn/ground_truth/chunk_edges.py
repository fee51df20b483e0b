"""The synapses of a chunk, projection by projection, and the files that hold them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from popdyn.ground_truth import seeds
from popdyn.ground_truth.coupled_chunk import CoupledChunk, places
from popdyn.ground_truth.edges import Edges, draw, joined
from popdyn.ground_truth.plan import Plan, Projection
from popdyn.ground_truth.receptors import jump_per_J

BULKY = "edges-*.bin"


def connection_edges(chunk: CoupledChunk, number: int) -> Edges:
    """The synapses of connection `number` of the network, between neurons of its populations."""
    network = chunk.job.network
    connection = network.connections[number]
    rng = np.random.default_rng(
        seeds.sequence(chunk.job.seed, seeds.EDGES, chunk.number * len(network.connections) + number)
    )
    post = chunk.size(connection.post)
    edges = draw(connection, chunk.size(connection.pre), post, chunk.job.dt, rng)
    chunk.indegrees[number] = np.bincount(edges.targets, minlength=post)
    return edges


def projection_edges(chunk: CoupledChunk, projection: Projection) -> Edges:
    """The synapses of a projection, between neurons of its groups."""
    connections = chunk.job.network.connections
    first = {name: place[1] for name, place in zip(chunk.job.network.populations, places(chunk), strict=True)}
    parts = [
        (connection_edges(chunk, number), first[connections[number].pre], first[connections[number].post])
        for number in projection.connections
    ]
    pre = chunk.drives.plan.groups[projection.pre]
    return joined(parts, sum(chunk.size(population.name) for population in pre.populations))


def weighted(plan: Plan) -> list[bool]:
    """Of each projection: whether its synapses differ in weight."""
    found = []
    for projection in plan.projections:
        members = [plan.network.connections[number] for number in projection.connections]
        jumps = {one.synapse.J * jump_per_J(one.synapse) for one in members}
        scattered = any(one.synapse.weight is not None or one.edges is not None for one in members)
        found.append(scattered or len(jumps) > 1)
    return found


def arrays(chunk: CoupledChunk, number: int) -> dict[str, NDArray[Any] | float]:
    """offsets, targets, jump [of the receptor's variable], delay [s] of projection `number` as Brian2 is to have them.

    Its spikes meet the synapses one step after they were made, hence a delay of one step less.
    """
    projection = chunk.drives.plan.projections[number]
    edges = projection_edges(chunk, projection)
    several = weighted(chunk.drives.plan)[number]
    count = len(edges.targets)
    found: dict[str, NDArray[Any] | float] = {"offsets": edges.offsets, "targets": edges.targets}
    found["jump"] = np.broadcast_to(np.float32(edges.jump), count) if several else float(np.asarray(edges.jump))
    if projection.delay is None:
        found["delay"] = np.broadcast_to((np.asarray(edges.steps, dtype=np.float64) - 1) * chunk.job.dt, count)
    else:
        found["delay"] = (round(projection.delay / chunk.job.dt) - 1) * chunk.job.dt
    return found


def write(chunk: CoupledChunk, directory: Path) -> None:
    """edges-offsets-0.bin, edges-targets-0.bin, edges-jump-0.bin, edges-delay-0.bin, ... of the arrays."""
    for number in range(len(chunk.drives.plan.projections)):
        for name, values in arrays(chunk, number).items():
            if isinstance(values, np.ndarray):
                values.tofile(directory / f"edges-{name}-{number}.bin")


def arguments(chunk: CoupledChunk) -> list[str]:
    """Brian2's run arguments of the projections; no edge is drawn for them."""
    found, plan = [], chunk.drives.plan
    for number, (projection, several) in enumerate(zip(plan.projections, weighted(plan), strict=True)):
        one = plan.network.connections[projection.connections[0]].synapse
        jump = f"edges-jump-{number}.bin" if several else repr(one.J * jump_per_J(one))
        found.append(f"s{number}.jump={jump}")
        delay = projection.delay
        steps = "" if delay is None else repr((round(delay / chunk.job.dt) - 1) * chunk.job.dt)
        found.append(f"s{number}.delay={steps or f'edges-delay-{number}.bin'}")
        found += [f"s{number}.{name}={value!r}" for name, value in projection.constants]
        if projection.kind == "tsodyks_markram":
            found.append(f"s{number}.x=1.0")
    return found

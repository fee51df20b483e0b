"""Edges of a projection with their weights and delays, sorted by source, in 4 to 10 bytes each."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from popdyn.errors import UsageError
from popdyn.ground_truth.edge_rules import Wiring, wiring
from popdyn.ground_truth.plan import common_delay
from popdyn.ground_truth.receptors import jump_per_J
from popdyn.spec.network import Connection

BATCH = 1 << 20
LOST = 1e-3
"""Largest share of a distribution of delays that may lie below the step, and is raised to it."""


@dataclass(frozen=True)
class Edges:
    """Synapses of one connection or projection: `offsets` (pre + 1) into targets; `jump` of the receptor's variable
    per spike; `steps` from spike to arrival. One number where all are equal."""

    offsets: NDArray[np.int64]
    targets: NDArray[np.int32]
    jump: NDArray[np.float32] | float
    steps: NDArray[np.uint16] | int

    def sources(self) -> NDArray[np.int32]:
        return np.repeat(np.arange(len(self.offsets) - 1, dtype=np.int32), np.diff(self.offsets))


def draw(connection: Connection, pre: int, post: int, dt: float, rng: np.random.Generator) -> Edges:
    """The synapses of a connection from `pre` to `post` neurons."""
    drawn = wiring(connection, pre, post, rng)
    scale = jump_per_J(connection.synapse)
    jump: NDArray[np.float32] | float
    steps: NDArray[np.uint16] | int
    if connection.edges is not None:
        order = np.argsort(connection.edges.source, kind="stable")
        jump = (connection.edges.weight[order] * scale).astype(np.float32)
        steps = np.maximum(np.round(connection.edges.delay[order] / dt), 1).astype(np.uint16)
    else:
        jump, steps = _jumps(connection, drawn, scale, rng), _steps(connection, drawn, dt, rng)
    offsets = np.concatenate([[0], np.cumsum(drawn.counts)]).astype(np.int64)
    return Edges(offsets, drawn.targets, jump, steps)


def _jumps(
    connection: Connection, drawn: Wiring, scale: float, rng: np.random.Generator
) -> NDArray[np.float32] | float:
    weight = connection.synapse.weight
    if weight is None:
        return connection.synapse.J * scale
    values = np.empty(len(drawn.targets), dtype=np.float32)
    for first in range(0, len(values), BATCH):
        part = values[first : first + BATCH]
        part[:] = scale * weight.quantile(rng.random(len(part)))
    return values


def _steps(connection: Connection, drawn: Wiring, dt: float, rng: np.random.Generator) -> NDArray[np.uint16] | int:
    delays = connection.synapse.delays
    if delays is None:
        return round(connection.synapse.delay / dt)
    values = np.empty(len(drawn.targets), dtype=np.uint16)
    for first in range(0, len(values), BATCH):
        part = values[first : first + BATCH]
        part[:] = np.clip(np.round(delays.quantile(rng.random(len(part))) / dt), 1, 65535)
    return values


def check_delay(connection: Connection, dt: float) -> None:
    """Delays are whole steps, one at least; those of a distribution or a table are rounded to them.

    Raises UsageError when a constant delay is not, or too much of a distribution lies below the step.
    """
    where, synapse = f"connections {connection.pre} to {connection.post}", connection.synapse
    common = common_delay(connection)
    if common is None and connection.edges is not None:
        lowest = connection.edges.delay.min()
        if lowest < dt * (1 - 1e-6):
            raise UsageError(f"{where}: a delay of {lowest:g} s is below dt = {dt:g} s; lower dt")
    elif common is None and synapse.delays is not None:
        share = np.mean(synapse.delays.quantile((np.arange(10_000) + 0.5) / 10_000) < 0.5 * dt)
        if share > LOST:
            raise UsageError(
                f"{where}: {100 * share:.2g} % of its delays lie below half a step of {dt:g} s; lower dt or truncate "
                f"them: low = {dt:g} s"
            )
    elif common is not None and not whole(common, dt):
        raise UsageError(
            f"{where}: got delay {common:g} s; allowed at dt = {dt:g} s: whole steps from {dt:g} s on; "
            "choose a dt that divides every delay"
        )


def whole(delay: float, dt: float) -> bool:
    """Whether a delay is a whole number of steps, one at least."""
    ratio = delay / dt
    return ratio > 0.5 and abs(ratio - round(ratio)) <= 1e-6 * ratio


def joined(parts: list[tuple[Edges, int, int]], pre: int) -> Edges:
    """One table of several connections; each with the number of its first source and first target in the groups.

    Edges of a source come in the order of the connections.
    """
    if len(parts) == 1 and parts[0][1] == 0 and len(parts[0][0].offsets) == pre + 1:
        one, _, target = parts[0]
        return Edges(one.offsets, one.targets + np.int32(target), one.jump, one.steps)
    counts = np.zeros(pre, dtype=np.int64)
    for one, source, _ in parts:
        counts[source : source + len(one.offsets) - 1] += np.diff(one.offsets)
    offsets = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
    targets = np.empty(offsets[-1], dtype=np.int32)
    same_jump, same_steps = _common([one.jump for one, *_ in parts]), _common([one.steps for one, *_ in parts])
    jump = np.empty(offsets[-1], dtype=np.float32) if same_jump is None else same_jump
    steps = np.empty(offsets[-1], dtype=np.uint16) if same_steps is None else int(same_steps)
    filled = offsets[:-1].copy()
    for one, source, target in parts:
        for place, own in _places(one, source, filled):
            targets[place] = one.targets[own] + np.int32(target)
            if isinstance(jump, np.ndarray):
                jump[place] = one.jump[own] if isinstance(one.jump, np.ndarray) else one.jump
            if isinstance(steps, np.ndarray):
                steps[place] = one.steps[own] if isinstance(one.steps, np.ndarray) else one.steps
        filled[source : source + len(one.offsets) - 1] += np.diff(one.offsets)
    return Edges(offsets, targets, jump, steps)


def _common(values: list[NDArray[np.float32] | float] | list[NDArray[np.uint16] | int]) -> float | None:
    numbers = {None if isinstance(value, np.ndarray) else float(value) for value in values}
    return numbers.pop() if len(numbers) == 1 else None


def _places(one: Edges, source: int, filled: NDArray[np.int64]) -> Iterator[tuple[NDArray[np.int64], slice]]:
    """Where the edges of a connection go, in batches of sources."""
    rows = len(one.offsets) - 1
    batch = max(1, int(BATCH * rows / max(1, one.offsets[-1])))
    for first in range(0, rows, batch):
        last = min(first + batch, rows)
        starts, stops = one.offsets[first:last], one.offsets[first + 1 : last + 1]
        shift = filled[source + first : source + last] - starts
        own = slice(int(starts[0]), int(stops[-1]))
        yield np.arange(own.start, own.stop) + np.repeat(shift, stops - starts), own

"""What an engine is handed: a few jobs that share one start of a worker process, as JSON that any machine can read."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any


@dataclass(frozen=True)
class Limits:
    """What one job may take beyond what its worker process has at the start: memory [bytes], time [s of the clock]."""

    memory: int
    time: float

    def doubled(self, detail: str) -> Limits:
        """Twice as much of what ran out, "memory" or "time"."""
        if detail == "memory":
            return replace(self, memory=2 * self.memory)
        return replace(self, time=2 * self.time)


@dataclass(frozen=True)
class Order:
    """One job: the key of its result and, as JSON, what the worker makes it from."""

    key: str
    work: Mapping[str, Any]
    limits: Limits


@dataclass(frozen=True)
class Unit:
    """Jobs for one worker process: `python -P -m WORKER`, which publishes into the store at `store`."""

    worker: str
    store: str
    orders: tuple[Order, ...]

    def to_json(self) -> str:
        return json.dumps(asdict(self), allow_nan=False)

    @staticmethod
    def from_json(text: str | bytes) -> Unit:
        document = json.loads(text)
        orders = [Order(one["key"], one["work"], Limits(**one["limits"])) for one in document["orders"]]
        return Unit(document["worker"], document["store"], tuple(orders))

    @property
    def keys(self) -> list[str]:
        return [order.key for order in self.orders]

    @property
    def longest(self) -> float:
        """Time after which the whole unit must have ended [s]."""
        return sum(order.limits.time for order in self.orders)


def batched(unit: Unit, sizes: Sequence[int]) -> list[Unit]:
    """The unit cut into units of so many jobs each."""
    cut, start = [], 0
    for size in sizes:
        cut.append(replace(unit, orders=unit.orders[start : start + size]))
        start += size
    return cut

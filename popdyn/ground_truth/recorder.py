"""Sums of spikes, V and w over blocks of neurons, every half bin, before anything of the step. In worker processes."""

from __future__ import annotations

from typing import Any

import brian2 as b2
import numpy as np
from numpy.typing import NDArray

from popdyn.ground_truth.time_grid import HALF_BIN

Block = tuple[b2.NeuronGroup, int, int]
"""A group, the block's first neuron and its size."""

SUMMED = ("spikes", "V", "w")


def blocks(structure: dict[str, Any], named: dict[str, Any]) -> list[Block]:
    """All blocks of a chunk, population by population."""
    count = structure["blocks"]
    found = []
    for number, place in enumerate(structure["places"]):
        group, first = (named[f"p{number}"], 0) if structure["plain"] else (named[f"g{place[0]}"], place[1])
        size = place[2]
        found += [(group, first + block * size, size) for block in range(count)]
    return found


class PythonRecorder:
    """For the targets that run in this process; `operation` goes into the network."""

    def __init__(self, watched: list[Block]) -> None:
        self._watched = watched
        self._rows: list[list[list[float]]] = []
        self.operation = b2.NetworkOperation(self._sample, dt=HALF_BIN * b2.second, when="start", order=-1)

    def _sample(self) -> None:
        self._rows.append([[_sum(*block, name) for name in SUMMED] for block in self._watched])

    def samples(self) -> NDArray[np.float64]:
        """(sample, block, spikes V w)."""
        return np.array(self._rows)


def _sum(group: b2.NeuronGroup, first: int, size: int, name: str) -> float:
    """In the order of the neurons, as the compiled program adds."""
    if name not in group.variables:
        return 0.0
    values = group.variables[name].get_value()[first : first + size]
    return float(np.bincount(np.zeros(size, dtype=np.intp), weights=values)[0])


def watch_in_program(watched: list[Block]) -> None:
    """Tell the compiled program which arrays it sums."""
    for group, first, size in watched:
        order = ("V", "w", "spikes")
        arrays = [b2.device.get_array_name(group.variables[n]) if n in group.variables else "0" for n in order]
        b2.device.insert_code("main", f"popdyn::watch({', '.join(arrays)}, {first}, {size});")

"""Sums of spikes, V and w over blocks of neurons, and traces, every half bin, before anything of the step.

Imported by worker processes only.
"""

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


def traces(structure: dict[str, Any], named: dict[str, Any]) -> list[tuple[b2.NeuronGroup, str, int, int]]:
    """Group, variable, first neuron and number of neurons that are traced, V and w of each population in turn."""
    found = []
    for (group, first, size), *_ in _by_population(structure, named):
        count = min(structure["traces"], size * structure["blocks"])
        found += [(group, name, first, count) for name in ("V", "w") if count and name in group.variables]
    return found


def _by_population(structure: dict[str, Any], named: dict[str, Any]) -> list[list[Block]]:
    every, count = blocks(structure, named), structure["blocks"]
    return [every[first : first + count] for first in range(0, len(every), count)]


class PythonRecorder:
    """For the targets that run in this process; `operation` goes into the network."""

    def __init__(self, structure: dict[str, Any], named: dict[str, Any]) -> None:
        self._blocks, self._traces = blocks(structure, named), traces(structure, named)
        self._sums: list[list[list[float]]] = []
        self._traced: list[NDArray[np.float64]] = []
        self.operation = b2.NetworkOperation(self._sample, dt=HALF_BIN * b2.second, when="start", order=-1)

    def _sample(self) -> None:
        self._sums.append([[_sum(*block, name) for name in SUMMED] for block in self._blocks])
        for group, name, first, count in self._traces:
            self._traced.append(group.variables[name].get_value()[first : first + count].copy())

    def outputs(self) -> dict[str, NDArray[np.float64]]:
        """record (sample, block, spikes V w) and traces (sample, of each population V then w), flat."""
        traced = np.concatenate(self._traced or [np.empty(0)])
        return {"record": np.array(self._sums, dtype=np.float64).ravel(), "traces": traced}


def _sum(group: b2.NeuronGroup, first: int, size: int, name: str) -> float:
    """In the order of the neurons, as the compiled program adds."""
    if name not in group.variables:
        return 0.0
    values = group.variables[name].get_value()[first : first + size]
    return float(np.bincount(np.zeros(size, dtype=np.intp), weights=values)[0])


def watch_in_program(structure: dict[str, Any], named: dict[str, Any]) -> None:
    """Tell the compiled program which arrays it sums and traces."""
    for group, first, size in blocks(structure, named):
        arrays = [_array(group, name) for name in ("V", "w", "spikes")]
        b2.device.insert_code("main", f"popdyn::watch({', '.join(arrays)}, {first}, {size});")
    for group, name, first, count in traces(structure, named):
        b2.device.insert_code("main", f"popdyn::trace({_array(group, name)}, {first}, {count});")


def _array(group: b2.NeuronGroup, name: str) -> str:
    return str(b2.device.get_array_name(group.variables[name])) if name in group.variables else "0"

"""Brian2 objects of one chunk. Imported by worker processes only."""

from __future__ import annotations

from typing import Any

import brian2 as b2
import numpy as np

from popdyn.ground_truth.model_text import SCHEMES, GroupText, group_text
from popdyn.ground_truth.time_grid import HALF_BIN


def build(structure: dict[str, Any], drive_functions: dict[str, Any]) -> tuple[b2.Network, dict[str, Any]]:
    """The network of a chunk and its objects by name: p0 group, s0 spikes, v0 traces.

    Order of a step at time t: sums of V, w and spikes, new normals (start), integration (groups 0), Poisson jumps
    (groups 1: seen by the threshold, lost on refractory neurons only), threshold, reset.
    """
    named: dict[str, Any] = {}
    for index, population in enumerate(structure["populations"]):
        text = group_text(
            index,
            population["model"],
            refractory=population["refractory"],
            noisy=population["noisy"],
            poisson=population["poisson"],
        )
        size = population["block_size"] * structure["blocks"]
        group = _group(index, size, text, structure["method"], population["noisy"], drive_functions)
        named[f"p{index}"] = group
        _trace(index, group, structure, named)
        if population["spikes"]:
            named[f"s{index}"] = b2.SpikeMonitor(group, name=f"s{index}")
    return b2.Network(*named.values()), named


def _group(
    index: int, size: int, text: GroupText, method: str, noisy: bool, functions: dict[str, Any]
) -> b2.NeuronGroup:
    options = {} if text.refractory is None else {"refractory": text.refractory}
    group = b2.NeuronGroup(
        size,
        text.equations,
        threshold=text.threshold,
        reset=text.reset,
        method=b2.ExplicitStateUpdater(SCHEMES[method]),
        namespace=functions,
        name=f"p{index}",
        **options,
    )
    if noisy:
        group.run_regularly("z = randn()", when="start", name=f"normals{index}")
    if text.jumps:
        group.run_regularly(text.jumps, when="groups", order=1, name=f"jumps{index}")
    return group


def _trace(index: int, group: b2.NeuronGroup, structure: dict[str, Any], named: dict[str, Any]) -> None:
    if structure["traces"]:
        variables = [name for name in ("V", "w") if name in group.variables]
        kept = np.arange(min(structure["traces"], len(group)))
        half_bin = HALF_BIN * b2.second
        named[f"v{index}"] = b2.StateMonitor(group, variables, record=kept, dt=half_bin, when="start", name=f"v{index}")


def set_parameters(group: b2.NeuronGroup, values: dict[str, float]) -> None:
    """Give the shared variables of a population their SI numbers."""
    for name, value in values.items():
        group.variables[name].set_value(value)

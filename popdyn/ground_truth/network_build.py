"""Brian2 objects of one chunk. Imported by worker processes only."""

from __future__ import annotations

from typing import Any

import brian2 as b2

from popdyn.ground_truth.model_text import SCHEMES, GroupText, group_text


def build(structure: dict[str, Any], drive_functions: dict[str, Any]) -> tuple[b2.Network, dict[str, Any]]:
    """The network of a chunk and its objects by name: p0 group, spikes0 spikes.

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
        if population["spikes"]:
            named[f"spikes{index}"] = b2.SpikeMonitor(group, name=f"spikes{index}")
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


def set_parameters(group: b2.NeuronGroup, values: dict[str, float]) -> None:
    """Give the shared variables of a population their SI numbers."""
    for name, value in values.items():
        group.variables[name].set_value(value)

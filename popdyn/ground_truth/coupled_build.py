"""Brian2 objects of a chunk of a network with connections or spread parameters. Imported by worker processes only."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import brian2 as b2
import numpy as np

from popdyn.ground_truth.coupled_text import coupled_text
from popdyn.ground_truth.input_text import CoupledText
from popdyn.ground_truth.model_text import SCHEMES
from popdyn.ground_truth.synapse_text import synapse_text

SCHEDULE = ["start", "groups", "synapses", "thresholds", "resets", "end"]
"""Arrivals before the threshold, so that a delay of n steps is n steps from spike to the spike that it causes."""

Connect = Callable[[int, Any], None]


def build(structure: dict[str, Any], functions: dict[str, Any], connect: Connect) -> tuple[b2.Network, dict[str, Any]]:
    """The network of a chunk and its objects by name: g0 group, s0 synapses, spikes0.

    `connect(number, synapses)` makes the edges of a projection.
    """
    named: dict[str, Any] = {}
    for number, described in enumerate(structure["groups"]):
        text = coupled_text(described)
        named[f"g{number}"] = group = _group(number, described, text, structure["method"], functions)
        if described["spikes"]:
            named[f"spikes{number}"] = b2.SpikeMonitor(group, name=f"spikes{number}")
    for number, projection in enumerate(structure["projections"]):
        named[f"s{number}"] = _synapses(number, projection, named)
        connect(number, named[f"s{number}"])
    network = b2.Network(*named.values())
    network.schedule = SCHEDULE
    return network, named


def _group(
    number: int, described: dict[str, Any], text: CoupledText, method: str, functions: dict[str, Any]
) -> b2.NeuronGroup:
    options = {} if text.refractory is None else {"refractory": text.refractory}
    group = b2.NeuronGroup(
        sum(described["sizes"]),
        text.equations,
        threshold=text.threshold,
        reset=text.reset,
        method=b2.ExplicitStateUpdater(SCHEMES[method]),
        namespace=functions,
        name=f"g{number}",
        **options,
    )
    if text.start:
        group.run_regularly(text.start, when="start", name=f"start{number}")
    if text.step:
        group.run_regularly(text.step, when="groups", order=0, name=f"step{number}")
    if text.decay:
        group.run_regularly(text.decay, when="groups", order=1, name=f"decay{number}")
    if text.events:
        group.run_regularly(text.events, when="synapses", order=1, name=f"events{number}")
    if text.arrival:
        group.run_regularly(text.arrival, when="end", name=f"arrival{number}")
    return group


def _synapses(number: int, projection: dict[str, Any], named: dict[str, Any]) -> b2.Synapses:
    text = synapse_text(projection)
    options = {} if projection["several_delays"] else {"delay": 0 * b2.second}
    return b2.Synapses(
        named[f"g{projection['pre']}"],
        named[f"g{projection['post']}"],
        text.model,
        on_pre=text.on_pre,
        dtype={"jump": np.float32} if projection["weighted"] else None,
        name=f"s{number}",
        namespace={},
        **options,
    )

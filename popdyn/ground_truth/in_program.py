"""A chunk as Brian2's standalone program: its network, to take all numbers from files. In the compiling worker only."""

from __future__ import annotations

from typing import Any

import brian2 as b2

from popdyn.ground_truth import coupled_build, network_build
from popdyn.ground_truth.standalone_functions import (
    clockwork,
    drive_functions,
    events_functions,
    table_functions,
    wire_functions,
)


def plain(structure: dict[str, Any], own: dict[str, Any]) -> tuple[b2.Network, dict[str, Any]]:
    """Uncoupled populations of equal neurons."""
    functions = drive_functions(len(structure["populations"]), own) | clockwork(own)
    network, named = network_build.build(structure, functions)
    _wind(named["p0"])
    return network, named


def coupled(structure: dict[str, Any], own: dict[str, Any]) -> tuple[b2.Network, dict[str, Any]]:
    """Networks with connections or spread parameters."""
    wires = wire_functions(len(structure["projections"]), own)
    sources = max(len(group["drives"]) for group in structure["groups"])
    functions = table_functions(own) | clockwork(own) | events_functions(sources, own)

    def connect(number: int, synapses: b2.Synapses) -> None:
        for end in ("pre", "post"):
            array = b2.device.get_array_name(synapses.variables[f"_synaptic_{end}"], access_data=False)
            b2.device.insert_code("main", f"{array}.reserve(popdyn::edges({number}));")
            b2.device.insert_code("before_end", f"brian::{array} = std::vector<int32_t>();")
        for name in ("jump", "gate", "arrival", "x", "u"):
            if name in synapses.variables and not synapses.variables[name].scalar:
                array = b2.device.get_array_name(synapses.variables[name], access_data=False)
                b2.device.insert_code("before_end", f"brian::{array}.clear();")
        synapses.namespace.update(wires)
        synapses.connect(j=f"target_{number}(i, k) for k in range(outdegree_{number}(i))")

    network, named = coupled_build.build(structure, functions, connect)
    _wind(named["g0"])
    return network, named


def _wind(group: b2.NeuronGroup) -> None:
    group.run_regularly("tick = popdyn_step(t)", when="end", order=10, name="clockwork")
    group.run_regularly("tick = popdyn_sample(t)", when="start", order=-1, name="sampling")

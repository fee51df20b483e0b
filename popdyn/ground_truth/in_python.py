"""A chunk for Brian2's numpy and cython targets: its network with all numbers set. In worker processes only."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import brian2 as b2
import numpy as np
from brian2.core.functions import DEFAULT_FUNCTIONS

from popdyn.ground_truth import coupled_build, network_build

Arrays = Mapping[str, Any]


def plain(chunk: dict[str, Any], arrays: Arrays) -> tuple[b2.Network, dict[str, Any]]:
    """Uncoupled populations of equal neurons."""
    dt = chunk["dt"] * b2.second
    units = {"mu_drive": b2.volt / b2.second, "sigma_drive": b2.volt / b2.second**0.5}
    functions = {
        f"{name}_{index}": b2.TimedArray(arrays[f"{name}_{index}"] * unit, dt=dt, name=f"{name}_{index}")
        for index in range(len(chunk["structure"]["populations"]))
        for name, unit in units.items()
    }
    network, named = network_build.build(chunk["structure"], functions)
    for index, values in enumerate(chunk["parameters"]):
        group = named[f"p{index}"]
        network_build.set_parameters(group, values)
        for name in ("V", "w"):
            if name in group.variables:
                group.variables[name].set_value(arrays[f"{name}_{index}"])
    return network, named


def coupled(chunk: dict[str, Any], arrays: Arrays) -> tuple[b2.Network, dict[str, Any]]:
    """Networks with connections or spread parameters."""
    dt = chunk["dt"] * b2.second
    units = {"mu_table": b2.volt / b2.second, "sigma_table": b2.volt / b2.second**0.5, "nu_table": 1}
    functions: dict[str, Any] = {
        name: b2.TimedArray(arrays["table"] * unit, dt=dt, name=name) for name, unit in units.items()
    }
    sources = max(len(group["drives"]) for group in chunk["structure"]["groups"])
    functions |= {f"events_{k}": DEFAULT_FUNCTIONS["poisson"] for k in range(sources)}

    def connect(number: int, synapses: b2.Synapses) -> None:
        offsets, targets = arrays[f"offsets_{number}"], arrays[f"targets_{number}"]
        if len(targets):
            synapses.connect(i=np.repeat(np.arange(len(offsets) - 1), np.diff(offsets)), j=targets)
        else:
            synapses.connect(False)

    network, named = coupled_build.build(chunk["structure"], functions, connect)
    for name in (name for name in arrays if "." in name):
        owner, _, variable = name.partition(".")
        _set(named, owner, variable, arrays[name])
    return network, named


def _set(named: Mapping[str, Any], owner: str, variable: str, value: Any) -> None:
    """g0.V, s0.jump, s0.delay: one value or one each."""
    item = named[owner].pre if variable == "delay" else named[owner]
    if variable not in item.variables:
        return
    known = item.variables[variable]
    values = np.asarray(value, dtype=known.dtype)
    known.set_value(values if values.ndim or known.scalar else np.full(known.get_value().shape, values))

"""A group of neurons with escape noise as Brian2 text.

A step at time t, to t + dt: V and traces exactly, with the mean of every filtered current over the step, and the
integral of the hazard (popdyn.neurons._escape); decay of the filters; arrival of the spikes whose delay ends at t + dt;
spikes; reset. A spike lies within its step, where the integrated hazard reaches the neuron's patience: dead time and
decay of the traces count from there, so that neither depends on the step. Its delay counts from the end of its step.

Jumps of V act from the end of the step on; on a neuron that is dead then they are lost.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from popdyn.ground_truth import input_text
from popdyn.ground_truth.input_text import CoupledText
from popdyn.ground_truth.model_text import UNITS
from popdyn.neurons import MODELS

PER_TRACE = {
    "gamma": {"decay_sfa": "1", "tau_sfa": "second", "q_sfa": "volt"},
    "eta": {"decay_stc": "1", "mean_stc": "1", "tau_stc": "second", "q_stc": "amp"},
}
"""Numbers of each trace of the threshold, gamma_1, ..., and of each spike-triggered current, eta_1, ..."""


def escape_text(group: Mapping[str, Any]) -> CoupledText:
    """Text of a group of `coupled_chunk.structure`; `traces`: how many gamma and eta its neurons have."""
    model, inputs, own = MODELS[group["model"]], input_text.inputs(group), set(group["own"])
    dying = any(parameter.name == "t_ref" for parameter in model.parameters)
    numbers = {trace: range(1, count + 1) for trace, count in group["traces"].items()}
    units = {parameter.name: UNITS[parameter.unit] for parameter in model.parameters} | input_text.OWN_UNITS
    units |= {f"{n}_{k}": u for trace, ks in numbers.items() for k in ks for n, u in PER_TRACE[trace].items()}
    units |= inputs.units
    leak = " + ".join(part.leak for part in inputs.receptors if part.leak) or "0*g_L/C_m"
    lines = [
        "V : volt\npatience : 1\nhazard : 1\nspan : second",
        *(["dead : second"] if dying else []),
        *(["w : amp"] if model.has_w else []),
        *(f"{trace}_{k} : {'volt' if trace == 'gamma' else 'amp'}" for trace, ks in numbers.items() for k in ks),
        *input_text.drive_equations(group, [part.push or part.current for part in inputs.receptors]),
        f"leak_t = {leak} : 1/second",
        *(line for part in inputs.receptors for line in part.equations),
        *input_text.STATES,
        *input_text.declared(units, inputs.integers, own),
    ]
    return CoupledText(
        equations="\n".join(lines),
        threshold=model.brian2.threshold,
        reset="\n".join([model.brian2.reset, *_jumps(numbers), *input_text.COUNT]),
        refractory=None,
        parameters={name: name in own for name in units},
        integers=inputs.integers,
        start="\n".join(input_text.start_statements(group)),
        decay=inputs.decay,
        events=inputs.events,
        arrival="\n".join(_end(inputs.jumps, dying, numbers, model.has_w)),
        step="\n".join([*_traces(numbers), model.brian2.model]),
    )


_Numbers = Mapping[str, range]


def _sum(terms: list[str], unit: str) -> str:
    return " + ".join(terms) or f"0*{unit}"


def _traces(numbers: _Numbers) -> list[str]:
    """Their sums over a step without spikes, and their decay."""
    gamma, eta = numbers["gamma"], numbers["eta"]
    return [
        f"theta = {_sum([f'gamma_{k}' for k in gamma], 'volt')}",
        f"w_t = {_sum([f'mean_stc_{k}*eta_{k}' for k in eta], 'amp')}",
        *(f"gamma_{k} = decay_sfa_{k}*gamma_{k}" for k in gamma),
        *(f"eta_{k} = decay_stc_{k}*eta_{k}" for k in eta),
        f"theta_end = {_sum([f'gamma_{k}' for k in gamma], 'volt')}",
    ]


def _jumps(numbers: _Numbers) -> list[str]:
    """What a spike `since` before the end of the step leaves of its jumps."""
    return [
        *(f"gamma_{k} += q_sfa_{k}*exp(-since/tau_sfa_{k})" for k in numbers["gamma"]),
        *(f"eta_{k} += q_stc_{k}*exp(-since/tau_stc_{k})" for k in numbers["eta"]),
    ]


def _end(jumps: bool, dying: bool, numbers: _Numbers, has_w: bool) -> list[str]:
    alive = "*int(dead <= 0*second)" if dying else ""
    lines = [f"V += arrived*jump_scale{alive}", "arrived = 0*volt"] if jumps else []
    return lines + ([f"w = {_sum([f'eta_{k}' for k in numbers['eta']], 'amp')}"] if has_w and numbers["eta"] else [])

"""A group of neurons with synapses or spread parameters as Brian2 text: popdyn's own words and numbered names.

A step at time t, to t + dt: integration with the filters' mean currents of the step; decay of the filters; arrival of
the spikes whose delay ends at t + dt; threshold; reset. A spike of this step happens at t + dt and arrives a whole
number of steps, its delay, later.

Jumps of V wait in `arrived` until the threshold has seen them. A neuron that integrates across the barrier keeps them
after its reset; where they themselves lift it across, they are spent; in the dead time they are lost.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from popdyn.ground_truth import input_text
from popdyn.ground_truth.escape_text import escape_text
from popdyn.ground_truth.input_text import CoupledText
from popdyn.ground_truth.model_text import UNITS
from popdyn.neurons import MODELS

OWN_UNITS = {"barrier_shift": "second**0.5", "rsqrt_dt": "second**-0.5", "V_limit": "volt", "dead_time": "second"}


def coupled_text(group: Mapping[str, Any]) -> CoupledText:
    """Text of a group of `coupled_chunk.structure`; `events_0(mean)`, ... draw Poisson numbers."""
    return escape_text(group) if MODELS[group["model"]].escape else _diffusion_text(group)


def _diffusion_text(group: Mapping[str, Any]) -> CoupledText:
    model, inputs, own = MODELS[group["model"]], input_text.inputs(group), set(group["own"])
    units = {parameter.name: UNITS[parameter.unit] for parameter in model.parameters}
    units |= OWN_UNITS | input_text.OWN_UNITS
    if not group["refractory"]:
        del units["dead_time"]
    units |= inputs.units
    text = re.sub(r"\bxi\b", "white_noise", model.brian2.model)
    lines = [
        text if group["refractory"] else text.replace(" (unless refractory)", ""),
        *input_text.drive_equations(group, [part.current for part in inputs.receptors]),
        f"V_barrier = {model.barrier} - barrier_shift*sigma_t : volt",
        "white_noise = z*rsqrt_dt : second**-0.5" if group["noisy"] else "white_noise = 0*rsqrt_dt : second**-0.5",
        *(line for part in inputs.receptors for line in part.equations),
        *input_text.STATES,
        *input_text.declared(units, inputs.integers, own),
    ]
    jumps = inputs.jumps
    return CoupledText(
        equations="\n".join(lines),
        threshold="V > V_barrier or V + arrived*jump_scale > V_barrier" if jumps else "V > V_barrier",
        reset="\n".join(_reset(model.brian2.reset, group["refractory"], jumps)),
        refractory="dead_time" if group["refractory"] else None,
        parameters={name: name in own for name in units},
        integers=inputs.integers,
        start="\n".join(input_text.start_statements(group)),
        decay=inputs.decay,
        events=inputs.events,
        arrival="V += arrived*jump_scale\narrived = 0*volt" if jumps else "",
    )


def _reset(model_reset: str, refractory: bool, jumps: bool) -> list[str]:
    """The model's reset, the input that is kept through it, and the statistics of the intervals."""
    kept = "int(V > V_barrier)" + ("*int(dead_time < 1.5*dt)" if refractory else "")
    lines = [f"kept = arrived*jump_scale*{kept}"] if jumps else []
    lines += model_reset.split("\n")
    if jumps:
        lines += ["V += kept", "arrived = 0*volt"]
    return [*lines, *input_text.COUNT]

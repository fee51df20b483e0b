"""A group of neurons with synapses or spread parameters as Brian2 text: popdyn's own words and numbered names.

A step at time t, to t + dt: integration with the filters' mean currents of the step; decay of the filters; arrival of
the spikes whose delay ends at t + dt; threshold; reset. A spike of this step happens at t + dt and arrives a whole
number of steps, its delay, later.

Jumps of V wait in `arrived` until the threshold has seen them. A neuron that integrates across the barrier keeps them
after its reset; where they themselves lift it across, they are spent; in the dead time they are lost.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from popdyn.ground_truth.model_text import UNITS
from popdyn.ground_truth.receptors import UNIT
from popdyn.neurons import MODELS

STATISTICS = ("scored_spikes", "interval_sum", "interval_squares")
OWN_UNITS = {
    "mu_own": "volt/second", "sigma_own": "volt/second**0.5", "barrier_shift": "second**0.5",
    "rsqrt_dt": "second**-0.5", "V_limit": "volt", "dead_time": "second", "jump_scale": "1", "scored_from": "second",
    "scored_until": "second",
}  # fmt: skip


@dataclass(frozen=True)
class CoupledText:
    """One group for Brian2. `parameters`: name to whether it is each neuron's own; numbers come at run time."""

    equations: str
    threshold: str
    reset: str
    refractory: str | None
    parameters: Mapping[str, bool]
    integers: tuple[str, ...]
    start: str
    decay: str
    events: str
    arrival: str


def coupled_text(group: Mapping[str, Any]) -> CoupledText:
    """Text of a group of `coupled_chunk.structure`; `events_0(mean)`, ... draw Poisson numbers."""
    model = MODELS[group["model"]]
    own = set(group["own"])
    units = {parameter.name: UNITS[parameter.unit] for parameter in model.parameters} | OWN_UNITS
    if not group["refractory"]:
        del units["dead_time"]
    receptors = [_receptor(name) for name in group["receptors"]]
    for part in receptors:
        units |= part.parameters
    drives = [_drive(k, drive) for k, drive in enumerate(group["drives"])]
    for drive in drives:
        units |= drive.parameters
    integers = [name for name, flag in (("mu_row", "mu_driven"), ("sigma_row", "sigma_driven")) if group[flag]]
    integers += [drive.row for drive in drives if drive.row]
    text = re.sub(r"\bxi\b", "white_noise", model.brian2.model)
    lines = [
        text if group["refractory"] else text.replace(" (unless refractory)", ""),
        *_inputs(group, receptors),
        f"V_barrier = {model.barrier} - barrier_shift*sigma_t : volt",
        "white_noise = z*rsqrt_dt : second**-0.5" if group["noisy"] else "white_noise = 0*rsqrt_dt : second**-0.5",
        *(line for part in receptors for line in part.equations),
        "z : 1\nspikes : 1\nscored_spikes : 1\nlast_spike : second",
        "interval_sum : second\ninterval_squares : second**2",
        "tick : 1 (shared)",
        *(f"{name} : {unit} ({'' if name in own else 'shared, '}constant)" for name, unit in units.items()),
        *(f"{name} : integer ({'' if name in own else 'shared, '}constant)" for name in integers),
    ]
    jumps = any(name == "arrived" for name in group["receptors"])
    return CoupledText(
        equations="\n".join(lines),
        threshold="V > V_barrier or V + arrived*jump_scale > V_barrier" if jumps else "V > V_barrier",
        reset="\n".join(_reset(model.brian2.reset, group["refractory"], jumps)),
        refractory="dead_time" if group["refractory"] else None,
        parameters={name: name in own for name in units},
        integers=tuple(integers),
        start="\n".join(_start(group)),
        decay="\n".join(part.decay for part in receptors if part.decay),
        events="\n".join(drive.statement for drive in drives),
        arrival="V += arrived*jump_scale\narrived = 0*volt" if jumps else "",
    )


def _inputs(group: Mapping[str, Any], receptors: Sequence[_Receptor]) -> list[str]:
    mu = "mu_own" + (" + mu_wave" if group["mu_driven"] else "")
    currents = "".join(f" + {part.current}" for part in receptors if part.current)
    sigma = "sigma_own" + (" + sigma_wave" if group["sigma_driven"] else "")
    return [
        f"mu_t = {mu}{currents} : volt/second",
        f"sigma_t = {sigma} : volt/second**0.5",
        "mu_wave : volt/second\nsigma_wave : volt/second**0.5",
    ]


def _start(group: Mapping[str, Any]) -> list[str]:
    """What is new in every step: apart from the integration, which vectorises without it."""
    lines = [f"{name}_wave = {name}_table(t, {name}_row)" for name in ("mu", "sigma") if group[f"{name}_driven"]]
    return lines + (["z = randn()"] if group["noisy"] else [])


def _reset(model_reset: str, refractory: bool, jumps: bool) -> list[str]:
    """The model's reset, the input that is kept through it, and the statistics of the intervals."""
    kept = "int(V > V_barrier)" + ("*int(dead_time < 1.5*dt)" if refractory else "")
    lines = [f"kept = arrived*jump_scale*{kept}"] if jumps else []
    lines += model_reset.split("\n")
    if jumps:
        lines += ["V += kept", "arrived = 0*volt"]
    return [
        *lines,
        "spikes += 1",
        "scored_spikes += int(t > scored_from)*int(t < scored_until)",
        "interval = (t - last_spike)*int(last_spike > scored_from)*int(t < scored_until)",
        "interval_sum += interval",
        "interval_squares += interval**2",
        "last_spike = t",
    ]


@dataclass(frozen=True)
class _Receptor:
    equations: tuple[str, ...]
    parameters: Mapping[str, str]
    current: str
    decay: str


def _receptor(name: str) -> _Receptor:
    """Lines of one filter, advanced exactly; `current` is its mean over the step."""
    family, _, k = name.partition("_")
    if family == "arrived":
        return _Receptor(("arrived : volt",), {}, "", "")
    equations = (f"{name} : {UNIT['exponential' if family == 'current' else family]}",)
    if family == "current":
        return _Receptor(
            equations, {f"decay_{name}": "1", f"mean_{name}": "1"},
            f"jump_scale*mean_{name}*{name}", f"{name} = decay_{name}*{name}",
        )  # fmt: skip
    if family == "conductance":
        return _Receptor(
            equations, {f"decay_{name}": "1", f"mean_{name}": "1", f"E_rev_{k}": "volt"},
            f"mean_{name}*{name}*(E_rev_{k} - V)/C_m", f"{name} = decay_{name}*{name}",
        )  # fmt: skip
    filtered = f"filtered_{k}"
    return _Receptor(
        (*equations, f"{filtered} : volt/second"),
        {f"decay_{name}": "1", f"mean_{name}": "second", f"mean_{filtered}": "1"},
        f"jump_scale*(mean_{filtered}*{filtered} + mean_{name}*{name})",
        f"{filtered} = decay_{name}*({filtered} + dt*{name})\n{name} = decay_{name}*{name}",
    )


@dataclass(frozen=True)
class _Drive:
    parameters: Mapping[str, str]
    row: str
    statement: str


def _drive(k: int, drive: Mapping[str, Any]) -> _Drive:
    """Poisson sources: `sources_k` of rate `rate_k` or from a table, each event a jump of the filter."""
    variable = drive["variable"]
    unit = UNIT[{"arrived": "delta", "current": "exponential"}.get(variable.split("_")[0], variable.split("_")[0])]
    parameters = {f"jump_{k}": unit, f"expected_{k}": "1"}
    mean = f"expected_{k}" + (f"*nu_table(t, nu_row_{k})" if drive["driven"] else "")
    if not drive["scattered"]:
        return _Drive(
            parameters, f"nu_row_{k}" if drive["driven"] else "", f"{variable} += jump_{k}*events_{k}({mean})"
        )
    parameters[f"scatter_{k}"] = unit
    statement = (
        f"number_{k} = events_{k}({mean})\n{variable} += jump_{k}*number_{k} + scatter_{k}*sqrt(number_{k})*randn()"
    )
    return _Drive(parameters, f"nu_row_{k}" if drive["driven"] else "", statement)

"""What the Brian2 text of every group with synapses is made of: filters, Poisson sources, statistics of the spikes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from popdyn.ground_truth.receptors import UNIT

STATISTICS = ("scored_spikes", "interval_sum", "interval_squares")
STATES = (
    "z : 1\nspikes : 1\nscored_spikes : 1\nlast_spike : second",
    "interval_sum : second\ninterval_squares : second**2",
    "tick : 1 (shared)",
)
OWN_UNITS = {
    "mu_own": "volt/second", "sigma_own": "volt/second**0.5", "jump_scale": "1", "scored_from": "second",
    "scored_until": "second",
}  # fmt: skip
COUNT = (
    "spikes += 1",
    "scored_spikes += int(t > scored_from)*int(t < scored_until)",
    "interval = (t - last_spike)*int(last_spike > scored_from)*int(t < scored_until)",
    "interval_sum += interval",
    "interval_squares += interval**2",
    "last_spike = t",
)
"""What a reset adds to the statistics of a neuron."""


@dataclass(frozen=True)
class CoupledText:
    """One group for Brian2. `parameters`: name to whether it is each neuron's own; numbers come at run time.

    `step`: statements that advance the neurons in place of differential equations.
    """

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
    step: str = ""


@dataclass(frozen=True)
class Inputs:
    """Filters and sources of a group; `units` of their numbers, `integers`: rows of the table of drives."""

    receptors: tuple[Receptor, ...]
    drives: tuple[Drive, ...]
    units: Mapping[str, str]
    integers: tuple[str, ...]
    jumps: bool

    @property
    def decay(self) -> str:
        return "\n".join(part.decay for part in self.receptors if part.decay)

    @property
    def events(self) -> str:
        return "\n".join(drive.statement for drive in self.drives)


def inputs(group: Mapping[str, Any]) -> Inputs:
    """Those of a group of `coupled_chunk.structure`."""
    receptors = tuple(receptor_text(name) for name in group["receptors"])
    drives = tuple(drive_text(k, drive) for k, drive in enumerate(group["drives"]))
    units: dict[str, str] = {}
    for parameters in (*(part.parameters for part in receptors), *(drive.parameters for drive in drives)):
        units |= parameters
    rows = [name for name, flag in (("mu_row", "mu_driven"), ("sigma_row", "sigma_driven")) if group[flag]]
    rows += [drive.row for drive in drives if drive.row]
    return Inputs(receptors, drives, units, tuple(rows), "arrived" in group["receptors"])


def drive_equations(group: Mapping[str, Any], currents: Sequence[str]) -> list[str]:
    """mu_t and sigma_t of the step."""
    mu = " + ".join(["mu_own", *(["mu_wave"] if group["mu_driven"] else []), *(one for one in currents if one)])
    sigma = "sigma_own" + (" + sigma_wave" if group["sigma_driven"] else "")
    return [
        f"mu_t = {mu} : volt/second",
        f"sigma_t = {sigma} : volt/second**0.5",
        "mu_wave : volt/second\nsigma_wave : volt/second**0.5",
    ]


def declared(units: Mapping[str, str], integers: Sequence[str], own: set[str]) -> list[str]:
    """A variable for every number; `own`: each neuron has its own."""
    kinds = [*units.items(), *((name, "integer") for name in integers)]
    return [f"{name} : {kind} ({'' if name in own else 'shared, '}constant)" for name, kind in kinds]


def start_statements(group: Mapping[str, Any]) -> list[str]:
    """What is new in every step: apart from the integration, which vectorises without it."""
    lines = [f"{name}_wave = {name}_table(t, {name}_row)" for name in ("mu", "sigma") if group[f"{name}_driven"]]
    return lines + (["z = randn()"] if group["noisy"] else [])


@dataclass(frozen=True)
class Receptor:
    """A filter of the neurons."""

    equations: tuple[str, ...]
    parameters: Mapping[str, str]
    current: str
    decay: str
    leak: str = ""
    push: str = ""


def receptor_text(name: str) -> Receptor:
    """Lines of one filter, advanced exactly; `current` is its mean over the step, of conductances push - leak V."""
    family, _, k = name.partition("_")
    if family == "arrived":
        return Receptor(("arrived : volt",), {}, "", "")
    equations = (f"{name} : {UNIT['exponential' if family == 'current' else family]}",)
    if family == "current":
        return Receptor(
            equations, {f"decay_{name}": "1", f"mean_{name}": "1"},
            f"jump_scale*mean_{name}*{name}", f"{name} = decay_{name}*{name}",
        )  # fmt: skip
    if family == "conductance":
        return Receptor(
            equations, {f"decay_{name}": "1", f"mean_{name}": "1", f"E_rev_{k}": "volt"},
            f"mean_{name}*{name}*(E_rev_{k} - V)/C_m", f"{name} = decay_{name}*{name}",
            f"mean_{name}*{name}/C_m", f"mean_{name}*{name}*E_rev_{k}/C_m",
        )  # fmt: skip
    filtered = f"filtered_{k}"
    return Receptor(
        (*equations, f"{filtered} : volt/second"),
        {f"decay_{name}": "1", f"mean_{name}": "second", f"mean_{filtered}": "1"},
        f"jump_scale*(mean_{filtered}*{filtered} + mean_{name}*{name})",
        f"{filtered} = decay_{name}*({filtered} + dt*{name})\n{name} = decay_{name}*{name}",
    )


@dataclass(frozen=True)
class Drive:
    """Poisson events of one filter."""

    parameters: Mapping[str, str]
    row: str
    statement: str


def drive_text(k: int, drive: Mapping[str, Any]) -> Drive:
    """Poisson sources: `sources_k` of rate `rate_k` or from a table, each event a jump of the filter."""
    variable = drive["variable"]
    unit = UNIT[{"arrived": "delta", "current": "exponential"}.get(variable.split("_")[0], variable.split("_")[0])]
    parameters = {f"jump_{k}": unit, f"expected_{k}": "1"}
    mean = f"expected_{k}" + (f"*nu_table(t, nu_row_{k})" if drive["driven"] else "")
    if not drive["scattered"]:
        return Drive(parameters, f"nu_row_{k}" if drive["driven"] else "", f"{variable} += jump_{k}*events_{k}({mean})")
    parameters[f"scatter_{k}"] = unit
    statement = (
        f"number_{k} = events_{k}({mean})\n{variable} += jump_{k}*number_{k} + scatter_{k}*sqrt(number_{k})*randn()"
    )
    return Drive(parameters, f"nu_row_{k}" if drive["driven"] else "", statement)

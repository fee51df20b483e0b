"""Stationary rates of a spec at a rung, at its drive or along one varied quantity."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from popdyn.errors import UsageError
from popdyn.quantities import parse
from popdyn.rungs.coupled_units import CoupledUnits
from popdyn.rungs.density import with_drive
from popdyn.rungs.long_run import LongRunOfNodes, constant
from popdyn.spec import Network
from popdyn.spec.network import Stimulus
from popdyn.types import Progress
from popdyn.workflows.over_neurons import nodes_of, sd_log_rate
from popdyn.workflows.source import Source, derived_rung, open_source

VARIED = {"mu": "V/s", "sigma": "V/sqrt(s)"}


def rates(
    spec: str | Path | Mapping[str, Any] | Network | Source, *, rung: str = "density", closure: str | None = None,
    vary: str | None = None, progress: Progress | None = None,
) -> dict[str, Any]:  # fmt: skip
    """Stationary rate of every population [Hz]; of a network the mean over its long run, oscillations included.

    Parameters
    ----------
    vary : "mu=0.5 mV/ms:2.5 mV/ms:9" or "sigma=…": the drive of every population on a grid (first, last, count)

    Returns {"populations": {name: {"rate": …, "unit": "Hz"}}}; with `vary` each rate is a list, beside "values" in SI.
    A population of several nodes (heterogeneous, or of neurons with different inputs) has "nodes", a list of
    {"share", "rate"}, and "sd_log_rate" over its neurons.
    """
    source = open_source(spec)
    head = {"rung": rung, "spec_hash": source.network.spec_hash}
    if vary is None:
        made = derived_rung(source, rung, closure, progress=progress)
        populations: dict[str, Any] = {n: {"rate": rate, "unit": "Hz"} for n, rate in made.rates().items()}
        several = made.node_rates() if isinstance(made, LongRunOfNodes) else []
        for name, nodes in nodes_of(several).items():
            if len(nodes) > 1:
                populations[name]["nodes"] = [{"share": weight, "rate": rate} for weight, rate in nodes]
                populations[name]["sd_log_rate"] = sd_log_rate(nodes)
        return {**head, "populations": populations}
    target, values = parse_grid(vary)
    table: dict[str, list[float]] = {name: [] for name in source.network.populations}
    for k, value in enumerate(values):
        if progress is not None:
            progress(k / len(values), f"rates along {target}: {k} of {len(values)}")
        for name, rate in _at(source, rung, closure, target, float(value)).items():
            table[name].append(rate)
    columns = {name: {"rate": column, "unit": "Hz"} for name, column in table.items()}
    return {**head, "vary": target, "unit": VARIED[target], "values": values.tolist(), "populations": columns}


def _at(source: Source, rung: str, closure: str | None, target: str, value: float) -> dict[str, float]:
    if rung == "unit" and isinstance(source.unit, CoupledUnits):
        return _units_at(source.unit, target, value)
    network = with_drive(source.network, **{target: value})
    if source.unit is None or isinstance(source.unit, CoupledUnits):
        return derived_rung(Source(network), rung, closure).rates()
    return derived_rung(Source(network, replace(source.unit, network=network)), rung, closure).rates()


def _units_at(units: CoupledUnits, target: str, value: float) -> dict[str, float]:
    """Units of a network that hear another drive than they were fitted for, from first to last."""
    rest = constant(units.network, settling=units.settling())
    stimuli = tuple(
        Stimulus(name, target, "step", {
            "at": -rest.transient, "until": rest.duration, "amplitude": value - getattr(population.noise, target),
        })
        for name, population in units.network.populations.items()
    )  # fmt: skip
    found = units.simulate(replace(rest, stimuli=stimuli))["rate"].sel(time=slice(0.0, None))
    return {name: float(found.sel(population=name).mean()) for name in units.network.populations}


def parse_grid(text: str) -> tuple[str, np.ndarray]:
    """ "mu=0.5 mV/ms:2.5 mV/ms:9" as ("mu", nine values in SI)."""
    key, _, rest = text.partition("=")
    parts = rest.split(":")
    if key not in VARIED or len(parts) != 3 or not parts[2].strip().isdigit() or not 1 <= int(parts[2]) <= 10_000:
        raise UsageError(
            f"--vary: got {text!r}; allowed: KEY=FIRST:LAST:COUNT with KEY one of {', '.join(VARIED)}, "
            'e.g. "mu=0.5 mV/ms:2.5 mV/ms:9"'
        )
    ends = [parse(part.strip(), VARIED[key]) for part in parts[:2]]
    return key, np.linspace(ends[0], ends[1], int(parts[2]))

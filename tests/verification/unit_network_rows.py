"""Networks of modes and of cascade units against the neurons of reference_sims/, from the density of both."""

from __future__ import annotations

from dataclasses import replace
from types import MappingProxyType

import network_rows as networks
import record

from popdyn.errors import NumericsError
from popdyn.fitting.network_units import fit_coupled_units
from popdyn.rungs.coupled import CoupledDensity
from popdyn.rungs.coupled_modes import derive_coupled_modes
from popdyn.rungs.coupled_units import CoupledUnits
from popdyn.spec.network import Network, Protocol

REDUCED = {"modes": derive_coupled_modes, "unit": fit_coupled_units}
BEFORE = {"adaptation_oscillation": (5.0, 2.0), "microcircuit": (1.0, 0.5), "adex_ei": (1.0, 0.5)}
"""Of an entry: how long the rung is averaged, and what comes before [s]."""


def measured(entry: str, case: str, rung: str) -> record.Values:
    """Errors of the rates, cost, bursts where the case has them, or the error that ended the run; recorded.

    Of units, `alone` is the nrmse of each by itself on the held-out drives that its nodes met, and beside them.
    """
    return record.once("unit networks", f"{entry} {case} {rung}", lambda: _measured(entry, case, rung))


def _measured(entry: str, case: str, rung: str) -> record.Values:
    spec, protocol = networks.fits.network(entry, case), Protocol("row", *BEFORE[entry], 0)
    model = REDUCED[rung](CoupledDensity(spec), protocols={"row": protocol})
    values = {"alone": _alone(model)} if isinstance(model, CoupledUnits) else {}
    model.simulate(Protocol("compile", 0.05, 0.05, 0))
    try:
        trace = model.simulate(protocol)
    except NumericsError as error:
        return values | {"error": str(error)}
    rates = trace["rate"].values[0]
    scored = rates[trace["time"].values > 0]
    found = {"rates": dict(zip(spec.populations, scored.mean(axis=0).tolist(), strict=True))}
    values |= {
        "rate_errors": networks.fits.rate_errors(entry, case, found), "nodes": trace.attrs["nodes"],
        "cpu_per_s": trace.encoding["cpu_s"] / sum(BEFORE[entry]), "outside": trace.attrs["outside_domain_share"],
    }  # fmt: skip
    if "bursts" in networks.fits.settings(entry)["cases"][case]:
        values |= networks.fits.bursts(entry, scored[:, 0], rates[:180, 0])
    return values


def changed_bursts(case: str, seed: int, J: float, b: float) -> record.Values:
    """Bursts of the units of `adaptation_oscillation` with J and b times these numbers, beside their densities'."""
    item = f"bursts {case} seed {seed} J {J:g} b {b:g}"
    return record.once("unit networks", item, lambda: _changed_bursts(case, seed, J, b))


def _changed_bursts(case: str, seed: int, J: float, b: float) -> record.Values:
    entry, protocol = "adaptation_oscillation", Protocol("row", *BEFORE["adaptation_oscillation"], 0)
    density = CoupledDensity(_changed(networks.fits.network(entry, case), J, b))
    found = {"density": density, "unit": fit_coupled_units(density, seed=seed, protocols={"row": protocol})}
    values: record.Values = {}
    for name, model in found.items():
        trace = model.simulate(protocol)
        rate = trace["rate"].values[0, trace["time"].values > 0, 0]
        values[name] = networks.fits.bursts(entry, rate, trace["rate"].values[0, :180, 0])
    return values


def _changed(spec: Network, J: float, b: float) -> Network:
    (wire,), (population,) = spec.connections, spec.populations.values()
    parameters = {**population.neuron.parameters, "b": b * population.neuron.parameters["b"]}
    neuron = replace(population.neuron, parameters=MappingProxyType(parameters))
    return replace(
        spec, populations={population.name: replace(population, neuron=neuron)},
        connections=(replace(wire, synapse=replace(wire.synapse, J=J * wire.synapse.J)),),
    )  # fmt: skip


def _alone(model: CoupledUnits) -> dict[str, list[float]]:
    """By kind of drive, one figure a drive and unit."""
    found: dict[str, list[float]] = {}
    for error in (error for fit in model.fits for error in fit["heldout"]):
        found.setdefault(error["protocol"], []).append(error["nrmse"])
    return found

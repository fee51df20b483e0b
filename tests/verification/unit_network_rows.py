"""Networks of modes and of cascade units against the neurons of reference_sims/, from the density of both."""

from __future__ import annotations

import network_rows as networks
import record

from popdyn.errors import NumericsError
from popdyn.fitting.network_units import fit_coupled_units
from popdyn.rungs.coupled import CoupledDensity
from popdyn.rungs.coupled_modes import derive_coupled_modes
from popdyn.rungs.coupled_units import CoupledUnits
from popdyn.spec.network import Protocol

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


def _alone(model: CoupledUnits) -> dict[str, list[float]]:
    """By kind of drive, one figure a drive and unit."""
    found: dict[str, list[float]] = {}
    for error in (error for fit in model.fits for error in fit["heldout"]):
        found.setdefault(error["protocol"], []).append(error["nrmse"])
    return found

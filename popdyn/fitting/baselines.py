"""Rate units of the literature on the protocols that a fit is judged on: what a fitted unit is compared with."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from popdyn.errors import DomainError, NumericsError
from popdyn.fitting import lndos, lnexp, spec1, spec2
from popdyn.fitting.ln_table import Samples, sample
from popdyn.fitting.measures import Baseline, protocol_error
from popdyn.fitting.residuals import Record
from popdyn.fitting.spectral_table import Table, make_spectral_table
from popdyn.fitting.target import Target
from popdyn.rungs.cascade import CascadePopulation
from popdyn.types import FloatArray

CASCADES: Mapping[str, Callable[[Target, Samples, list[Record]], list[FloatArray]]] = {
    "LNexp": lnexp.rates,
    "LNdos": lndos.rates,
}
SPECTRAL: Mapping[str, Callable[[Target, Table, list[Record]], list[FloatArray]]] = {
    "spec1": spec1.rates,
    "spec2": spec2.rates,
}


def baselines(target: Target, unit: CascadePopulation, records: list[Record]) -> tuple[tuple[Baseline, ...], str]:
    """All that there are for these neurons, and which there are not, with the reason; look-ups over `unit`'s domain."""
    samples = sample(target, unit)
    found = {name: rates(target, samples, records) for name, rates in CASCADES.items()}
    missing = ""
    try:
        table = make_spectral_table(target, samples)
    except (DomainError, NumericsError) as error:
        missing = "; ".join(f"{name}: {error}" for name in SPECTRAL)
    else:
        found |= {name: rates(target, table, records) for name, rates in SPECTRAL.items()}
    return tuple(_judged(name, rates, unit, records) for name, rates in found.items()), missing


def _judged(name: str, rates: list[FloatArray], unit: CascadePopulation, records: list[Record]) -> Baseline:
    errors = [
        protocol_error(r.job.protocol.name, r.job.doc, rate, r.target, r.outside(unit))
        for r, rate in zip(records, rates, strict=True)
    ]
    return Baseline(name, tuple(errors))

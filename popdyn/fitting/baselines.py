"""Rate units of the literature on the protocols that a fit is judged on: what a fitted unit is compared with."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from popdyn.fitting import lndos, lnexp
from popdyn.fitting.ln_table import Samples, sample
from popdyn.fitting.measures import Baseline, protocol_error
from popdyn.fitting.residuals import Record
from popdyn.fitting.target import Target
from popdyn.rungs.cascade import CascadePopulation
from popdyn.types import FloatArray

BASELINES: Mapping[str, Callable[[Target, Samples, list[Record]], list[FloatArray]]] = {
    "LNexp": lnexp.rates,
    "LNdos": lndos.rates,
}


def baselines(target: Target, unit: CascadePopulation, records: list[Record]) -> tuple[Baseline, ...]:
    """All of them; look-ups over the domain of `unit`."""
    samples = sample(target, unit)
    found = []
    for name, rates in BASELINES.items():
        errors = [
            protocol_error(r.job.protocol.name, r.job.doc, rate, r.target, r.outside(unit))
            for r, rate in zip(records, rates(target, samples, records), strict=True)
        ]
        found.append(Baseline(name, tuple(errors)))
    return tuple(found)

"""One cascade unit as a document and back; every field is checked on the way in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import numpy as np

from popdyn.rungs.cascade import CascadePopulation
from popdyn.rungs.cascade_parameters import fitted
from popdyn.rungs.fit_document import domain_of
from popdyn.rungs.model_reader import Reader
from popdyn.rungs.static_gain import AdaptationVariable, GainRow, StaticGain

MAX_ROWS, MAX_NODES, MAX_ADAPTATION = 64, 4096, 16
MAX_PARAMETERS = len(fitted(MAX_ADAPTATION))


def population_document(unit: CascadePopulation, fit: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "C_m": unit.C_m,
        "reference_rate": unit.reference_rate,
        "reference_sigma": unit.reference_sigma,
        "domain": asdict(unit.domain),
        "parameters": {
            name: {"value": unit.parameters[name], "unit": p.unit, "doc": p.doc} for name, p in unit.fitted.items()
        },
        "adaptation": [asdict(v) for v in unit.adaptation],
        "gain": [
            {"sigma": row.sigma, "mu": row.mu.tolist(), "rate": row.rate.tolist(), "V_mean": row.V_mean.tolist()}
            for row in unit.gain.rows
        ],
        "fit": dict(fit),
    }


def population_of(entry: Reader, name: str) -> CascadePopulation | None:
    before = len(entry.faults)
    numbers = {key: entry.number(key, above=0.0) for key in ("C_m", "reference_rate")}
    sigma = entry.number("reference_sigma", 0.0)
    domain = domain_of(entry)
    variables = tuple(
        AdaptationVariable(
            v.number("a"), v.number("b"), v.number("tau", above=0.0), v.number("E"), v.number("current", 0.0, 1.0)
        )
        for v in entry.tables("adaptation", 0, MAX_ADAPTATION)
    )
    parameters = entry.table("parameters")
    values = {}
    spread = "spread_time" in parameters.data
    if spread and not variables:
        entry.fault("adaptation", "none", "a variable, whose spread it is that has spread_time")
    for key, p in fitted(len(variables), spread).items():
        given = parameters.table(key)
        given.constant("unit", p.unit)
        slack = 1e-9 * max(abs(p.lower), abs(p.upper))
        values[key] = given.number("value", p.lower - slack, p.upper + slack)
    rows = tuple(_row(row) for row in entry.tables("gain", 1, MAX_ROWS))
    steps = np.diff([row.sigma for row in rows])
    if len(steps) and (steps.min() <= 0 or np.ptp(steps) > 1e-9 * steps.max()):
        entry.fault("gain", "sigma of the rows", "increasing in equal steps")
    if len(entry.faults) > before:
        return None
    return CascadePopulation(
        name, numbers["C_m"], variables, StaticGain(rows), values, numbers["reference_rate"], sigma, domain
    )  # fmt: skip


def _row(row: Reader) -> GainRow:
    mu, rate, V_mean = (row.array(key, 4, MAX_NODES) for key in ("mu", "rate", "V_mean"))
    if not len(mu) == len(rate) == len(V_mean):
        row.fault("mu", f"{len(mu)}, {len(rate)}, {len(V_mean)} numbers", "as many mu as rate as V_mean")
    elif np.any(np.diff(mu) <= 0) or np.any(np.diff(rate) <= 0) or np.any(rate <= 0):
        row.fault("rate", "an f-I curve that does not rise", "mu and rate increasing, rate above 0")
    return GainRow(row.number("sigma", 0.0), mu, rate, V_mean)

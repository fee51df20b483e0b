"""Rate units of the literature on the held-out protocols of entries of fits/: errors, bias, and CPU time of each.

python benchmarks/literature_units.py [adex_aug lif ...]
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from popdyn.fitting import density_over_domain, make_target
from popdyn.fitting.baselines import CASCADES
from popdyn.fitting.ln_table import sample
from popdyn.fitting.measures import protocol_error
from popdyn.fitting.protocols import heldout_jobs
from popdyn.fitting.residuals import Record, record
from popdyn.fitting.spec1 import rates as spec1
from popdyn.fitting.spec2 import rates as spec2
from popdyn.fitting.spectral_table import make_spectral_table
from popdyn.rungs.model_file import read_model
from popdyn.rungs.unit import DT
from popdyn.types import FloatArray

FITS = Path(__file__).parent.parent / "fits"
SMOOTHINGS = 0.5e-3, 1e-3, 2e-3, 3e-3
"""Of the input of spec2 [s]."""


def timed(made: Callable[[], Any]) -> tuple[Any, float]:
    began = time.process_time()
    found = made()
    return found, time.process_time() - began


def judged(records: list[Record], made: Callable[[], list[FloatArray]]) -> dict[str, Any]:
    rates, cpu_s = timed(made)
    errors = [protocol_error(r.job.protocol.name, "", x, r.target, 0.0) for r, x in zip(records, rates, strict=True)]
    return {**{e.protocol: [round(100 * e.nrmse, 1), round(100 * e.bias, 1)] for e in errors}, "cpu_s": round(cpu_s, 3)}


def measured(name: str) -> dict[str, Any]:
    """[nrmse, bias] in per cent, and CPU s, of the tables and of every unit."""
    model = read_model(FITS / name / "model.json")
    ((key, unit),) = model.units.items()
    target = make_target(density_over_domain(model.network), key).over(unit.domain)
    records = [record(target, job, DT) for job in heldout_jobs(target.population, unit.domain, 0)]
    samples, sampled = timed(partial(sample, target, unit))
    table, modes = timed(partial(make_spectral_table, target, samples))
    found = {k: judged(records, partial(rates, target, samples, records)) for k, rates in CASCADES.items()}
    found["spec1"] = judged(records, partial(spec1, target, table, records))
    for width in SMOOTHINGS:
        found[f"spec2, {1e3 * width:g} ms"] = judged(records, partial(spec2, target, table, records, width))
    return {"states, cpu_s": round(sampled, 2), "modes, cpu_s": round(modes, 2), **found}


if __name__ == "__main__":
    print(json.dumps({name: measured(name) for name in sys.argv[1:] or ("adex_aug", "adex_strong")}, indent=1))

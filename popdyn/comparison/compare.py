"""compare(truth, model): the measures of every population and one verdict."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import xarray as xr

from popdyn.comparison.align import align
from popdyn.comparison.measures import DESIRED_GROUPS, Measures, Settings, measure
from popdyn.comparison.verdict import Verdict, worst
from popdyn.errors import UsageError

SAMPLED_RUNGS = frozenset({"spiking", "annealed"})
"""Rungs made of neurons: one run of them is a sample, not an exact trace."""


@dataclass(frozen=True)
class Comparison:
    """How far `model` is from `truth` over one protocol; verdict is the worst of the populations'."""

    truth: str
    model: str
    protocol: str
    bin: float
    tolerance: float
    bias_tolerance: float
    populations: Mapping[str, Measures]
    verdict: Verdict
    notes: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """JSON-able: the `comparisons` entry of a report."""
        return {
            **vars(self),
            "populations": {name: measures.to_dict() for name, measures in self.populations.items()},
            "notes": list(self.notes),
        }


def compare(
    truth: xr.Dataset,
    model: xr.Dataset,
    *,
    tolerance: float = 0.02,
    bias_tolerance: float | None = None,
    bin: float = 5e-3,
    block: float | None = None,
    seed: int = 0,
    replicates: int = 2000,
) -> Comparison:
    """Measures of DESIGN section 6 over the bins with t >= 0.

    Parameters
    ----------
    truth, model : results; `run` holds independent groups (>= 10 for a sampled truth), a derived rung has one run
    tolerance : bar for the upper end of the noise-corrected nrmse
    bias_tolerance : bar for the bias (default: the same)
    bin : [s]
    block : [s] blocks of time of the bootstrap, at least 5 times the slowest time constant (tau_w); None: groups alone
    seed, replicates : of the bootstrap

    Raises
    ------
    UsageError : populations or bins do not fit, numbers of runs neither equal nor one, a tolerance is not positive
    """
    bias_bar = tolerance if bias_tolerance is None else bias_tolerance
    if not (tolerance > 0 and bias_bar > 0):
        raise UsageError(f"tolerance: got {tolerance:g}, bias {bias_bar:g}; allowed: > 0, as fractions (0.02 is 2 %)")
    runs = truth.sizes["run"], model.sizes["run"]
    if 1 not in runs and runs[0] != runs[1]:
        raise UsageError(f"run: got {runs[0]} of the truth, {runs[1]} of the model; allowed: the same number, or one")
    aligned = align(truth, model, bin)
    settings = Settings(
        tolerance=tolerance,
        bias_tolerance=bias_bar,
        block_bins=None if block is None else max(1, round(block / bin)),
        replicates=replicates,
        seed=seed,
        sampled=runs[0] == 1 and truth.attrs.get("rung") in SAMPLED_RUNGS,
    )
    populations = {name: measure(aligned.truth[name], aligned.model[name], settings) for name in aligned.truth}
    notes = aligned.notes
    if 1 < max(runs) < DESIRED_GROUPS:
        notes = (*notes, f"{max(runs)} groups: at least {DESIRED_GROUPS} are asked for")
    return Comparison(
        truth=str(truth.attrs.get("rung", "truth")),
        model=str(model.attrs.get("rung", "model")),
        protocol=str(truth.attrs.get("protocol", "")),
        bin=bin,
        tolerance=tolerance,
        bias_tolerance=bias_bar,
        populations=populations,
        verdict=worst(measures.verdict for measures in populations.values()),
        notes=notes,
    )

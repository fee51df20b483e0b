"""The error of the density rung predicted before any spike: the next closure, half the cells, half the step."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from popdyn.comparison import compare
from popdyn.comparison.shape import STILL
from popdyn.rungs.density import Density
from popdyn.spec.network import Protocol as StimulusProtocol
from popdyn.theory.problem import LOWER_CLOSURE

NEXT_CLOSURE = {
    "mean": "hermite1", "hermite1": "hermite2", "hermite2": "hermite3", "hermite3": "cumulant3",
    "gaussian": "cumulant3", "cumulant3": "cumulant4", "cumulant4": "cumulant3",
}  # fmt: skip
"""What a closure is compared with: a better one; the best, with the next best."""
NEXT_BESIDE_TRAINS = NEXT_CLOSURE | {"cumulant3": "hermite3"}
"""Where trains are regular: beside cumulant4 their second moment is left out (theory.train_noise)."""


class Simulates(Protocol):
    """What runs a protocol."""

    def simulate(self, protocol: str | StimulusProtocol, /) -> xr.Dataset:
        """Its trajectory."""
        ...


@dataclass(frozen=True)
class OtherClosure:
    """The same density with the next closure; populations for which that falls back on the very closure that the
    `reference` used have the first lower one that does not: a closure is no witness of its own error.
    """

    make: Callable[[str], Simulates]
    closure: str
    reference: xr.Dataset
    following: Mapping[str, str] = field(default_factory=lambda: NEXT_CLOSURE)

    def simulate(self, protocol: str | StimulusProtocol, /) -> xr.Dataset:
        """Its rates."""
        lower, found = self.closure, self.make(self.following[self.closure]).simulate(protocol)
        rate, used = found["rate"], _closures(found)
        while np.any(same := used == _closures(self.reference)) and lower in LOWER_CLOSURE:
            lower = LOWER_CLOSURE[lower]
            found = self.make(lower).simulate(protocol)
            rate = rate.where(xr.DataArray(~same, dims="population"), found["rate"])
            used = np.where(same, _closures(found), used)
        return found.assign(rate=rate).assign_attrs(closures_used=",".join(used))


def _closures(trajectory: xr.Dataset) -> NDArray[np.str_]:
    """By population; those of a network fall back together and have one."""
    return np.resize(trajectory.attrs["closures_used"].split(","), trajectory.sizes["population"])


@dataclass(frozen=True)
class PredictedError:
    """nrmse and bias of one population, by source and in all: nrmse parts add in squares, |bias| as they are.

    nan where the measure does not exist (a rate that does not vary has no nrmse).
    """

    nrmse: float
    bias: float
    parts: dict[str, float]


STEP_FACTOR = 4.0 / 3.0  # of the distance to half the step of a second-order scheme: a quarter of the error is left


def predict_error(density: Density, protocol: str, trajectory: xr.Dataset) -> dict[str, PredictedError]:
    """Distance to the same density with the next closure, with half the cells, and with half the step.

    The distances of grid and step are times STEP_FACTOR, both schemes being of second order.
    """
    network, dt, closure = density.network, density.dt, density.closure
    next_closure = OtherClosure(
        lambda other: Density(network, closure=other, dt=dt, domain=density.domains), closure, trajectory
    )
    others: dict[str, tuple[Simulates, Factor]] = {
        "closure": (next_closure, 1.0),
        "grid": (Density(network, closure=closure, dt=dt, domain=density.domains, refine=2.0), STEP_FACTOR),
        "step": (Density(network, closure=closure, dt=dt / 2.0, domain=density.domains), STEP_FACTOR),
    }
    if not any(p.adapts for p in density.problems.values()):
        del others["closure"]
    return in_all(distances(others, protocol, trajectory))


Parts = dict[str, dict[str, tuple[float, float]]]
"""(nrmse, bias) by population and source; bias: how much too high a mean rate is, as a share of it."""
Factor = float | Mapping[str, float]
"""Of a distance, the same for all or by population."""


def distances(
    others: Mapping[str, tuple[Simulates, Factor]], protocol: str | StimulusProtocol, trajectory: xr.Dataset
) -> Parts:
    """Of a trajectory from every other one under the protocol, times its factor; bias: above it."""
    found: Parts = {}
    for part, (other, factor) in others.items():
        for name, measures in compare(other.simulate(protocol), trajectory).populations.items():
            times = factor[name] if isinstance(factor, Mapping) else factor
            nrmse, bias = (np.nan if value is None else times * value for value in (measures.nrmse, measures.bias))
            found.setdefault(name, {})[part] = (nrmse, bias)  # a rate that does not vary has no nrmse
    return found


def of_variation(error: float, trajectory: xr.Dataset, population: str) -> tuple[float, float]:
    """(nrmse, largest |bias|) of an rms error relative to the s.d. of a rate: what is off on average is at most that.

    Of a rate that does not vary the bias is at most `error`, as it was in every row of
    docs/verification/heterogeneity.csv.
    """
    found = variation(trajectory, population)
    return error, error * (found if found > 0.0 else 1.0)


def of_mean(bias: float, trajectory: xr.Dataset, population: str) -> tuple[float, float]:
    """(nrmse, bias) of a mean rate that is off by a share of itself, at all times alike."""
    found = variation(trajectory, population)
    return abs(bias) / found if found > 0.0 else np.nan, bias


def variation(trajectory: xr.Dataset, population: str) -> float:
    """s.d. of a rate over its mean, t >= 0; 0 where compare takes it for constant."""
    rate = trajectory["rate"].sel(population=population, time=slice(0.0, None)).mean("run").values
    return 0.0 if rate.std() <= STILL * np.abs(rate).max() else float(rate.std() / rate.mean())


SIGNED = frozenset({"step", "grid", "jumps", "trains", "size"})
"""Sources that are distances to a finer description, or the first order of what is left out: their sign is known."""


def expected(biases: Mapping[str, float]) -> float:
    """Size of the bias that all sources make together, by source.

    Those whose sign is known add up as they are, since each is the first order of its own correction of the same rate;
    of the others, distances to an equal or a coarser description, only the size is known: independent, in squares.
    """
    known = sum(bias for part, bias in biases.items() if part in SIGNED)
    return float(np.sqrt(known**2 + sum(bias**2 for part, bias in biases.items() if part not in SIGNED)))


def in_all(found: Parts) -> dict[str, PredictedError]:
    """The sources of every population together."""
    return {
        name: PredictedError(
            float(np.sqrt(sum(nrmse**2 for nrmse, _ in parts.values()))),
            float(sum(abs(bias) for _, bias in parts.values())),
            {part: nrmse for part, (nrmse, _) in parts.items()},
        )
        for name, parts in found.items()
    }

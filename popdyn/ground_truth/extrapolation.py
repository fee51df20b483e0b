"""Figures of the truth in the limit of a vanishing step."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from popdyn.errors import UsageError
from popdyn.ground_truth.jobs import job
from popdyn.ground_truth.receptors import FAMILY
from popdyn.ground_truth.simulation import run
from popdyn.ground_truth.spiking import Rate
from popdyn.ground_truth.tasks import Progress
from popdyn.neurons import MODELS
from popdyn.spec.network import Network, Protocol

Summary = Callable[[xr.Dataset], Mapping[str, float]]
"""Figures of a result with one run, by name."""


@dataclass(frozen=True)
class Extrapolation:
    """`limit`: values at dt = 0 with their standard errors, from a straight line in dt**power through the values at
    the steps `dts` [s]; `bracket`: how far the line in the other power, dt or sqrt(dt), ends from it."""

    power: float
    dts: tuple[float, ...]
    values: tuple[Mapping[str, Rate], ...]
    limit: Mapping[str, Rate]
    bracket: Mapping[str, float]

    def lines(self) -> list[str]:
        """One line per step, then the limit."""
        rows = zip([f"dt {1e3 * dt:g} ms" for dt in self.dts] + ["dt -> 0"], [*self.values, self.limit], strict=True)
        return [f"{label}: {', '.join(f'{k} {v.mean:.5g} ± {v.standard_error:.2g}' for k, v in row.items())}"
                for label, row in rows]  # fmt: skip


def extrapolate(
    network: Network,
    protocol: str | Protocol,
    dts: Sequence[float] = (50e-6, 25e-6),
    *,
    power: float | None = None,
    summary: Summary | None = None,
    seed: int = 0,
    backend: str | None = None,
    groups: int | None = None,
    workers: int | None = None,
    max_memory: float | None = None,
    progress: Progress | None = None,
) -> Extrapolation:
    """Simulate at each step and extrapolate each figure to dt = 0.

    Parameters
    ----------
    dts : two steps at least [s]
    power : of dt; None: 1/2 where delta synapses or Poisson jumps reach a hard threshold, otherwise 1
    summary : figures of one run; None: the mean rate of each population over the scored time [1/s]

    Valid when the steps are small enough for one term of the expansion: `bracket` and a third step tell.
    """
    if len(set(dts)) < 2:
        raise UsageError(f"dts: got {', '.join(map(str, dts))}; allowed: two different steps at least")
    found = []
    for dt in dts:
        decided = job(network, protocol, seed=seed, dt=dt, backend=backend, groups=groups)
        result = run(decided, workers=workers, max_memory=max_memory, progress=progress)
        found.append(_figures(result, summary or _mean_rates))
    chosen = power or _power(network)
    other = 1.0 if chosen != 1 else 0.5
    limit = {name: _at_zero(dts, [values[name] for values in found], chosen) for name in found[0]}
    also = {name: _at_zero(dts, [values[name] for values in found], other) for name in found[0]}
    bracket = {name: abs(limit[name].mean - also[name].mean) for name in limit}
    return Extrapolation(chosen, tuple(dts), tuple(found), limit, bracket)


def _power(network: Network) -> float:
    hard = {name for name, one in network.populations.items() if MODELS[one.neuron.model].hard_threshold}
    jumps = any(FAMILY[one.synapse.kind] == "delta" and one.post in hard for one in network.connections)
    drives = [drive for name in hard for drive in network.populations[name].poisson]
    return 0.5 if jumps or any(one.synapse is None or one.synapse.kind == "delta" for one in drives) else 1.0


def _mean_rates(result: xr.Dataset) -> Mapping[str, float]:
    scored = result["rate"].sel(time=slice(0.0, None)).mean(("run", "time"))
    return {str(name): float(value) for name, value in zip(scored["population"].values, scored.values, strict=True)}


def _figures(result: xr.Dataset, summary: Summary) -> dict[str, Rate]:
    runs = result.sizes["run"]
    each = [summary(result.isel(run=[number])) for number in range(runs)]
    found = {}
    for name in each[0]:
        values = np.array([one[name] for one in each])
        error = float(values.std(ddof=1) / np.sqrt(runs)) if runs > 1 else float("nan")
        found[name] = Rate(float(values.mean()), error)
    return found


def _at_zero(dts: Sequence[float], values: Sequence[Rate], power: float) -> Rate:
    """Least squares of a straight line in dt**power; the error carries those of the values."""
    design: NDArray[np.float64] = np.stack([np.ones(len(dts)), np.asarray(dts) ** power], axis=1)
    weights = np.linalg.pinv(design)[0]
    mean = float(weights @ [one.mean for one in values])
    return Rate(mean, float(np.sqrt(weights**2 @ [one.standard_error**2 for one in values])))

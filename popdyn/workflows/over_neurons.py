"""How rates are distributed over the neurons of a population: nodes of the density, counted spikes of the truth."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
import xarray as xr

Nodes = list[tuple[float, float]]
"""(share of the population's neurons, rate [1/s]) of each node."""


def nodes_of(node_rates: Iterable[tuple[str, float, float]]) -> dict[str, Nodes]:
    """(population, share, rate) by population."""
    found: dict[str, Nodes] = {}
    for name, weight, rate in node_rates:
        found.setdefault(name, []).append((weight, rate))
    return found


def sd_log_rate(nodes: Sequence[tuple[float, float]]) -> float:
    """Standard deviation of the log rate over neurons: that of the lognormal with the nodes' mean and variance."""
    weight, rate = np.array(nodes).T
    mean = float(weight @ rate)
    return lognormal_sd(mean, float(weight @ (rate - mean) ** 2))


def counted_sd_log_rate(truth: xr.Dataset, population: str, duration: float) -> float | None:
    """The same over the neurons of a spiking result, without what counting spikes over `duration` [s] adds.

    Var(rate) - <CV^2 rate>/duration, the counting variance of renewal trains; None where the result has no rates of
    neurons.
    """
    name = f"neuron_rate_{population}"
    if name not in truth:
        return None
    rate, CV = truth[name].values, truth[f"neuron_cv_{population}"].values
    mean = float(rate.mean())
    square = float(np.nanmean(CV**2)) if np.isfinite(CV).any() else 1.0
    return lognormal_sd(mean, float(rate.var()) - square * mean / duration)


def lognormal_sd(mean: float, variance: float) -> float:
    """s.d. of the logarithm of a lognormal variable."""
    return float(np.sqrt(np.log1p(max(variance, 0.0) / mean**2))) if mean > 0.0 else 0.0

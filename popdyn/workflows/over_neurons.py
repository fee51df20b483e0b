"""How rates are distributed over the neurons of a population: nodes of the density, counted spikes of the truth."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
import xarray as xr
from numpy.typing import NDArray

Array = NDArray[np.float64]
HIDDEN = 0.8
"""Least share of the variance of counted rates that neurons have to have, and not counting."""

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

    None where counting hides it: it is known for renewal trains, and real ones are more regular.
    """
    rate, kept = truth[f"neuron_rate_{population}"].values, kept_variance(truth, population, duration)
    return lognormal_sd(float(rate.mean()), float(rate.var()) * kept) if kept >= HIDDEN else None


def explained_sd_log_rate(truth: xr.Dataset, population: str, parameters: Sequence[str]) -> float | None:
    """The part of it that goes with the neurons' drawn parameters: a quadratic form of them fitted to counted rates.

    Counting spikes adds nothing to it. None where no parameter was drawn.
    """
    drawn = [truth[f"{name}_{population}"].values.ravel() for name in parameters if f"{name}_{population}" in truth]
    z = [(values - values.mean()) / values.std() for values in drawn if values.std() > 0.0]
    if not z:
        return None
    rate = truth[f"neuron_rate_{population}"].values.ravel()
    terms = np.stack([np.ones_like(rate), *z, *(a * b for i, a in enumerate(z) for b in z[i:])], axis=1)
    fitted = terms @ np.linalg.lstsq(terms, rate, rcond=None)[0]
    return lognormal_sd(float(rate.mean()), float(fitted.var()))


def counted_quantiles(truth: xr.Dataset, population: str, duration: float, shares: Array) -> Array:
    """Rates [1/s] below which `shares` of the neurons lie, drawn together until counting no longer widens them."""
    rate = truth[f"neuron_rate_{population}"].values
    values, count = np.unique(rate, return_counts=True)
    middle = (np.cumsum(count) - 0.5 * count) / count.sum()
    found = np.interp(shares, middle, values)
    return np.asarray(rate.mean() + np.sqrt(kept_variance(truth, population, duration)) * (found - rate.mean()))


def kept_variance(truth: xr.Dataset, population: str, duration: float) -> float:
    """Share of the variance of counted rates that is not counting: 1 - <CV^2 rate>/(duration variance), renewal."""
    rate, CV = truth[f"neuron_rate_{population}"].values, truth[f"neuron_cv_{population}"].values
    variance = float(rate.var())
    square = float(np.nanmean(CV**2)) if np.isfinite(CV).any() else 1.0
    return max(0.0, 1.0 - square * float(rate.mean()) / duration / variance) if variance > 0.0 else 0.0


def lognormal_sd(mean: float, variance: float) -> float:
    """s.d. of the logarithm of a lognormal variable."""
    return float(np.sqrt(np.log1p(max(variance, 0.0) / mean**2))) if mean > 0.0 else 0.0

"""The spiking network as a rung of the ladder."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import xarray as xr

from popdyn.errors import UsageError
from popdyn.ground_truth.simulation import simulate
from popdyn.ground_truth.tasks import Progress
from popdyn.neurons import MODELS
from popdyn.neurons.traces import slowest
from popdyn.spec import Network, Protocol


@dataclass(frozen=True)
class Rate:
    """Mean rate over neurons and time with its standard error over independent groups [1/s]."""

    mean: float
    standard_error: float


@dataclass(frozen=True)
class Spiking:
    """The network itself, simulated by Brian2; see popdyn.ground_truth.simulate for the options."""

    network: Network
    dt: float | None = None
    backend: str | None = None
    groups: int | None = None
    workers: int | None = None
    progress: Progress | None = None
    name: str = "spiking"

    def simulate(self, protocol: str | Protocol, *, seed: int = 0) -> xr.Dataset:
        """Trajectory under a protocol: rate [1/s], V_mean [V], w_mean [A] as (run, time, population)."""
        return simulate(
            self.network,
            protocol,
            seed=seed,
            dt=self.dt,
            backend=self.backend,
            groups=self.groups,
            workers=self.workers,
            progress=self.progress,
        )

    def rates(self) -> dict[str, float]:
        """Long-run mean rate of each population at its constant drive [1/s]."""
        return {name: rate.mean for name, rate in self.stationary().items()}

    def stationary(self, *, duration: float = 2.0, seed: int = 0) -> dict[str, Rate]:
        """Mean rates and standard errors over `duration` [s] at constant drive, after a transient of ten times the
        longest time constant of a neuron, at least 0.2 s and at most 5 s."""
        protocol = Protocol("constant", duration, min(5.0, max(0.2, 10 * self._longest())), 0)
        return mean_rates(self.simulate(protocol, seed=seed))

    def _longest(self) -> float:
        neurons = [population.neuron for population in self.network.populations.values()]
        of_traces = (slowest(MODELS[neuron.model].traces, neuron.parameters) for neuron in neurons)
        numbers = [neuron.parameters for neuron in neurons]
        return max(*(max(p["C_m"] / p["g_L"], p.get("tau_w", 0.0)) for p in numbers), *of_traces)


def mean_rates(dataset: xr.Dataset) -> dict[str, Rate]:
    """Mean rate of every population over the scored time, t >= 0."""
    scored = dataset["rate"].sel(time=slice(0.0, None))
    if scored.sizes["time"] == 0 or scored.sizes["run"] < 2:
        raise UsageError("rates: the result has no scored time, or fewer than two groups")
    per_run = scored.mean("time").transpose("run", "population").values
    errors = per_run.std(axis=0, ddof=1) / np.sqrt(per_run.shape[0])
    found = zip(dataset["population"].values, per_run.mean(axis=0), errors, strict=True)
    return {str(name): Rate(float(mean), float(error)) for name, mean, error in found}

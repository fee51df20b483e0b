"""Long-run mean rates of networks at constant drive: the protocol, and the rungs that run it to find them."""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from functools import cached_property

import xarray as xr

from popdyn.spec.network import Network, Protocol
from popdyn.theory.network_problem import NetworkProblem
from popdyn.types import FloatArray

AVERAGED = 1.0  # [s] over which a network is averaged
AVERAGED_FINITE = 5.0  # [s] the same of finite size
ADAPTATION_TIMES = 6.0  # longest of the network's, before it is averaged
AT_LEAST = 0.5  # [s] besides


def adapted(network: Network) -> float:
    """Time [s] after which the adaptation currents of a network have settled."""
    longest = max(p.neuron.parameters.get("tau_w", 0.0) for p in network.populations.values())
    return ADAPTATION_TIMES * longest


def constant(network: Network, averaged: float = AVERAGED, settling: float | None = None) -> Protocol:
    """`averaged` s at the spec's constant drive, after `settling` s [default: of the adaptation] and half a second."""
    transient = AT_LEAST + round(adapted(network) if settling is None else settling, 1)
    return Protocol("constant", averaged, transient, 0)


class LongRun(ABC):
    """A rung of a network whose long-run rates are those of a simulation at constant drive, which is run once."""

    network: Network
    finite: bool = False

    @abstractmethod
    def simulate(self, protocol: str | Protocol, *, seed: int = 0) -> xr.Dataset:
        """Trajectory on 1 ms bins."""

    @abstractmethod
    def settling(self) -> float:
        """Time [s] at constant drive after which the state no longer depends on the first one."""

    def rates(self) -> dict[str, float]:
        """Long-run mean rate of each population at constant drive [1/s]: also where the network oscillates.

        Of finite size: over `AVERAGED_FINITE` s with seed 0.
        """
        mean = self._long_run["rate"].sel(time=slice(0.0, None)).mean(("run", "time")).values
        return {name: float(r) for name, r in zip(self.network.populations, mean, strict=True)}

    @cached_property
    def _long_run(self) -> xr.Dataset:
        averaged = AVERAGED_FINITE if self.finite else AVERAGED
        return self.simulate(constant(self.network, averaged, self.settling()))


def noted(problem: NetworkProblem, rates: FloatArray) -> str:
    """Mean rates [1/s] of the nodes as the attribute `node_rates` of a simulation."""
    return json.dumps([[n.population, n.weight, float(r)] for n, r in zip(problem.nodes, rates, strict=True)])


class LongRunOfNodes(LongRun):
    """The same, where simulations note the mean rate of every node (`noted`)."""

    def node_rates(self) -> list[tuple[str, float, float]]:
        """Population, share of its neurons and long-run mean rate [1/s] of every node, as `rates` has them."""
        return [(n, w, r) for n, w, r in json.loads(self._long_run.attrs["node_rates"])]

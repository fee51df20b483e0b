"""Networks that the tests of the analysis share."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from math import log1p
from typing import Any

from popdyn.analysis.operating import linearised
from popdyn.analysis.stability import Stability, stability
from popdyn.distributions import Distribution
from popdyn.spec import load
from popdyn.spec.network import Connection, Network, Synapse
from popdyn.theory.network_response import LinearNetwork

LIF = {
    "model": "lif", "C_m": "200 pF", "tau_m": "20 ms", "E_L": "0 mV", "V_th": "20 mV", "V_reset": "10 mV",
    "t_ref": "2 ms",
}  # fmt: skip


def population(size: int = 1000, neuron: dict[str, Any] = LIF, mu: float = 0.0, sigma: float = 0.0, **more: Any) -> Any:
    """A population as a spec has it; mu [V/s], sigma [mV/sqrt(ms)]."""
    noise = {"noise": {"mu": f"{mu} mV/ms", "sigma": f"{sigma} mV/sqrt(ms)"}} if mu or sigma else {}
    return {"size": size, "neuron": neuron, **noise, **more}


def network(populations: dict[str, Any], *connections: Connection, duration: str = "500 ms") -> Network:
    protocols = {"rest": {"duration": duration, "transient": "0 ms"}}
    made = load({"schema": 1, "name": "test", "populations": populations, "protocols": protocols})
    return replace(made, connections=connections)


def brunel(g: float, eta: float, J: float = 1e-4, delay: float = 1.5e-3) -> Network:
    """Brunel 2000, model A: external rate eta x 10 / s, inhibition g times as strong."""
    poisson = [{"K": 1000, "nu": f"{eta * 10} Hz", "J": f"{J * 1e3} mV"}]
    populations = {name: population(size, poisson=poisson) for name, size in (("E", 10000), ("I", 2500))}
    wires = [
        Connection(pre, post, "fixed_indegree", Synapse("delta", J if pre == "E" else -g * J, delay=delay), K=K)
        for pre, K in (("E", 1000), ("I", 250))
        for post in "EI"
    ]
    return network(populations, *wires)


@cache
def linear_brunel(g: float, eta: float) -> tuple[LinearNetwork, Stability]:
    """Its linearised state and modes, made once for all tests."""
    linear = linearised(brunel(g, eta))
    return linear, stability(linear)


def with_sizes(linear: LinearNetwork, factor: int) -> LinearNetwork:
    """The same state in populations `factor` times as large."""
    spec = linear.problem.network
    populations = {name: replace(p, size=factor * p.size) for name, p in spec.populations.items()}
    return replace(linear, problem=replace(linear.problem, network=replace(spec, populations=populations)))


def inhibitory(
    J: float, mu: float = 1.25, sigma: float = 1.0, delay: float = 2e-3, duration: str = "500 ms"
) -> Network:
    """Brunel and Hakim 1999: one inhibitory population that hears itself late; J [V] the size of a jump."""
    wire = Connection("I", "I", "fixed_indegree", Synapse("delta", -J, delay=delay), K=1000)
    return network({"I": population(5000, mu=mu, sigma=sigma)}, wire, duration=duration)


def behind_synapses(J: float, nu: float, delay: float = 1e-3, duration: str = "300 ms") -> Network:
    """One inhibitory population all of whose input is filtered; nu [1/s] of its excitatory sources."""
    source = {"K": 1000, "nu": f"{nu} Hz", "J": "0.2 mV", "synapse": "exponential", "tau_syn": "1 ms"}
    wire = Connection("I", "I", "fixed_indegree", Synapse("exponential", -J, tau_syn=1e-3, delay=delay), K=1000)
    return network({"I": population(5000, poisson=[source])}, wire, duration=duration)


COLUMN = ("L23E", "L23I", "L4E", "L4I", "L5E", "L5I", "L6E", "L6I")
SIZES = (20683, 5834, 21915, 5479, 4850, 1065, 14395, 2948)
BACKGROUND = (1600, 1500, 2100, 1900, 2000, 1900, 2900, 2100)
PROBABILITIES = """
.1009 .1689 .0437 .0818 .0323 0     .0076 0
.1346 .1371 .0316 .0515 .0755 0     .0042 0
.0077 .0059 .0497 .1350 .0067 .0003 .0453 0
.0691 .0029 .0794 .1597 .0033 0     .1057 0
.1004 .0622 .0505 .0057 .0831 .3726 .0204 0
.0548 .0269 .0257 .0022 .0600 .3158 .0086 0
.0156 .0066 .0211 .0166 .0572 .0197 .0396 .2252
.0364 .0010 .0034 .0005 .0277 .0080 .0658 .1443
"""


def microcircuit() -> Network:
    """Potjans and Diesmann 2014 at full size with Poisson background; J of 87.8 pA as charge over C_m."""
    neuron = {
        "model": "lif", "C_m": "250 pF", "tau_m": "10 ms", "E_L": "-65 mV", "V_th": "-50 mV", "V_reset": "-65 mV",
        "t_ref": "2 ms",
    }  # fmt: skip
    J = 87.8e-12 * 0.5e-3 / 250e-12
    populations = {}
    for name, size, sources in zip(COLUMN, SIZES, BACKGROUND, strict=True):
        source = {"K": sources, "nu": "8 Hz", "J": f"{J * 1e3} mV", "synapse": "exponential", "tau_syn": "0.5 ms"}
        populations[name] = population(size, neuron, poisson=[source])
    wires = []
    for row, (post, N_post) in zip(PROBABILITIES.split("\n")[1:], zip(COLUMN, SIZES, strict=True), strict=False):
        for p, (pre, N_pre) in zip(map(float, row.split()), zip(COLUMN, SIZES, strict=True), strict=True):
            if p > 0.0:
                weight = (2.0 if (post, pre) == ("L23E", "L4E") else 1.0) * (J if pre[-1] == "E" else -4.0 * J)
                delay = 1.5e-3 if pre[-1] == "E" else 0.75e-3
                delays = Distribution("normal", (delay, 0.5 * delay), low=0.1e-3)
                synapse = Synapse("exponential", weight, tau_syn=0.5e-3, delay=delays.moments[0], delays=delays)
                number = round(log1p(-p) / log1p(-1.0 / (N_pre * N_post)))
                wires.append(Connection(pre, post, "fixed_total_number", synapse, number=number))
    return network(populations, *wires)

"""Networks that the tests of the analysis share."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from popdyn.spec import load
from popdyn.spec.network import Connection, Network, Synapse

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


def inhibitory(
    J: float, mu: float = 1.25, sigma: float = 1.0, delay: float = 2e-3, duration: str = "500 ms"
) -> Network:
    """Brunel and Hakim 1999: one inhibitory population that hears itself late; J [V] the size of a jump."""
    wire = Connection("I", "I", "fixed_indegree", Synapse("delta", -J, delay=delay), K=1000)
    return network({"I": population(5000, mu=mu, sigma=sigma)}, wire, duration=duration)

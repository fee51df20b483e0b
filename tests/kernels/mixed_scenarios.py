"""Densities and cohorts in one small network through the kernel that advances both."""

from __future__ import annotations

import numpy as np
from cohort_scenarios import GIF, NOISE, POISSON
from network_scenarios import EXCITATORY
from numpy.typing import NDArray

from popdyn.rungs.bank import equal_cells
from popdyn.rungs.derivation import Derivation
from popdyn.rungs.escape_corrections import Held
from popdyn.rungs.mixed import MixedDensity, in_order
from popdyn.rungs.node_grids import node_grid
from popdyn.spec import load
from popdyn.spec.network import Network
from popdyn.theory.cohort_grid import AgeGrid
from popdyn.theory.network_problem import network_problem
from popdyn.theory.working_point import WorkingPoint


def network() -> Network:
    """An adapting density between an adapting population of cohorts and Poisson neurons, by filters and by jumps."""
    wire = {"rule": "fixed_indegree", "K": 40, "delay": "0.3 ms"}
    filtered = {"synapse": "exponential", "tau_syn": "3 ms"}
    return load({
        "schema": 1,
        "populations": {
            "G": {"size": 200, "neuron": GIF, "noise": NOISE, "initial": {"V": {"normal": ["-52 mV", "3 mV"]}}},
            "E": EXCITATORY,
            "P": {"size": 100, "neuron": POISSON, "noise": NOISE},
        },
        "connections": [
            wire | filtered | {"pre": "E", "post": "G", "J": "0.2 mV"}, wire | {"pre": "E", "post": "P", "J": "0.1 mV"},
            wire | {"pre": "G", "post": "E", "J": "-0.4 mV"},
            wire | filtered | {"pre": "P", "post": "E", "J": "0.1 mV"},
        ],
        "protocols": {"p": {"duration": "3 ms", "transient": "1 ms"}},
    })  # fmt: skip


def derivation() -> Derivation:
    """At rates that nobody has found: those of cohorts take too long without compilation."""
    problem = network_problem(in_order(network()))
    rates = np.array([8.0, 5.0, 4.0])
    point = WorkingPoint(rates, rates**2, rates, *problem.inputs(rates, rates**2))
    held = {
        e.population: Held(e.problem, np.zeros(1), rate, 1.0, 1.0, {}, float(e.population == "G"), np.zeros(2))
        for e, rate in zip(problem.escaping, rates[1:], strict=True)
    }
    return Derivation(problem, equal_cells([node_grid(problem, 0, point, False)]), point, {}, {}, {}, held)


def mixed() -> dict[str, NDArray[np.generic]]:
    """Trajectories without and with finite size."""
    found: dict[str, NDArray[np.generic]] = {}
    for finite in (False, True):
        rung = MixedDensity(
            network(), finite=finite, closure="hermite2", grid=AgeGrid(1e-3, 2, 2), derivation=derivation()
        )  # fmt: skip
        with np.errstate(over="ignore"):  # the generator's words wrap around
            run = rung.simulate("p", seed=1)
        rows = np.concatenate([run[k].values[0].T for k in ("rate", "V_mean", "w_mean")])
        found[f"mixed, finite {finite}"] = rows[np.any(rows != 0.0, axis=1)]
    return found

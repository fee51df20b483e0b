"""A network of two cascade units of different size through its kernel."""

from __future__ import annotations

import numpy as np
from modes_scenarios import wires
from numpy.typing import NDArray

from popdyn.kernels import cascade, unit_network
from popdyn.kernels.modes_network import WATCHED, Nodes
from popdyn.rungs.cascade import CascadePopulation
from popdyn.rungs.cascade_parameters import starting_values
from popdyn.rungs.coupled_units import stacked
from popdyn.rungs.static_gain import AdaptationVariable, GainRow, StaticGain
from popdyn.theory.discretisation import Domain

E = np.linspace(-2.0, 3.0, 40)
DT = 1e-4


def unit(sigmas: tuple[float, ...], variables: tuple[AdaptationVariable, ...]) -> CascadePopulation:
    rows = []
    for sigma in sigmas:
        rate, V_mean = 60.0 / (1.0 + np.exp(-(E - 1.0) / (6.0 * sigma))), -0.065 + 0.01 * np.tanh(E)
        w = sum((v.stationary(rate, V_mean) for v in variables), np.zeros(E.size))
        rows.append(GainRow(sigma, E + w / 2e-10, rate, V_mean))
    return CascadePopulation(
        "E", 2e-10, variables, StaticGain(tuple(rows)), starting_values(len(variables)), 15.0, sigmas[0],
        Domain(0.0, 2.0, sigmas[0], sigmas[-1]),
    )  # fmt: skip


def unit_network_result() -> dict[str, NDArray[np.float64]]:
    units = stacked([unit((0.05, 0.06), (AdaptationVariable(4e-9, 40e-12, 0.2, -0.08),)), unit((0.05,), ())], DT)
    nodes = Nodes(
        np.zeros(2, np.int64), np.arange(2), np.array([0.4, 0.6]), np.zeros(2), np.zeros(2),
        np.array([0.0, 1e-3]), np.array([0, 2, 4]), np.array([0, 1, 0, 1]), np.full(4, 2e-3), np.full(4, 1e-6),
        np.tile([0.0, 9.0, 0.0, 9.0], (2, 1)),
    )  # fmt: skip
    state = np.zeros((2, cascade.W + 1))
    for g in range(2):
        table = units.table[units.rows[g] : units.rows[g + 1]]
        variables = units.adaptation[units.variables[g] : units.variables[g + 1]]
        cascade.start(units.numbers[g], table, variables, 1.0, 0.055, np.full(len(variables), 1e-10), state[g])
    t = (np.arange(60) + 0.5) * DT
    out, rates, watched = np.zeros((1, 6, unit_network.OUTPUTS)), np.zeros(2), np.zeros((2, WATCHED))
    done = unit_network.run(
        units, nodes, wires(2), np.full((2, 6), 8.0), np.full((1, 60), 9.0), 1.0 + np.sin(300.0 * t)[None],
        np.full((1, 60), 1.6e-3), 0, DT, state, out, rates, watched,
    )  # fmt: skip
    assert done == 60
    return {"units in a network": np.concatenate([out[0].T, [np.resize(rates, 6)]])}

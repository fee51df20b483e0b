"""A network of two cascade units of different size through its kernel."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
from modes_scenarios import wires
from numpy.typing import NDArray

from popdyn.kernels import cascade_slots as cascade
from popdyn.kernels.lanes import LANES, aligned
from popdyn.kernels.modes_network import WATCHED, Nodes
from popdyn.kernels.synapses import (
    ARRIVED,
    BLOCK,
    DELTA,
    EXPONENTIAL,
    FILTERED,
    NUMBERS,
    STATES,
    Projections,
    decay_of,
)
from popdyn.kernels.unit_blocks import Units
from popdyn.kernels.unit_network import OUTPUTS, run
from popdyn.rungs.cascade import TABLE_SIZE, CascadePopulation
from popdyn.rungs.cascade_parameters import starting_values
from popdyn.rungs.static_gain import AdaptationVariable, GainRow, StaticGain
from popdyn.theory.discretisation import Domain

E = np.linspace(-2.0, 3.0, 40)
DT = 1e-4
SLOW, FAST = AdaptationVariable(4e-9, 40e-12, 0.2, -0.08), AdaptationVariable(0.0, 20e-12, 0.03, -0.08)


def unit(
    sigmas: tuple[float, ...], variables: tuple[AdaptationVariable, ...], spread: bool = False
) -> CascadePopulation:
    rows = []
    for sigma in sigmas:
        rate, V_mean = 60.0 / (1.0 + np.exp(-(E - 1.0) / (6.0 * sigma))), -0.065 + 0.01 * np.tanh(E)
        w = sum((v.stationary(rate, V_mean) for v in variables), np.zeros(E.size))
        rows.append(GainRow(sigma, E + w / 2e-10, rate, V_mean))
    return CascadePopulation(
        "E", 2e-10, variables, StaticGain(tuple(rows)), starting_values(len(variables), spread), 15.0, sigmas[0],
        Domain(0.0, 2.0, sigmas[0], sigmas[-1]),
    )  # fmt: skip


def lanes_of(units: list[CascadePopulation], mu: float, sigma: float) -> Units:
    """A node of each, settled."""
    made = [u.table(DT) for u in units]
    variables = max(len(u.adaptation) for u in units)
    columns, row = np.zeros((len(units), cascade.slots(variables))), 0
    for unit_made, column in zip(made, columns, strict=True):
        cascade.start(*unit_made, mu, sigma, np.full(len(unit_made.adaptation), 1e-10), row, column)
        row += len(unit_made.table)
    table = aligned(np.concatenate([m.table for m in made]))
    lanes = cascade.in_lanes(columns)
    return Units(table.reshape(-1), table[0].size, lanes, variables, np.ones((len(units), variables)))


def unit_network_result() -> dict[str, NDArray[np.float64]]:
    """Two nodes, delays of some steps and of one; a node of three adaptation variables beside nine others; one node; a
    pair of populations whose drives leave the table and their box."""
    two = [unit((0.05, 0.06), (SLOW,), spread=True), unit((0.05,), ())]
    many = [unit((0.05, 0.06), (SLOW, FAST, FAST)), *(unit((0.05,), ()) for _ in range(9))]
    return {
        "one unit": _march(two[:1], wires(2)),
        "units in a network": _march(two, wires(2)),
        "many units in a network": _march(many, later(wires(2))),
        "a pair": pair(run, 2)[0],
    }


def later(p: Projections) -> Projections:
    """The same a whole block of steps later."""
    return p._replace(lags=np.pad(p.lags, ((0, 0), (BLOCK, 0))), first=p.first + BLOCK, last=p.last + BLOCK)


def pair_wires() -> Projections:
    """Of two populations and a source: exponential, delta and exponential synapses; the first two are alike."""
    pre, steps = np.array([0, 0, 1, 2]), np.array([2, 2, 5, 3])
    kind, tau = np.array([EXPONENTIAL, EXPONENTIAL, DELTA, EXPONENTIAL]), np.array([3e-3, 3e-3, 1e-3, 5e-3])
    lags = np.zeros((4, 6))
    lags[np.arange(4), steps] = 1.0
    state = np.random.default_rng(3).uniform(5.0, 10.0, (4, STATES))
    state[1] = state[0]
    return Projections(
        pre, kind, np.tile(tau[:, None], (1, NUMBERS)), lags, steps, steps, state, np.zeros(4), np.zeros(4),
        np.array([0, 0, 2, 3]), decay_of(tau, DT),
    )  # fmt: skip


def pair(march: Callable[..., int], parts: int, wild: bool = False) -> list[NDArray[np.float64]]:
    """120 steps of two populations through `march`, in so many calls; the steps done, where `wild` ends them."""
    slow, third = replace(SLOW, b=60e-12), AdaptationVariable(0.0, 5e-12, 0.05, -0.08)
    units = lanes_of([unit((0.05, 0.06), (slow,), spread=True), unit((0.05, 0.07), (SLOW, FAST, third))], 1.0, 0.055)
    nodes = Nodes(
        np.arange(2), np.arange(2), np.ones(2), np.array([0.0, 0.1]), np.array([0.0, 1e-4]), np.array([0.0, 1e-3]),
        np.array([0, 3, 6]), np.array([0, 2, 3, 1, 2, 3]), np.array([2e-3, -3e-3, 1e-3, 3e-3, -1e-3, 1e-3]),
        np.full(6, 1e-6), np.tile([0.5, 1.5, 1e-3, 1.7e-3], (2, 1)),
    )  # fmt: skip
    t, projections, rng = (np.arange(120) + 0.5) * DT, pair_wires(), np.random.default_rng(2)
    mu = 1.0 + np.stack([0.8 * np.sin(300.0 * t), rng.choice([0.0, 0.4, 300.0], 120, p=[0.6, 0.38, 0.02])])
    if wild:
        units.table.reshape(-1, TABLE_SIZE, LANES)[:, -2:, cascade.RATE] = 1e9
    D, external = 1.6e-3 + 3e-4 * np.sin(100.0 * t) * np.ones((2, 1)), rng.uniform(0.0, 20.0, (1, 120))
    out, rates, watched = (
        np.zeros((2, 12, OUTPUTS)),
        np.zeros(2),
        np.tile([np.inf, -np.inf, np.inf, -np.inf, 0.0], (2, 1)),
    )
    activity, size, done = rng.uniform(5.0, 10.0, (3, 8)), 120 // parts, 0
    for first in range(0, 120, size):
        now, bins = slice(first, first + size), slice(first // 10, (first + size) // 10)
        done += march(
            units, nodes, projections, activity, external[:, now].copy(), mu[:, now].copy(), D[:, now].copy(), DT,
            out[:, bins], rates, watched,
        )  # fmt: skip
        if done < first + size:
            return [np.array([float(done)])]
    left = units.lanes[0].reshape(-1, LANES)[cascade.OUTSIDE, :2]
    return [out.reshape(6, -1), rates, watched, activity, projections.state[[0, 2, 3]][:, [ARRIVED, FILTERED]], left]


def _march(kinds: list[CascadePopulation], projections: Projections) -> NDArray[np.float64]:
    count = len(kinds)
    nodes = Nodes(
        np.zeros(count, np.int64), np.arange(count), np.full(count, 1.0 / count), np.zeros(count), np.zeros(count),
        np.linspace(0.0, 1e-3, count), 2 * np.arange(count + 1), np.tile([0, 1], count), np.full(2 * count, 2e-3),
        np.full(2 * count, 1e-6), np.tile([0.0, 9.0, 0.0, 9.0], (count, 1)),
    )  # fmt: skip
    t = (np.arange(60) + 0.5) * DT
    out, rates, watched = np.zeros((1, 6, OUTPUTS)), np.zeros(count), np.zeros((count, WATCHED))
    activity = np.full((2, projections.lags.shape[1] + 2), 8.0)
    done = run(
        lanes_of(kinds, 1.0, 0.055), nodes, projections, activity, np.full((1, 60), 9.0),
        1.0 + np.sin(300.0 * t)[None], np.full((1, 60), 1.6e-3), DT, out, rates, watched,
    )  # fmt: skip
    assert done == 60
    return np.concatenate([out[0].T, [np.resize(rates, 6)]])

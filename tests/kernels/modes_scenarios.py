"""Modes of small coarse densities, alone and in a network, through the kernels of modes."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numba.typed import List
from numpy.typing import NDArray

from popdyn.kernels import modes as kernel
from popdyn.kernels import modes_network, synapses
from popdyn.rungs.march import StepDrive, first_state
from popdyn.rungs.modes_bank import make_bank
from popdyn.rungs.modes_choice import begin, first_modes_state, run_modes
from popdyn.rungs.modes_steps import run_table
from popdyn.rungs.modes_training import joined, march_through
from popdyn.spec.network import Initial, Population
from popdyn.theory.balance import balance, observability
from popdyn.theory.grid import operator_on
from popdyn.theory.problem import density_problem
from popdyn.theory.projection import project
from popdyn.theory.propagators import Axis, tabulate
from popdyn.theory.reduced import Reduced

Results = dict[str, NDArray[np.generic]]
START = Initial(-0.06, 3e-3, 50e-12, 10e-12)


Made = tuple[Reduced, NDArray[np.float64], float]


def reduced(population: Population, closure: str, count: int, t_ref: float) -> Made:
    """Modes of a coarse density, from 30 ms of training, and where they start."""
    problem = replace(density_problem(population), t_ref=t_ref)
    op, h = operator_on(problem, 2.5e-3, 1.0, problem.D, problem.mu), problem.hierarchy(closure)
    t = np.arange(300) * 1e-4
    mu, D = 1.8 + 0.4 * np.sin(600.0 * t) * np.sin(130.0 * t), problem.D * (1.0 + 0.3 * np.sin(350.0 * t))
    run = march_through(op, h, START, StepDrive(mu, D, t == 0.0), 1e-4, every=2e-4)
    snapshots = joined([run])
    big, states = project(op, h, snapshots, 14)
    small = balance(big, states, observability(big, states, snapshots, 0), count)
    return small, *begin(small, first_state(op, h, START, 1e-4))


def modes(population: Population) -> Results:
    """Marching with and without dead time and moments; a network of the same."""
    found: Results = {}
    drive = StepDrive(np.linspace(1.6, 2.0, 60), np.full(60, 0.5 * population.noise.sigma**2), np.arange(60) % 30 == 0)
    made = {}
    for closure, t_ref in (("mean", 0.0), ("hermite1", 1.3e-3), ("cumulant3", 0.05e-3)):
        made[closure] = reduced(population, closure, 7, t_ref)
        found[f"modes {closure}"] = run_modes(*made[closure], drive, 1e-4)[:, : kernel.LEAST_RATE]
    for closure, t_ref, rows in (("mean", 0.0, 4), ("hermite1", 1.3e-3, 9), ("cumulant3", 0.0, 18)):
        some = made[closure] if t_ref > 0.0 or closure == "mean" else reduced(population, closure, 7, t_ref)
        found[f"modes by propagators, {closure}"] = propagated(*some, drive, rows)
    found["modes in a network"] = network([made["mean"], made["cumulant3"]], drive)
    return found


def propagated(small: Reduced, x: NDArray[np.float64], W: float, drive: StepDrive, rows: int) -> NDArray[np.float64]:
    """Steps of 0.2 ms by a coarse table that shows `rows` of the defect."""
    D = drive.D[0]
    axis_D = Axis(D * (1.0 - 1e-6), D * (1.0 + 1e-6), 1) if rows == 4 else Axis(0.7 * D, 1.3 * D, 2)
    seen = np.resize(np.swapaxes(small.missing, 0, 1), (rows, 4, small.count)).swapaxes(0, 1)
    table = tabulate(small.modes, 2e-4, Axis(-3.0, 6.0, 6), axis_D, (-20.0, 20.0), seen)
    out = run_table(table, small.modes, first_modes_state(small.modes, x, W, 1e-4), drive, 1e-4)
    assert out is not None
    return out[:, : kernel.LEAST_RATE].T


def network(made: list[Made], drive: StepDrive) -> NDArray[np.float64]:
    """Two nodes of one population that hear it."""
    groups, states = List(), List()
    for small, x, W in made:
        groups.append(small.modes)
        states.append(first_modes_state(small.modes, x, W, 1e-4))
    nodes = modes_network.Nodes(
        np.zeros(2, np.int64), np.arange(2), np.array([0.4, 0.6]), np.zeros(2), np.zeros(2), np.array([0.0, 1e-3]),
        np.arange(3), np.zeros(2, np.int64), np.full(2, 2e-3), np.full(2, 1e-6),
        np.tile([0.0, 9.0, 0.0, 9.0], (2, 1)),
    )  # fmt: skip
    projections = wires(1)
    activity = np.full((1, 6), 8.0)
    modes_network.settle(projections, activity, 1e-3)
    heard = np.zeros((2, 2, 60))
    mu, D, restart = drive.mu[None], drive.D[None], drive.restart[None]
    modes_network.listen(nodes, projections, np.full((1, 60), 8.0), mu, D, 1e-4, heard)
    out, rates, watched = np.zeros((1, 60, modes_network.OUTPUTS)), np.zeros(2), np.zeros((2, modes_network.WATCHED))
    done = modes_network.run(
        groups, states, nodes, projections, activity, np.zeros((0, 60)), mu, D, restart, 0, 1e-4, out, rates, watched
    )
    assert done == 60
    return np.concatenate([out[0].T, heard[:, 0], by_bank(made, nodes, drive)])


def by_bank(made: list[Made], nodes: modes_network.Nodes, drive: StepDrive) -> NDArray[np.float64]:
    """The same network by propagators of half its step."""
    modes, starts = [small.modes for small, _, _ in made], [first_modes_state(m.modes, x, W, 1e-4) for m, x, W in made]
    D = Axis(0.5 * drive.D[0], 1.5 * drive.D[0], 2)
    tables = [tabulate(m, 5e-5, Axis(-3.0, 6.0, 6), D, (-20.0, 20.0), np.zeros((4, 0, m.v.size))) for m in modes]
    bank = make_bank(tables, modes, nodes.group, starts)
    activity, out, rates = np.full((1, 6), 8.0), np.zeros((1, 60, modes_network.OUTPUTS)), np.zeros(2)
    done = modes_network.run_bank(
        bank, nodes, wires(1), activity, np.zeros((0, 60)), drive.mu[None], drive.D[None], drive.restart[None], 0, 5e-5,
        out, rates, np.zeros((2, modes_network.WATCHED)),
    )  # fmt: skip
    assert done == 60
    return out[0].T


def wires(count: int) -> synapses.Projections:
    """Projections of the first row that are all alike."""
    return synapses.Projections(
        np.zeros(count, np.int64), np.full(count, synapses.EXPONENTIAL), np.full((count, synapses.NUMBERS), 3e-3),
        np.tile([0.0, 0.0, 0.7, 0.3], (count, 1)), np.full(count, 2), np.full(count, 3),
        np.zeros((count, synapses.STATES)), np.zeros(count), np.zeros(count), np.zeros(count, np.int64),
        synapses.decay_of(np.full(count, 3e-3), 1e-4),
    )  # fmt: skip

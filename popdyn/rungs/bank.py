"""The arrays that the network kernel steps through: nodes, what they hear, and their projections."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from popdyn.kernels import density_1d, network, synapses
from popdyn.kernels.density_state import TRAINS
from popdyn.kernels.jumps import Jumps
from popdyn.kernels.operators import Operator
from popdyn.kernels.shunt import PARTS
from popdyn.rungs.march import first_state
from popdyn.spec.network import Initial, Population
from popdyn.theory.filtered_noise import filtered_noise
from popdyn.theory.network_problem import NetworkProblem
from popdyn.theory.problem import DensityProblem
from popdyn.theory.projections import Projection
from popdyn.theory.synaptic import KINDS, delay_lags, release
from popdyn.theory.working_point import WorkingPoint

Array = NDArray[np.float64]

COUNTED_EARLY = 0.5  # steps by which a rate counted over a step is early
AWAY = 1e4  # [V/s] drift out of a cell that only fills the array


@dataclass(frozen=True)
class NodeGrid:
    """One node ready to march: its problem at the working point, operator, and jumps of its finite-jump projections."""

    problem: DensityProblem
    operator: Operator
    jumps: Jumps
    sources: tuple[int, ...]  # projection of each source of jumps
    scheme: int = density_1d.AFFINE
    beta: float = 0.0  # [1/s] of the dip in the noise of its inputs (theory.train_noise)
    gamma: float = 0.0


@dataclass(frozen=True)
class Finite:
    """Neurons of each node, and the words that seed its noise."""

    neurons: Array
    words: NDArray[np.uint64]


def finite_size(problem: NetworkProblem, seed: int) -> Finite:
    """Every node has its share of its population's neurons; one stream per node and seed."""
    sizes = [node.weight * problem.network.populations[node.population].size for node in problem.nodes]
    words = [np.random.SeedSequence(seed, spawn_key=(q,)).generate_state(4, np.uint64) for q in range(len(sizes))]
    return Finite(np.array(sizes), np.array(words))


def equal_cells(grids: list[NodeGrid]) -> list[NodeGrid]:
    """The same number of cells in all: cells that nothing enters are added below."""
    if not grids:
        return []
    cells = max(grid.operator.width.size for grid in grids)
    parts = max(grid.operator.up.shape[0] for grid in grids)
    return [_padded(_with_parts(grid, parts), cells - grid.operator.width.size) for grid in grids]


def _with_parts(grid: NodeGrid, parts: int) -> NodeGrid:
    """As many parts of the operator as the nodes that conductances act on have, empty."""
    op = grid.operator
    none = np.zeros((parts - op.up.shape[0], op.width.size))
    return replace(grid, operator=op._replace(up=np.vstack([op.up, none]), down=np.vstack([op.down, none])))


def _padded(grid: NodeGrid, more: int) -> NodeGrid:
    """`more` cells below that any neuron would leave upward."""
    op, none = grid.operator, np.zeros((grid.operator.up.shape[0], more))
    centre = op.centre[0] - op.width[0] * np.arange(more, 0, -1)
    same, away = np.full(more, op.width[0]), np.full(more, AWAY)
    operator = Operator(
        np.append(same, op.width), np.append(centre, op.centre), np.hstack([none, op.up]), np.hstack([none, op.down]),
        np.append(none[0], op.reset), np.append(away, op.drift), np.append(same, op.spacing),
    )  # fmt: skip
    jumps, (sources, _, size) = grid.jumps, grid.jumps.band.shape
    padded = Jumps(
        np.concatenate([np.zeros((sources, more, size)), jumps.band], axis=1),
        np.concatenate([np.zeros((sources, more)), jumps.out], axis=1),
        np.zeros((op.width.size + more, size)), jumps.below, jumps.trains,
    )  # fmt: skip
    return replace(grid, operator=operator, jumps=padded)


def make_bank(
    grids: list[NodeGrid], problem: NetworkProblem, closure: str, dt: float, finite: Finite | None = None
) -> network.Bank:
    """States at the spec's initial condition; every array has the node first."""
    cells, copies = grids[0].operator.width.size, 1 if finite is None else 2
    neurons, words = np.zeros((copies * len(grids), 1)), np.zeros((copies * len(grids), 4), np.uint64)
    if finite is not None:
        neurons[: len(grids), 0], words[: len(grids)] = finite.neurons, finite.words
    hierarchies = [grid.problem.hierarchy(closure) for grid in grids]
    starts = [_initial(problem.network.populations[node.population], node.problem) for node in problem.nodes]
    states = [first_state(g.operator, h, i, dt) for g, h, i in zip(grids, hierarchies, starts, strict=True)]
    longest = max(state.past.shape[0] for state in states)
    past = np.zeros((len(grids), longest, density_1d.PAST))
    for q, state in enumerate(states):
        past[q, :, density_1d.FLUXES] = state.past[0, density_1d.FLUXES]
    ops, states, past = copies * [g.operator for g in grids], copies * states, np.concatenate(copies * [past])
    hierarchies, grids = copies * hierarchies, copies * grids
    numbers = np.array([[h.C_m, h.a, h.b, h.tau_w, h.E_w, h.V_reset, h.t_ref] for h in hierarchies])
    sources = max(grid.jumps.out.shape[0] for grid in grids)
    below = max(int(grid.jumps.below[0]) for grid in grids)
    above = max(grid.jumps.matrix.shape[1] - 1 - int(grid.jumps.below[0]) for grid in grids)
    band, out = np.zeros((len(grids), sources, cells, below + above + 1)), np.zeros((len(grids), sources, cells))
    trains = np.zeros((len(grids), 2, 1 + sources))
    for q, grid in enumerate(grids):
        place, size = below - int(grid.jumps.below[0]), grid.jumps.matrix.shape[1]
        band[q, : grid.jumps.out.shape[0], :, place : place + size] = grid.jumps.band
        out[q, : grid.jumps.out.shape[0]] = grid.jumps.out
        trains[q, :, : grid.jumps.trains.shape[1]] = grid.jumps.trains
    operators = [np.stack([getattr(op, name) for op in ops]) for name in Operator._fields]
    fields, scalars, work, star, done, sums = (
        np.stack([getattr(s, name) for s in states]) for name in ("fields", "scalars", "work", "star", "done", "sums")
    )
    memory = np.zeros((len(grids), 1 + sources, cells if finite else 0, density_1d.FIELDS))
    return network.Bank._make([
        *operators, numbers,
        np.array([[h.order, h.closure, grid.scheme] for h, grid in zip(hierarchies, grids, strict=True)]),
        fields, scalars, past, work, star, done, sums, band, out,
        np.zeros((len(grids), cells, below + above + 1)), np.full((len(grids), 1), below), trains,
        neurons, words, memory, np.zeros((len(grids), 2, cells)), np.concatenate(copies * [_kicks(grids, problem)]),
    ])  # fmt: skip


def _kicks(grids: list[NodeGrid], problem: NetworkProblem) -> Array:
    """(node, 2 + source): gamma, part of regular noise that is diffusion, gamma J [V/s] of every source of jumps."""
    found = np.zeros((len(problem.nodes), 2 + max(grid.jumps.out.shape[0] for grid in grids)))
    for q, node in enumerate(problem.nodes):
        found[q, :2] = grids[q].gamma, grids[q].jumps.trains[0, 0]
        for c, k in enumerate(grids[q].sources):
            p = problem.projections[k]
            found[q, 2 + c] = grids[q].gamma * node.scale * p.J if p.pre else 0.0
    return found


def _initial(population: Population, node: DensityProblem) -> Initial:
    """The population's initial condition, below the node's own barrier."""
    start = population.initial
    return replace(start, V_mean=min(start.V_mean, node.barrier - 1e-3))


def make_wiring(
    problem: NetworkProblem, grids: list[NodeGrid], point: WorkingPoint, dt: float, finite: bool = False,
    moving: bool = True,
) -> network.Wiring:  # fmt: skip
    """Drive of every node per unit of every projection, at the quenched widths of the working point.

    moving: nodes under filtered noise follow it as `popdyn.theory.filtered_noise` says.
    """
    names, count = problem.names, len(problem.projections)
    count_nodes = len(grids)
    nu, width = problem.presynaptic(point.rates), problem.quenched(point.rates, point.squares)
    shape = (len(grids), count)
    gain_mu, gain_D, gain_shift, gain_train = (np.zeros(shape) for _ in range(4))
    gain_jump = np.zeros((len(grids), max(len(g.sources) for g in grids), count))
    offset, extra = np.zeros(len(grids)), np.zeros(len(grids))
    for q, (node, grid) in enumerate(zip(problem.nodes, grids, strict=True)):
        for k, in_degree in problem.in_degrees(q, nu, width).items():
            p = problem.projections[k]
            K = in_degree * (1.0 + p.heard) if finite else in_degree
            mean = K * p.J
            share = p.private if finite and p.pre else p.square
            if p.conductance:
                continue
            if p.pre:
                gain_train[q, k] = node.scale**2 * K * p.J**2 * share
            if k in grid.sources:
                kept = share / p.square  # of the jumps, that are not shared with others through a finite population
                gain_jump[q, grid.sources.index(k), k] = kept * mean / p.J
                gain_shift[q, k], gain_mu[q, k] = kept * node.scale * mean, (1.0 - kept) * node.scale * mean
            else:
                gain_mu[q, k], gain_D[q, k] = node.scale * mean, 0.5 * node.scale**2 * K * p.J**2 * share
        spec_mu, spec_D = centre_drive(problem, node.population)
        offset[q], extra[q] = node.problem.mu - spec_mu, node.problem.D - spec_D
    population = np.array([names.index(node.population) for node in problem.nodes])
    heard: NDArray[np.bool_] = np.any([gain_mu, gain_D, gain_shift, gain_train, *np.moveaxis(gain_jump, 1, 0)], axis=0)
    return network.Wiring(
        population, np.array([node.weight for node in problem.nodes]), offset,
        extra, np.append(0, np.cumsum(heard.sum(axis=1))), np.nonzero(heard)[1], gain_mu, gain_D, gain_jump, gain_shift,
        gain_train,
        np.array([g.beta for g in grids]), np.array([g.gamma for g in grids]),
        gain_train @ _variances(problem, nu), np.zeros(count_nodes),
        np.arange(count_nodes) + count_nodes if finite else np.full(count_nodes, -1), np.zeros((4, count)),
        _smear(problem, dt) if finite else np.zeros(count),
        np.zeros(count_nodes), _never(2 * count_nodes if finite else count_nodes), np.zeros(count_nodes),
        np.zeros(gain_jump.shape[1]), np.zeros(TRAINS), *_conductances(problem, point, finite),
        filtered_noise(problem, point, moving=moving).start(dt),
    )  # fmt: skip


def _variances(problem: NetworkProblem, nu: Array) -> Array:
    """v of every projection [1/s] where its presynaptic rates are constant."""
    released = (release(p.synapse, float(r)) for p, r in zip(problem.projections, nu, strict=True))
    return np.asarray(nu * np.fromiter(released, float, nu.size) ** 2)


def _conductances(
    problem: NetworkProblem, point: WorkingPoint, finite: bool
) -> tuple[Array, Array, Array, Array, Array]:
    """Gain, noise, force (node, projection), leak (node,), place for the shunt (node, part); empty without any."""
    nodes, inputs = len(problem.nodes), problem.projections
    if not any(p.conductance for p in inputs):
        none = np.zeros((nodes, 0))
        return none, none, none, np.zeros(nodes), none
    nu, width = problem.presynaptic(point.rates), problem.quenched(point.rates, point.squares)
    square = np.array([p.private if finite and p.pre else p.square for p in inputs])
    found = [problem.conductances(q, nu, width, square) for q in range(nodes)]
    gain, noise, force = (np.stack([getattr(x, name) for x in found]) for name in ("gain", "noise", "force"))
    K = np.array([1.0 + p.heard if finite else 1.0 for p in inputs])
    return gain * K, noise * K, force, np.array([x.leak for x in found]), np.zeros((nodes, PARTS))


def _never(nodes: int) -> NDArray[np.int64]:
    """No backward-Euler step yet, no change of scheme."""
    return np.stack([np.zeros(nodes, np.int64), np.full(nodes, -1)])


def _smear(problem: NetworkProblem, dt: float) -> Array:
    """What BDF2 makes of white noise of intensity s^2 in mu: a diffusion of s^2 N times this, for delta synapses.

    To second order in the displacements w_n of a step, BDF2 spreads the density by sum_(k>=0) <w_n s_(n-k)> a step,
    s_n = s_(n-1)/3 + 2/3 w_n, where a displacement spreads it by half the variance of sum w_n; with C(m) the
    autocovariance of w_n the difference is C(0)/6 - sum_(m>0) C(m)/3^(m+1). Filtered input has next to none.
    """
    sizes = {name: population.size for name, population in problem.network.populations.items()}
    found = np.zeros(len(problem.projections))
    for k, p in enumerate(problem.projections):
        if p.pre and p.synapse.kind == "delta":
            shares = np.array(_lags(p, dt, COUNTED_EARLY))
            covariance = np.correlate(shares, shares, "full")[shares.size - 1 :]
            thirds = 3.0 ** -np.arange(1.0, shares.size + 1.0)
            found[k] = (covariance[0] / 6.0 - covariance[1:] @ thirds[1:]) / sizes[p.pre]
    return found


def centre_drive(problem: NetworkProblem, name: str) -> tuple[float, float]:
    """mu [V/s] and D [V^2/s] of the population's own white noise and bias current."""
    population = problem.network.populations[name]
    p = population.neuron.parameters
    return population.noise.mu + p["I_e"] / p["C_m"], 0.5 * population.noise.sigma**2


def make_projections(problem: NetworkProblem, dt: float, early: float) -> synapses.Projections:
    """Filters at rest; `early` steps are taken off every delay (a rate that is an average over its step is early)."""
    count, names, external = len(problem.projections), problem.names, 0
    lags = [_lags(p, dt, early) for p in problem.projections]
    longest = max((len(x) for x in lags), default=1)
    shares, (first, last, pre) = np.zeros((count, longest)), np.zeros((3, count), np.int64)
    numbers, state = np.zeros((count, synapses.NUMBERS)), np.zeros((count, synapses.STATES))
    for k, p in enumerate(problem.projections):
        shares[k, : len(lags[k])] = lags[k]
        first[k], last[k] = np.flatnonzero(shares[k])[[0, -1]]
        pre[k] = names.index(p.pre) if p.pre else len(names) + external
        external += not p.pre
        s = p.synapse
        numbers[k] = s.tau_syn, s.alpha, s.U, s.tau_rec, s.tau_fac
        state[k, synapses.LEFT] = 1.0
    kind = np.array([KINDS[p.synapse.kind] for p in problem.projections], dtype=np.int64)
    like = _alike(np.column_stack([pre, kind, numbers, shares, state]))
    decay = synapses.decay_of(numbers[:, synapses.TAU], dt)
    return synapses.Projections(
        pre, kind, numbers, shares, first, last, state, np.zeros(count), np.zeros(count), like, decay
    )


def _alike(rows: Array) -> NDArray[np.int64]:
    """The first row equal to each."""
    seen: dict[bytes, int] = {}
    return np.array([seen.setdefault(row.tobytes(), k) for k, row in enumerate(rows)], dtype=np.int64)


def _lags(p: Projection, dt: float, early: float) -> list[float]:
    shares = delay_lags(p.synapse, dt)
    if early == 0.0 or not p.pre:
        return shares
    moved = np.zeros(len(shares))
    for lag, share in enumerate(shares):
        moved[lag] += (1.0 - early) * share
        moved[max(lag - 1, 1)] += early * share
    return [float(x) for x in moved]

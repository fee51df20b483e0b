"""Which nodes of a network share their modes, on which domain those are trained, and what they hear.

Two nodes share modes when they differ by a translation of V and a constant drift alone: dV = (f(V) + mu) dt + sigma dW
with threshold and reset moved by d is the other one's equation at mu + f_q(V_reset,q) - f(V_reset). All drive-like
spreads, the in-degrees of a population and the colour's shift of a leaky integrator are of that kind.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq

from popdyn.errors import DomainError, NumericsError, UsageError
from popdyn.kernels.modes_network import Nodes
from popdyn.kernels.network import Wiring
from popdyn.rungs.bank import make_projections, make_wiring
from popdyn.rungs.derivation import Derivation
from popdyn.rungs.domain import DomainWarning
from popdyn.rungs.march import StepDrive
from popdyn.rungs.modes_choice import Choice, choose_modes
from popdyn.rungs.modes_training import FAST, SLOW, Inputs, Plan, random_walk
from popdyn.spec.network import Initial
from popdyn.theory.discretisation import Domain, choose_grid
from popdyn.theory.problem import DensityProblem, at_drive
from popdyn.theory.stationary import find_stationary

Array = NDArray[np.float64]
Gain = Callable[[float, float], float]
"""Stationary rate [1/s] of a group at a drive mu [V/s], sigma [V/sqrt(s)]."""

BESIDE = 0.06  # of the range of a node's mu: s.d. of what is added to it in training
LEAST_BESIDE = 0.03  # likewise, of its largest
LONGEST = 2.5  # [s] of one node's drive that is trained on
SHORTEST = 1.0  # [s] of what follows, to be judged on
MOST_DRIVES = 3  # nodes of a group whose drives are
OTHER = {"near": 0.5, "beside": 1.0}  # sizes of the changes that modes are chosen and judged on
SAME = 1e-9
FACTORS = (0.4, 1.8)  # of the noise of projections, within which it is matched
NO_NOISE, NO_CHANGE, NEAR = 1e-6, 1e-3, 0.03  # relative


@dataclass(frozen=True)
class Group:
    """Nodes that share modes; `drift` and `V_shift` (node,) take their drive and their potentials to the group's."""

    problem: DensityProblem
    initial: Initial
    members: tuple[int, ...]
    drift: tuple[float, ...]  # [V/s]
    V_shift: tuple[float, ...]  # [V]


def groups_of(derivation: Derivation) -> list[Group]:
    """The nodes of every population, by what they share."""
    found: list[tuple[Array, Group]] = []
    for q, node in enumerate(derivation.problem.nodes):
        population = derivation.problem.network.populations[node.population]
        start = replace(population.initial, V_mean=min(population.initial.V_mean, node.problem.barrier - 1e-3))
        marks = _marks(node.problem)
        for k, (other, group) in enumerate(found):
            same = derivation.problem.nodes[group.members[0]].population == node.population
            if same and np.all(np.abs(other - marks) <= SAME * (1.0 + np.abs(other))):
                first = group.problem
                found[k] = other, replace(
                    group, members=(*group.members, q), drift=(*group.drift, _drift(node.problem) - _drift(first)),
                    V_shift=(*group.V_shift, node.problem.V_reset - first.V_reset),
                )  # fmt: skip
                break
        else:
            found.append((marks, Group(node.problem, start, (q,), (0.0,), (0.0,))))
    return [group for _, group in found]


def group_labels(derivation: Derivation, groups: Sequence[Group]) -> list[str]:
    """What groups are called in texts: their population, and which of its nodes, with their share of its neurons."""
    nodes, labels = derivation.problem.nodes, []
    for group in groups:
        name = nodes[group.members[0]].population
        own = [q for q, node in enumerate(nodes) if node.population == name]
        label = f"population {name}"
        if len(group.members) < len(own):
            which = ", ".join(str(own.index(q) + 1) for q in group.members)
            share = 100 * sum(nodes[q].weight for q in group.members)
            plural = "s" if len(group.members) > 1 else ""
            label += f", node{plural} {which} of {len(own)} ({share:.3g} % of the neurons)"
        labels.append(label)
    return labels


def _drift(problem: DensityProblem) -> float:
    return float(problem.drift(np.array([problem.V_reset]))[0])


def _marks(p: DensityProblem) -> Array:
    """Numbers that two problems with the same modes have in common [mV, V/s, pA ...]."""
    height = p.barrier - p.V_reset
    V = p.V_reset + height * np.linspace(-2.0, 1.0, 40)
    shape = p.drift(V) - _drift(p)
    w = [p.a * 1e9, p.b * 1e12, p.tau_w, 1e3 * (p.E_w - p.V_reset) * (p.a != 0.0)] if p.adapts else [0.0] * 4
    return np.concatenate([shape, [1e3 * height, p.t_ref * 1e3, p.C_m * 1e12 if p.adapts else 0.0], w])


def plan_along(drives: list[StepDrive], dt: float, seed: int) -> Plan:
    """Inputs along the drives that a group's nodes met, and beside them: random changes of two speeds are added.

    Modes are chosen and judged under changes that they were not trained on, judged along what follows the first LONGEST
    of the drives where they are longer; "met" is the drives as they are.
    A box of mu and sigma would hold much that a network, whose mu and sigma move together, never sees.
    """
    rng = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(len(drives),)))
    longest = round(LONGEST / dt)
    parts = [_cut(d, longest) for d in drives]
    chosen = [parts[i] for i in np.unique(np.linspace(0, len(parts) - 1, MOST_DRIVES).round().astype(int))]
    wide = np.quantile(np.concatenate([d.mu for d in chosen]), [0.02, 0.98])
    size = max(BESIDE * float(wide[1] - wide[0]), LEAST_BESIDE * float(np.abs(wide).max()))

    def moved(drive: StepDrive, part: float) -> StepDrive:
        slow, fast = (random_walk(drive.mu.size, dt, tau, rng) for tau in (SLOW, FAST))
        sigma = 1.0 + part * LEAST_BESIDE * random_walk(drive.mu.size, dt, SLOW, rng)
        return StepDrive(drive.mu + part * size * (slow + fast), drive.D * np.clip(sigma, 0.5, 1.5) ** 2, drive.restart)

    def inputs(kinds: dict[str, float], among: list[StepDrive]) -> Inputs:
        return [(kind, moved(drive, part)) for kind, part in kinds.items() for drive in among]

    later = [_cut(StepDrive(d.mu[longest:], d.D[longest:], d.restart[longest:]), longest) for d in drives]
    unseen = [d for d in later if d.mu.size * dt >= SHORTEST] or chosen
    training = inputs({"met": 0.0, "beside": 1.0, "further": 2.0}, chosen)
    return Plan(training, inputs(OTHER, chosen[:2]), inputs(OTHER, unseen[-2:]))


def _cut(drive: StepDrive, longest: int) -> StepDrive:
    return StepDrive(drive.mu[:longest], drive.D[:longest], drive.restart[:longest])


def domain_along(plan: Plan) -> Domain:
    """The box of the training inputs."""
    mu = np.concatenate([d.mu for _, d in plan.training])
    sigma = np.sqrt(2.0 * np.concatenate([d.D for _, d in plan.training]))
    return Domain(float(mu.min()), float(mu.max()), float(sigma.min()), float(sigma.max()))


def train(group: Group, drives: list[StepDrive], closure: str, dt: float, *, tolerance: float, seed: int) -> Choice:
    """Modes of a group along the drives that its nodes met, from a density on a grid of its own."""
    plan = plan_along(drives, dt, seed)
    domain = domain_along(plan)
    mu, D = float(np.mean([d.mu.mean() for d in drives])), float(np.mean([d.D.mean() for d in drives]))
    middle = at_drive(group.problem, mu, D)
    op = choose_grid(middle, domain).operator
    return choose_modes(op, middle.hierarchy(closure), group.initial, domain, plan, dt, tolerance=tolerance, seed=seed)


def plain_nodes(derivation: Derivation, dt: float) -> Nodes:
    """What the nodes hear in the diffusion approximation of Poisson trains; every node is a group of its own."""
    problem = derivation.problem
    if any(p.conductance for p in problem.projections):
        raise UsageError("modes and units: not with conductances; allowed: currents, or --rung density")
    plain = [replace(grid, sources=(), beta=0.0, gamma=0.0) for grid in derivation.grids]
    wiring, count = make_wiring(problem, plain, derivation.point, dt), len(problem.nodes)
    return Nodes(
        wiring.population, np.arange(count), wiring.weight, wiring.offset, wiring.noise, np.zeros(count),
        *_heard(wiring, make_projections(problem, dt, 0.0).like),
        np.tile([-np.inf, np.inf, -np.inf, np.inf], (count, 1)),
    )  # fmt: skip


def _heard(wiring: Wiring, like: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64], Array, Array]:
    """begin, source, gain_mu, gain_D of `Nodes`: what a node hears of projections that are alike is one entry."""
    gains = np.zeros((2, *wiring.gain_mu.shape))
    for k, first in enumerate(like):
        gains[0, :, first] += wiring.gain_mu[:, k]
        gains[1, :, first] += wiring.gain_D[:, k]
    heard = (gains != 0.0).any(axis=0)
    begin = np.concatenate([[0], np.cumsum(heard.sum(axis=1))]).astype(np.int64)
    return begin, np.nonzero(heard)[1], gains[0][heard], gains[1][heard]


def make_nodes(
    derivation: Derivation,
    groups: list[Group],
    domains: Sequence[Domain],
    gains: Sequence[Gain],
    closure: str,
    dt: float,
    match: Array | None = None,
) -> Nodes:
    """What the nodes hear, the noise that projections bring scaled by what finite jumps and regular trains change.

    domains, gains: of the reduced model of each group. match: (node, 3) mu [V/s], D [V^2/s] and rate [1/s] where every
    node fires as its density; default: the working point.
    """
    nodes = plain_nodes(derivation, dt)
    match = working_match(derivation) if match is None else match
    for g, (members, d, gain) in enumerate(zip(groups, domains, gains, strict=True)):
        for q, drift, V_shift in zip(members.members, members.drift, members.V_shift, strict=True):
            nodes.group[q], nodes.shift[q] = g, V_shift
            nodes.offset[q] += drift
            nodes.gain_D[nodes.begin[q] : nodes.begin[q + 1]] *= noise_factor(
                derivation, q, match[q], gain, drift, closure
            )
            nodes.box[q] = d.mu_low, d.mu_high, 0.5 * d.sigma_low**2, 0.5 * d.sigma_high**2
    return nodes


def working_match(derivation: Derivation) -> Array:
    """(node, 3): mu, D and rate of every node at the working point."""
    point = derivation.point
    return np.column_stack([point.mu, point.D, point.node_rates])


def noise_factor(derivation: Derivation, q: int, match: Array, gain: Gain, drift: float, closure: str) -> float:
    """Of the D that projections bring to a node, so that white noise gives it the rate of `match`: (mu, D, rate).

    The reduced model's own rate is matched where it has the density's there within `NEAR`; else, at a working point
    that the network never visits (an unstable one), the density's. DomainWarning, and 1, where no factor does it.
    """
    node = derivation.problem.nodes[q]
    mu, D, rate = (float(value) for value in match)
    white = node.problem.D
    if D - white < NO_NOISE * D:
        return 1.0
    at = at_drive(node.problem, mu, D)
    op = choose_grid(at, Domain(mu, mu, 0.8 * at.sigma, 1.2 * at.sigma)).operator
    h = at.hierarchy(closure)

    def of_density(factor: float) -> float:
        return find_stationary(op, h, mu, white + factor * (D - white)).rate

    def of_model(factor: float) -> float:
        return gain(mu + drift, float(np.sqrt(2.0 * (white + factor * (D - white)))))

    exact = of_density(1.0)
    changed = abs(exact - rate) > NO_CHANGE * rate
    with suppress(ValueError, NumericsError, DomainError):
        near = abs(of_model(1.0) - exact) < NEAR * exact
        if not near and not changed:
            return 1.0
        matched = of_model if near else of_density
        return float(brentq(lambda factor: matched(factor) - rate, *FACTORS, xtol=1e-4))
    if changed:
        warnings.warn(
            f"populations.{node.population}: a node fires at {rate:.4g} Hz at mu = {mu:.4g} V/s, at {exact:.4g} Hz in "
            f"the diffusion approximation of Poisson trains; no noise of its inputs between {FACTORS[0]:g} and "
            f"{FACTORS[1]:g} times theirs brings the two together: it keeps theirs",
            DomainWarning, stacklevel=2,
        )  # fmt: skip
    return 1.0

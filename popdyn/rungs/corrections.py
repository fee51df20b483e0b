"""What closure, finite jumps and the regularity of presynaptic trains change of a node's rate at the working point."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from popdyn.kernels.operators import Operator
from popdyn.rungs.escape_corrections import Held, Share, hold
from popdyn.rungs.node_grids import jump_node
from popdyn.rungs.train_shares import train_variances
from popdyn.theory.cohort_response import membrane_share
from popdyn.theory.discretisation import Domain, choose_grid
from popdyn.theory.frozen_response import FrozenNode
from popdyn.theory.grid import frozen_state
from popdyn.theory.jumps import make_jumps
from popdyn.theory.network_problem import NetworkProblem
from popdyn.theory.problem import DensityProblem, at_drive
from popdyn.theory.stationary import find_stationary, mean_adaptation
from popdyn.theory.train_noise import Regularity, regularity
from popdyn.theory.train_response import TrainNode
from popdyn.theory.working_point import WorkingPoint

Array = NDArray[np.float64]
ROUGH = 2e-3  # tolerance of the grids that ratios of rates are taken on


@dataclass(frozen=True)
class Corrections:
    """Per node: rate over that of the mean closure, filter (beta, gamma) [1/s] of its inputs' noise; per population
    what the diffusion approximation would cost, relative to its rate; populations of escape noise by name."""

    factor: Array
    filters: list[tuple[float, float]]
    jump_cost: dict[str, float]
    held: dict[str, Held]


@dataclass(frozen=True)
class _Frozen:
    """A node at the working point with its w held: drift offset u [V/s] and rate of the mean closure [1/s]."""

    problem: DensityProblem
    operator: Operator
    u: float
    rate: float
    heard: tuple[float, float, float]  # beta, gamma [1/s], variance [V^2/s] of the trains that it hears itself

    @property
    def node(self) -> FrozenNode:
        """Under white noise."""
        op = self.operator
        return FrozenNode(op, make_jumps(op, []), self.u, self.problem.D, np.zeros(0), self.problem.t_ref)

    @cached_property
    def hearing(self) -> TrainNode | None:
        """Under regular trains."""
        return TrainNode(self.node, *self.heard) if self.heard[0] > 0.0 else None

    def regularity(self, tau: float) -> tuple[float, Regularity]:
        """Of its spikes, and their rate [1/s]."""
        if self.hearing is None:
            return self.rate, regularity(self.operator, self.u, self.problem.D, self.problem.t_ref, tau)
        return self.hearing.rate, self.hearing.regularity(tau)


def corrections(
    problem: NetworkProblem, point: WorkingPoint, closure: str, jumps: bool | None, tolerance: float,
    *, regular: bool = True, before: Mapping[str, Held] | None = None, filters: list[tuple[float, float]] | None = None,
) -> Corrections:  # fmt: skip
    """All of them at the working point; finite jumps count where their effect is above a third of the tolerance.

    before: populations of escape noise, whose trains are those of the last round; none: as irregular as Poisson's.
    filters: of what every node hears, of the last round: trains that hear regular trains are more regular themselves.
    """
    filters = filters or [(0.0, 0.0)] * len(problem.nodes)
    frozen = [_freeze(problem, point, q, *heard) for q, heard in enumerate(filters)]
    factor, costs = np.ones(len(problem.everyone)), dict.fromkeys(problem.names, 0.0)
    share = _shares(problem, point, frozen, before or {}) if regular else _poisson
    held = {e.population: hold(problem, len(frozen) + i, point, share) for i, e in enumerate(problem.escaping)}
    factor[len(frozen) :] = [one.factor for one in held.values()]
    made = []
    for q, (node, at) in enumerate(zip(problem.nodes, frozen, strict=True)):
        whole = at.problem
        full = at.rate
        if whole.adapts:
            full = find_stationary(at.operator, whole.hierarchy(closure), whole.mu, whole.D).rate
        jumping = jump_node(problem, q, point, whole.mu - at.u)
        cost = 0.0 if jumping is None else at.rate / jumping.rate - 1.0
        if abs(cost) > abs(costs[node.population]):
            costs[node.population] = cost
        beta, gamma, sigma2 = _train_filter(problem, point, frozen, held, q) if regular else (0.0, 0.0, 0.0)
        made.append((beta, gamma))
        shape = jumping if jumping is not None and wanted(cost, jumps, tolerance) else at.node
        heard = TrainNode(shape, beta, gamma, sigma2).rate if beta > 0.0 else shape.rate
        factor[q] = full / at.rate * heard / at.rate
    return Corrections(factor, made, costs, held)


def _poisson(_pre: str, _tau: float, _tau_syn: float) -> float:
    return 1.0


def _shares(problem: NetworkProblem, point: WorkingPoint, frozen: list[_Frozen], before: Mapping[str, Held]) -> Share:
    """What membranes take of the trains of either kind; of escape noise not yet known, of Poisson's."""
    escape = {e.population for e in problem.escaping}

    def share(pre: str, tau: float, tau_syn: float) -> float:
        if pre in before:
            return membrane_share(before[pre].trains, tau, tau_syn)
        if pre in escape:
            return 1.0
        return _filtered_share(problem, point, frozen, pre, tau, tau_syn)

    return share


def _filtered_share(
    problem: NetworkProblem, point: WorkingPoint, frozen: list[_Frozen], pre: str, tau: float, tau_syn: float
) -> float:
    """F(tau, tau_syn) = (tau F(tau) - tau_syn F(tau_syn))/(tau - tau_syn): the transform at 1/tau and 1/tau_syn."""
    alone = _mean_regularity(problem, point, frozen, pre, tau).F
    if tau_syn == 0.0:
        return alone
    slow = tau_syn * (1.0 + 1e-4) if abs(tau_syn / tau - 1.0) < 1e-4 else tau_syn
    return (tau * alone - slow * _mean_regularity(problem, point, frozen, pre, slow).F) / (tau - slow)


def wanted(cost: float, jumps: bool | None, tolerance: float) -> bool:
    """Whether jumps are kept finite: as asked, or where diffusion costs more than a third of the tolerance."""
    return abs(cost) > tolerance / 3.0 if jumps is None else jumps


def _freeze(problem: NetworkProblem, point: WorkingPoint, q: int, beta: float, gamma: float) -> _Frozen:
    mu, D = float(point.mu[q]), float(point.D[q])
    whole = at_drive(problem.nodes[q].problem, mu, D, point.shunt[q])
    op = choose_grid(whole, Domain(mu, mu, whole.sigma, whole.sigma), tolerance=ROUGH).operator
    h = whole.hierarchy("mean")
    u = mu - mean_adaptation(op, h, mu, D) / h.C_m
    variance = sum(train_variances(problem, point, q).values())
    return _Frozen(whole, op, u, frozen_state(op, u, D, whole.t_ref)[0], (beta, gamma, variance))


def _train_filter(
    problem: NetworkProblem, point: WorkingPoint, frozen: list[_Frozen], held: Mapping[str, Held], q: int
) -> tuple[float, float, float]:
    """beta, gamma [1/s] of the summed trains that node q hears, and their variance [V^2/s]."""
    node = problem.nodes[q]
    p = problem.network.populations[node.population].neuron.parameters
    tau = p["C_m"] / p["g_L"]
    F, cv2 = 0.0, 0.0
    known: dict[str, Regularity] = {}
    variances = train_variances(problem, point, q)
    for k, variance in variances.items():
        pre = problem.projections[k].pre
        if pre not in known:
            known[pre] = (
                held[pre].regularity(tau) if pre in held else _mean_regularity(problem, point, frozen, pre, tau)
            )
        F += variance * known[pre].F
        cv2 += variance * known[pre].cv2
    total = sum(variances.values())
    if total == 0.0:
        return 0.0, 0.0, 0.0
    return *Regularity(cv2 / total, F / total, tau).filter(), total


def _mean_regularity(
    problem: NetworkProblem, point: WorkingPoint, frozen: list[_Frozen], pre: str, tau: float
) -> Regularity:
    """Of a population: the spectra of its nodes, weighted by their spikes, at the rate that it has in the network."""
    share, spikes, F, cv2 = 0.0, 0.0, 0.0, 0.0
    for node, at in zip(problem.nodes, frozen, strict=True):
        if node.population == pre:
            rate, found = at.regularity(tau)
            weight = node.weight * rate
            share, spikes = share + node.weight, spikes + weight
            F, cv2 = F + weight * found.F, cv2 + weight * found.cv2
    mean = Regularity(cv2 / spikes, F / spikes, tau)
    return mean.at_rate(float(point.rates[problem.names.index(pre)]) * share / spikes)

"""The colour of conductances in a density: two numbers that make white noise fire as the filtered noise does.

Filtered noise takes fewer neurons to a threshold than white noise of the same variance of V. The rate that it makes at
a node's working point, w held, is known (popdyn.theory.transport). Here the noise of conductances is multiplied by
`factor`, and spike initiation and reset lie `shift` higher, such that the density has that rate at two drives, one on
either side of the working point: its rate and its slope are those of filtered noise. Both numbers stay as they are
while the network moves.

Inputs of several tau_p count as one. A_p(V) = sqrt(d_p/tau_p) |E_p - V| are their amplitudes, at V_i = V_th +
Delta_T/2, and with B = sum A_p^2 tau_p/(1 + tau_p/tau_eff) / sum A_p^2 it is tau = B/(1 - B/tau_eff): amplitude and
variance of V are kept. So is the third cumulant: with a = 1/tau_eff, b = 1/tau_p a jump of the current by j = J (E_p -
V)/C_m moves V by j (exp(-a t) - exp(-b t))/(b - a), whose cube has the integral 2 j^3/(3 a b (2 a + b)(a + 2 b)).
Measured errors and domain: docs/theory/networks.md.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import least_squares

from popdyn.theory.conductances import Conductances, conducts
from popdyn.theory.grid import bulk, frozen_state, operator_on
from popdyn.theory.network_problem import NetworkProblem
from popdyn.theory.problem import DensityProblem, at_drive, leak
from popdyn.theory.transport import Coloured, coloured_noise_rate
from popdyn.theory.working_point import WorkingPoint, mean_pull

Array = NDArray[np.float64]
BESIDE = 0.4  # standard deviations of V by which the two drives move the resting point
SILENT = 1e-2  # [1/s] rate under which nothing is fitted
CELLS = 12.0  # of the transport equation in a standard deviation of V
WHITE = 1e-6  # share of D under which there is no white noise
FITTED = 1e-3  # of a log rate, to which rates are fitted
LOOSE = np.array([1.0, 3.0])  # of log(factor) and shift/s.d. of V: what holds them where rates hardly depend on noise
LOWEST, HIGHEST = np.array([-0.36, -1.0]), np.array([0.47, 6.0])  # of the same
"""Rates of neurons that fire without noise say little of it: unbounded, a fit takes it away."""


@dataclass(frozen=True)
class ConductanceColour:
    """factor: of the noise of conductances; shift [V]: of spike initiation and reset."""

    factor: float = 1.0
    shift: float = 0.0


def moved_up(problem: DensityProblem, shift: float) -> DensityProblem:
    """Spike initiation, barrier and reset `shift` [V] higher; the leak stays."""
    bare, slope = problem.drift, leak(problem)
    return replace(
        problem, drift=lambda V: bare(V - shift) - slope * shift, barrier=problem.barrier + shift,
        V_reset=problem.V_reset + shift,
    )  # fmt: skip


def conductance_colour(
    problem: DensityProblem, V_i: float, gains: Conductances, u: Array, mu: float, D: float,
    start: ConductanceColour = ConductanceColour(),
) -> ConductanceColour:  # fmt: skip
    """Of a node whose conductances are `gains`, heard at rates u (projection,), beside mu [V/s] and white D [V^2/s].

    problem: the node's, nothing shifted; its w is held in mu. Returns `start` for a node that is silent.
    """
    drift, D_all, shunt = gains.at(u, u)
    if not np.any(gains.noise * u * (gains.force - (V_i - problem.V_reset)) ** 2 > 0.0):
        return start
    whole = at_drive(problem, mu + drift, D + D_all, shunt)
    rest, spread = bulk(whole, whole.mu, whole.D)
    total = leak(problem) + float(gains.gain @ u)
    drives = mu + BESIDE * spread * total * np.array([-1.0, 1.0])
    lowest = min(rest, problem.V_reset) - 6.0 * spread
    target = np.array([
        coloured_noise_rate(coloured(problem, V_i, gains, u, m, D), lowest, spread / CELLS) for m in drives
    ])  # fmt: skip
    if target.min() < SILENT:
        return start

    def miss(x: Array) -> Array:
        trial = ConductanceColour(float(np.exp(x[0])), float(x[1]) * spread)
        return np.log([density_rate(problem, gains, u, m, D, trial, spread / CELLS) for m in drives]) - np.log(target)

    def residual(x: Array) -> Array:
        return np.concatenate([miss(x) / FITTED, x / LOOSE])

    first = np.clip([np.log(start.factor), start.shift / spread], LOWEST, HIGHEST)
    found = least_squares(residual, first, bounds=(LOWEST, HIGHEST), xtol=1e-8, ftol=1e-10, gtol=1e-10)
    factor, shift = float(np.exp(found.x[0])), float(found.x[1]) * spread
    return ConductanceColour(round(factor, 5), round(shift, 8))  # what differences cannot tell apart is one number


def with_conductance_colour(plain: NetworkProblem, problem: NetworkProblem, point: WorkingPoint) -> NetworkProblem:
    """The problem with the colour of its conductances at a working point; `plain` is the same without any.

    All nodes of a population have that of its heaviest one.
    """
    found: dict[str, ConductanceColour] = {}
    for name in problem.names:
        if conducts(problem.projections, name) and not problem.escapes(name):
            own = [q for q, node in enumerate(problem.nodes) if node.population == name]
            found[name] = _at_working_point(plain, problem, point, max(own, key=lambda q: problem.nodes[q].weight))
    nodes = tuple(
        replace(n, problem=moved_up(n.problem, found[n.population].shift), noise_factor=found[n.population].factor)
        if n.population in found
        else n
        for n in plain.nodes
    )
    return replace(problem, nodes=nodes)


def coloured_at(plain: NetworkProblem, rates: Array, squares: Array) -> NetworkProblem:
    """The problem with the colour that its conductances have at these rates (population,): to find a working point."""
    if not any(p.conductance for p in plain.projections):
        return plain
    fired = np.zeros(len(plain.everyone))
    return with_conductance_colour(plain, plain, WorkingPoint(rates, squares, fired, *plain.inputs(rates, squares)))


def _at_working_point(plain: NetworkProblem, problem: NetworkProblem, point: WorkingPoint, q: int) -> ConductanceColour:
    """Of node q, from the colour that it has."""
    u, width = problem.released(point.rates), problem.quenched(point.rates, point.squares)
    nu = problem.presynaptic(point.rates)
    drift, D_all, _ = problem.conductances(q, nu, width).at(u, u)
    mu, D = float(point.mu[q]), float(point.D[q])
    pull = mean_pull(at_drive(problem.nodes[q].problem, mu, D, point.shunt[q]), mu, D)
    white = D - D_all if D - D_all > WHITE * D else 0.0
    node, before = plain.nodes[q].problem, problem.nodes[q]
    start = ConductanceColour(before.noise_factor, before.problem.V_reset - node.V_reset)
    p = problem.network.populations[before.population].neuron.parameters
    initiation = p["V_th"] + 0.5 * p.get("Delta_T", 0.0)
    return conductance_colour(node, initiation, plain.conductances(q, nu, width), u, mu - drift - pull, white, start)


def density_rate(
    problem: DensityProblem, gains: Conductances, u: Array, mu: float, D: float, colour: ConductanceColour,
    spacing: float,
) -> float:  # fmt: skip
    """Rate [1/s] of the density with the white noise of `colour`."""
    here = moved_up(problem, colour.shift)
    lower = np.where(gains.gain > 0.0, gains.force - colour.shift, 0.0)
    drift, D_all, shunt = replace(gains, noise=colour.factor * gains.noise, force=lower).at(u, u)
    at = at_drive(here, mu + drift, D + D_all, shunt)
    return frozen_state(operator_on(at, spacing, at.mu, 1.2 * at.D, at.mu), at.mu, at.D, at.t_ref)[0]


def coloured(problem: DensityProblem, V_i: float, gains: Conductances, u: Array, mu: float, D: float) -> Coloured:
    """The filtered noise itself, of one correlation time."""
    G, V_0 = gains.gain * u, problem.V_reset
    total = leak(problem) + float(G.sum())
    used = gains.tau > 0.0
    tau, power, force = gains.tau[used], (gains.noise * u)[used] / gains.tau[used], gains.force[used]

    def variance(V: Array) -> Array:
        return np.asarray(power @ (force[:, None] - (V - V_0)) ** 2)

    weight = power * (force - (V_i - V_0)) ** 2
    B = float(weight @ (tau / (1.0 + tau * total)) / weight.sum())
    one = B / (1.0 - B * total)
    jump = 2.0 * (gains.noise[used] / gains.gain[used]) / tau * (force - (V_i - V_0))
    third = float((weight * jump / tau) @ _cubed(tau, total)) * 2.0
    skewness = one * third / (3.0 * _cubed(one, total) * weight.sum() ** 1.5)
    return Coloured(
        lambda V: problem.drift(V) + mu + float(G @ gains.force) - float(G.sum()) * (V - V_0),
        lambda V: np.sqrt(variance(V)), one, skewness, D, problem.barrier, V_0, problem.t_ref,
    )  # fmt: skip


def _cubed(tau: Array | float, total: float) -> Any:
    """Integral of the cube of what a jump of the current by 1 V/s makes of V [s^4]; total = 1/tau_eff [1/s]."""
    b = 1.0 / np.asarray(tau)
    return 2.0 / (3.0 * total * b * (2.0 * total + b) * (total + 2.0 * b))

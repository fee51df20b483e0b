"""Populations of escape noise at the working point: colour, regular trains and unequal inputs, and their own trains."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from popdyn.kernels.shunt import SHUNT
from popdyn.rungs.cohort_bank import Noises, colour, noises
from popdyn.theory.cohort_march import stationary
from popdyn.theory.cohort_response import COARSE, after_spike, membrane_share, slow_share
from popdyn.theory.escape_nodes import EscapeNode, escape_rate, leaking, log_variance, strength
from popdyn.theory.gif_population import gif_problem
from popdyn.theory.gif_problem import GifProblem
from popdyn.theory.network_problem import NetworkProblem
from popdyn.theory.synaptic import release
from popdyn.theory.train_noise import Regularity
from popdyn.theory.working_point import WorkingPoint

Array = NDArray[np.float64]
Share = Callable[[str, float, float], float]
"""Of a Poisson train's variance, what a membrane (tau_m [s]) behind a synapse (tau_syn [s]) takes from a population."""

NARROW = 0.01  # of Delta_V: spread of V by unequal numbers of synapses that is left out


@dataclass(frozen=True)
class Held:
    """A population at the working point.

    problem: with its mean drive, the colours of its noise, and unequal inputs as a spread of mu; D (source,) [V^2/s];
    factor: its rate over that of `escape_rate`; dispersion as `EscapeNode`; share: of the noise of Poisson trains, by
    projection; width [V/s]: of unequal inputs, 0 where they do not count; trains: its rate after a spike, in steps of
    COARSE [1/s].
    """

    problem: GifProblem
    D: Array
    rate: float
    factor: float
    dispersion: float
    share: Mapping[int, float]
    width: float
    trains: Array

    @property
    def wide(self) -> bool:
        return self.width > 0.0

    def regularity(self, tau: float) -> Regularity:
        """Of its trains, for a membrane of time constant tau [s]."""
        return Regularity(max(slow_share(self.trains), 0.0), membrane_share(self.trains, tau, 0.0), tau)


def hold(problem: NetworkProblem, q: int, point: WorkingPoint, share: Share) -> Held:
    """Population q (of NetworkProblem.everyone) at the working point, its input held."""
    node = problem.everyone[q]
    assert isinstance(node, EscapeNode)
    population = problem.network.populations[node.population]
    heard = noises(problem, node.population, "coloured")
    tau = leaking(node.problem, float(point.shunt[q, SHUNT])).tau_m
    shares = {k: _share(problem, k, tau, share) for k in heard.source}
    D = _by_source(problem, node, heard, shares, point)
    width = problem.quenched(point.rates, point.squares)[list(heard.source)]
    unequal = float(np.sqrt(np.sum(width**2)))
    wide = is_wide(node.problem, unequal)
    frozen = dict(node.problem.frozen)
    if wide:
        frozen["mu"] = float(np.hypot(frozen.get("mu", 0.0), unequal))
    base = gif_problem(population, colours=heard.colours, reversals=heard.reversals)
    full = replace(base, mu=float(point.mu[q]), frozen=frozen, shunt=float(point.shunt[q, SHUNT]))
    at = stationary(full, dt=COARSE, D=D)
    plain = escape_rate(node.problem, float(point.mu[q]), float(point.D[q]), shunt=full.shunt)
    dispersion = float(np.exp(log_variance(full, at.cohorts.state.own)))
    return Held(full, D, at.rate, at.rate / plain, dispersion, shares, unequal if wide else 0.0, after_spike(at, D))


def is_wide(problem: GifProblem, unequal: float) -> bool:
    """Whether a spread `unequal` [V/s] of the drive by unequal numbers of synapses matters."""
    return problem.tau_m * unequal > NARROW * problem.Delta_V


def _share(problem: NetworkProblem, k: int, tau: float, share: Share) -> float:
    p = problem.projections[k]
    return share(p.pre, tau, colour(problem, p)) if p.pre else 1.0


def _by_source(
    problem: NetworkProblem, node: EscapeNode, heard: Noises, shares: Mapping[int, float], point: WorkingPoint
) -> Array:
    """D of white noise and of every colour."""
    D, nu = np.zeros(1 + len(heard.colours)), problem.presynaptic(point.rates)
    D[0] = node.problem.D
    for k, source in heard.source.items():
        p = problem.projections[k]
        charge = release(p.synapse, float(nu[k]))
        D[source] += 0.5 * p.K * strength(p, node.problem.C_m) ** 2 * p.square * charge**2 * nu[k] * shares[k]
    return D

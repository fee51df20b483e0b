"""A population of escape-noise neurons in a network of densities: its rate at a drive, and what its trains are.

The working point of a network is found with F(mu, D), the stationary rate of cohorts whose input is white noise that
gives V the variance which the filtered input does: D_s tau_m/(tau_m + tau_s). What colour, regular trains and unequal
inputs change of that is a factor, found at the working point (rungs.escape_corrections).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.integrate import quad

from popdyn.spec.network import Population, Synapse
from popdyn.theory.cohort_march import stationary
from popdyn.theory.gif_population import gif_problem
from popdyn.theory.gif_problem import GifProblem, modes
from popdyn.theory.projections import Projection
from popdyn.theory.synaptic import release

Array = NDArray[np.float64]
SETTLED = 1e-9  # of a rate per longest time constant: Newton's method differentiates it


@dataclass(frozen=True)
class EscapeNode:
    """One population of escape-noise neurons, all in one; problem.mu, problem.sigma are its white-noise drive alone.

    dispersion: <nu^2>/<nu>^2 over its neurons. weight, scale, z: what `NetworkNode` has them for, always these here.
    """

    population: str
    problem: GifProblem
    dispersion: float = 1.0
    weight: float = 1.0
    scale: float = 1.0
    z: float = 0.0

    def hears(self, inputs: Mapping[int, Projection], nu: Array) -> tuple[float, float, float]:
        """mu [V/s], D [V^2/s] of the white noise which gives V the variance that the inputs do, shunt [1/s].

        inputs: by place in nu (projection,), presynaptic rates [1/s]. Currents of conductances count at E_L, their
        noise at the mean of a V that is not reset.
        """
        problem, mu, shunt = self.problem, self.problem.mu, 0.0
        for k, p in inputs.items():
            current = p.K * strength(p, problem.C_m) * release(p.synapse, float(nu[k])) * nu[k]
            shunt += current if p.conductance else 0.0
            mu += current * (p.synapse.E_rev - problem.E_L) if p.conductance else current
        tau, D = leaking(problem, shunt).tau_m, problem.D
        for k, p in inputs.items():
            force = p.synapse.E_rev - problem.E_L - mu * tau if p.conductance else 1.0
            white, charge = tau / (tau + single_filter(p.synapse, tau)) * force**2, strength(p, problem.C_m)
            D += 0.5 * white * p.K * charge**2 * p.square * release(p.synapse, float(nu[k])) ** 2 * nu[k]
        return float(mu), float(D), float(shunt)


def escape_node(population: Population) -> EscapeNode:
    """The node of a population as the spec has it."""
    return EscapeNode(population.name, gif_problem(population))


def escape_rate(problem: GifProblem, mu: float, D: float, settled: float = SETTLED, shunt: float = 0.0) -> float:
    """Stationary rate [1/s] at mu [V/s], white noise D [V^2/s] and a leak that is larger by shunt [1/s]."""
    at = replace(problem, mu=mu, sigma=float(np.sqrt(2.0 * D)))
    return stationary(leaking(at, shunt), settled=settled).rate


def leaking(problem: GifProblem, shunt: float) -> GifProblem:
    """The problem with a leak that is larger by shunt [1/s], towards E_L."""
    return replace(problem, tau_m=problem.tau_m / (1.0 + problem.tau_m * shunt)) if shunt > 0.0 else problem


def strength(p: Projection, C_m: float) -> float:
    """Charge [V] of a spike; of a conductance the integral over time of what it opens, over C_m: no unit."""
    return p.conductance * p.synapse.tau_syn / C_m if p.conductance else p.J


def white_input(p: Projection, tau_m: float) -> tuple[float, float]:
    """mu [V/s], and D [V^2/s] of the white noise of equal variance of V, that a Poisson source brings a membrane."""
    charge = release(p.synapse, p.nu)
    D = 0.5 * p.K * p.J**2 * p.square * charge**2 * p.nu
    return p.K * p.J * charge * p.nu, D * tau_m / (tau_m + single_filter(p.synapse, tau_m))


def single_filter(synapse: Synapse, tau_m: float) -> float:
    """Time constant [s] of the single filter that gives V the variance that the synapse gives it; 0 for delta."""
    if synapse.kind != "alpha":
        return synapse.tau_syn
    ratio = synapse.tau_syn / tau_m
    area = quad(lambda x: 2.0 / (np.pi * (1.0 + x * x) * (1.0 + (ratio * x) ** 2) ** 2), 0.0, np.inf)[0]
    return float((1.0 / area - 1.0) * tau_m)


def log_variance(problem: GifProblem, own: Array) -> float:
    """Variance over neurons of ln rate, from what frozen variables are on average at a spike: m' C^-1 m.

    own: that of the population's state (kernels.cohort_state.CohortState).
    """
    m = modes(problem)
    frozen = [i for i in range(len(m.names)) if m.covariance[i, i] > 0.0]
    if not frozen:
        return 0.0
    at_spike = own[2 * len(m.names) + 2 :][frozen]
    return float(at_spike @ np.linalg.solve(m.covariance[np.ix_(frozen, frozen)], at_spike))

"""A population of escape-noise neurons in a network of densities: its rate at a drive, and what its trains are.

The working point of a network is found with F(mu, D), the stationary rate of cohorts whose input is white noise that
gives V the variance which the filtered input does: D_s tau_m/(tau_m + tau_s). What colour, regular trains and unequal
inputs change of that is a factor, found at the working point (rungs.escape_corrections).
"""

from __future__ import annotations

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

    def white_share(self, synapse: Synapse) -> float:
        """Of the D of an input, that of the white noise which gives V the same variance."""
        tau = self.problem.tau_m
        return tau / (tau + single_filter(synapse, tau))


def escape_node(population: Population) -> EscapeNode:
    """The node of a population as the spec has it."""
    return EscapeNode(population.name, gif_problem(population))


def escape_rate(problem: GifProblem, mu: float, D: float, settled: float = SETTLED) -> float:
    """Stationary rate [1/s] at mu [V/s] and white noise D [V^2/s]."""
    return stationary(replace(problem, mu=mu, sigma=float(np.sqrt(2.0 * D))), settled=settled).rate


def opened(p: Projection, C_m: float) -> float:
    """Integral over time of what one spike opens of a conductance, over C_m: no unit."""
    return p.conductance * p.synapse.tau_syn / C_m


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

"""How neurons under filtered noise follow their input, and how far it moves their boundaries.

Threshold and reset of the white noise that stands for synapses of time constants tau_p lie higher by

    gamma(t)^2 = (alpha/2)^2 sum_p sigma_p(t)^2 tau_p,      alpha = sqrt(2) |zeta(1/2)|,

which follows the variance as it is now: at a constant gamma the response to the variance is too large. And neurons
follow the presynaptic rate sooner than the synapse does: in place of 1/(1 + lambda tau_p) the mean input comes through
1/(1 + lambda c tau_p), c = 0.41, its variance c = 0.49, gamma c = 0.86. Against simulated neurons up to
lambda tau_p = 1.1 responses are 6 % off (r.m.s. of complex ratios, in sample; 32 % with the filters of the synapses and
boundaries that stay; `python benchmarks/filtered_noise.py`, which also fits c anew: 0.37, 0.50, 0.82). Rates at rest
stay.
Valid where `NetworkProblem.colour` is: hard thresholds, tau_p well below tau_m, little white noise beside. That they
follow sooner is of the neuron under its noise and not of the synapse that carries a change, so c is taken only where
all input comes through exponential currents of one time constant; else boundaries move, and nothing comes sooner.
Source: gamma at rest Fourcaud and Brunel 2002, Neural Comput 14:2057; its motion and c are ours.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from popdyn.kernels import filtered_noise as kernel
from popdyn.kernels.synapses import decay_of
from popdyn.theory.network_problem import NetworkProblem
from popdyn.theory.synaptic import release
from popdyn.theory.working_point import WorkingPoint

Array = NDArray[np.float64]
Complex = NDArray[np.complex128]

SOONER = (0.41, 0.49, 0.86)
"""c of mean, variance and gamma."""
EXPONENTIAL = ("exponential", "tsodyks_markram")


class FilteredNoise(NamedTuple):
    """c of every projection, and the boundaries of every node."""

    c: Array  # (projection, 3): mean, variance, gamma
    tau: Array  # (projection,) [s]
    squared: Array  # (node, projection) [V^2 s]: gamma^2 per unit of the projection's v
    gamma: Array  # (node,) [V] at the working point; 0: boundaries that stay
    tau_m: Array  # (node,) [s]

    def changes(self, q: int, k: int, z: NDArray[Any], u_1: Complex, v_1: Complex) -> tuple[Complex, Complex, Complex]:
        """u_1, v_1 as node q follows projection k, and what boundaries add to its drive [V/s], (lambda,) each."""
        u, v, edge = ((1.0 + z * self.tau[k]) / (1.0 + z * c * self.tau[k]) for c in self.c[k])
        if self.gamma[q] == 0.0:
            return u * u_1, v * v_1, np.zeros_like(v_1)
        moved = -(z + 1.0 / self.tau_m[q]) * self.squared[q, k] / (2.0 * self.gamma[q])
        return u * u_1, v * v_1, moved * edge * v_1

    def start(self, dt: float) -> kernel.Filtered:
        """For the march, before its first step."""
        count = self.tau.size
        decay = np.stack([decay_of(c * np.maximum(self.tau, 1e-12), dt) for c in self.c.T], axis=1)
        never = np.full(self.gamma.size, kernel.UNKNOWN)
        return kernel.Filtered(
            1.0 / self.c, decay, np.zeros((2, count, kernel.WHAT, 2)), np.zeros((2, count)), self.squared,
            np.column_stack([self.gamma, self.tau_m, never]),
        )  # fmt: skip


def filtered_noise(problem: NetworkProblem, point: WorkingPoint, *, moving: bool = True) -> FilteredNoise:
    """Of a problem whose boundaries are those of the working point; not moving: they stay, and nothing comes sooner."""
    nodes, projections, shift = len(problem.nodes), problem.projections, problem.colour(point.rates)
    c = np.ones((len(projections), kernel.WHAT))
    for k, p in enumerate(projections):
        if moving and shift[p.post] > 0.0 and _of_one_kind(problem, p.post):
            c[k] = SOONER
    tau = np.array([p.synapse.tau_syn for p in projections])
    found = FilteredNoise(c, tau, np.zeros((nodes, len(projections))), np.zeros(nodes), np.zeros(nodes))
    nu, width = problem.presynaptic(point.rates), problem.quenched(point.rates, point.squares)
    for q, node in enumerate(problem.nodes):
        gamma, total = node.scale * shift[node.population], 0.0
        for k, K in problem.in_degrees(q, nu, width).items():
            p = projections[k]
            found.squared[q, k] = K * p.J**2 * p.square * p.synapse.tau_syn
            total += found.squared[q, k] * release(p.synapse, float(nu[k])) ** 2 * float(nu[k])
        if gamma == 0.0 or total == 0.0 or not moving:
            found.squared[q] = 0.0
            continue
        found.squared[q] *= gamma**2 / total
        ends = np.asarray(node.problem.drift(np.array([node.problem.V_reset, node.problem.barrier])))
        found.gamma[q] = gamma
        found.tau_m[q] = (node.problem.barrier - node.problem.V_reset) / float(ends[0] - ends[1])
    return found


def _of_one_kind(problem: NetworkProblem, name: str) -> bool:
    """Whether all that a population hears comes through exponential currents of one time constant."""
    synapses = [p.synapse for p in problem.projections if p.post == name]
    return all(s.kind in EXPONENTIAL for s in synapses) and len({s.tau_syn for s in synapses}) == 1

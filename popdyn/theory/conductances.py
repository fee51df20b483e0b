"""Conductance synapses in a density: shunt, multiplicative noise, and their colour.

    C_m V' = ... + sum_p g_p (E_p - V),      g_p' = -g_p/tau_p + sum of spikes J_p

A projection of K synapses at rate u has the mean g_p = K J tau_p u and noise that is white on the scale of
tau_eff = 1/(g_L/C_m + sum g_p/C_m) where tau_p << tau_eff. A filtered input is a smooth one, so that the limit is
Stratonovich's, and a membrane takes 1/(1 + tau_p/tau_eff) of the white variance:

    d_p = 1/2 K <J^2> tau_p^2 u / C_m^2 / (1 + tau_p/tau_eff)
    drift: sum_p (g_p/C_m + d_p) (E_p - V),      D(V) = sum_p d_p (E_p - V)^2,      flux = drift p - D(V) dp/dV

(d_p in the drift: -d_V (b d_V (b p)) with b^2 = D leaves -D p' - D'/2 p.)
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from popdyn.kernels.shunt import PARTS, hear
from popdyn.theory.problem import DensityProblem, leak
from popdyn.theory.projections import Projection

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Conductances:
    """What a node's conductances are per unit of each projection's u and v; zero for the others (projection,).

    gain: g_p/C_m per u; noise: d_p (1 + tau_p/tau_eff) per v; force: E_rev - V_reset [V]; tau [s]; leak [1/s].
    """

    gain: Array
    noise: Array
    force: Array
    tau: Array
    leak: float

    def at(self, u: Array, v: Array) -> tuple[float, float, Array]:
        """Drift [V/s] and diffusion [V^2/s] at V_reset, and the shunt (3,) of popdyn.kernels.shunt."""
        shunt = np.zeros(PARTS)
        drift, D = hear(self.gain, self.noise, self.force, self.tau, self.leak, u, v, shunt)
        return drift, D, shunt


def node_conductances(
    problem: DensityProblem, projections: Sequence[Projection], K: Mapping[int, float], square: Array,
    factor: float = 1.0,
) -> Conductances:  # fmt: skip
    """Of the projections that have K synapses onto the node; square (projection,): <J^2>/J^2 of its own noise.

    factor: of their noise (popdyn.theory.conductance_colour).
    """
    gain, noise, force, tau = (np.zeros(len(projections)) for _ in range(4))
    for k, synapses in K.items():
        p = projections[k]
        if p.conductance:
            charge = p.conductance * p.synapse.tau_syn / problem.C_m
            gain[k], noise[k] = synapses * charge, 0.5 * factor * synapses * square[k] * charge**2
            force[k], tau[k] = p.synapse.E_rev - problem.V_reset, p.synapse.tau_syn
    return Conductances(gain, noise, force, tau, leak(problem))


def conducts(projections: Sequence[Projection], population: str) -> bool:
    """Whether a population hears conductances."""
    return any(p.conductance != 0.0 and p.post == population for p in projections)

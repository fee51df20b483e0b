"""A population of escape-noise neurons with spike-triggered currents and thresholds, and the modes it decays in.

    dV/dt = -(V - E_L)/tau_m + mu (1 + gain) + drive - sum_j q_stc_j a_j / C_m + sum_s y_s + sigma xi
    hazard = lambda_0 exp((V - V_T_star - sum_j q_sfa_j a_j)/Delta_V),    a_j' = -a_j/tau_j,  a_j += 1 + adaptation

Equal time constants share a trace. With kappa_j = -q_stc_j/C_m/(1/tau_m - 1/tau_j), U = V - E_L - h - sum kappa_j a_j
decays with tau_m alone (docs/theory/cohorts.md).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

FROZEN = ("V_T_star", "mu", "V_reset", "gain", "adaptation")
APART = 1e-3  # least relative distance of a time constant from tau_m: nearer, kappa would cost digits


@dataclass(frozen=True)
class GifProblem:
    """Numbers of one population (SI) and its constant drive mu [V/s], sigma [V/sqrt(s)].

    frozen: standard deviation over neurons of V_T_star [V], mu [V/s], V_reset [V], gain (of a drive of its own, given
    to the kernel in time) and adaptation (of the factor `scale` on all jumps). correlation: of pairs of them, third:
    third cumulants of them. colours: time constants [s] of filtered noise, in the order of its D. reversals: E_rev [V]
    of the last of these, which are conductances: their D is in 1/s, shunt [1/s] is the mean of all over C_m, and mu
    has their mean currents at E_L. resets: False for a
    neuron that spikes do not change.
    """

    tau_m: float
    E_L: float
    V_reset: float
    t_ref: float
    lambda_0: float
    Delta_V: float
    V_T_star: float
    C_m: float = 1.0
    tau_sfa: tuple[float, ...] = ()
    q_sfa: tuple[float, ...] = ()
    tau_stc: tuple[float, ...] = ()
    q_stc: tuple[float, ...] = ()
    mu: float = 0.0
    sigma: float = 0.0
    frozen: Mapping[str, float] = field(default_factory=dict)
    correlation: Mapping[tuple[str, str], float] = field(default_factory=dict)
    third: Mapping[str, float] = field(default_factory=dict)
    colours: tuple[float, ...] = ()
    reversals: tuple[float, ...] = ()
    shunt: float = 0.0
    scale: float = 1.0
    resets: bool = True

    @property
    def D(self) -> float:
        return 0.5 * self.sigma**2

    @property
    def adapts(self) -> bool:
        return any(self.q_sfa) or any(self.q_stc)

    @property
    def shunted(self) -> bool:
        """Whether V has conductances beside the leak."""
        return bool(self.reversals)

    @property
    def tau_eff(self) -> float:
        """Time constant [s] of V beside its conductances."""
        return 1.0 / (1.0 / self.tau_m + self.shunt) if self.shunted else self.tau_m

    def white_noise(self, D: Array) -> float:
        """D [V^2/s] of the white noise that gives a V without spikes the variance which the sources (source,) do."""
        tau = self.tau_eff
        forces = np.ones(D.size)
        if self.reversals:
            forces[-len(self.reversals) :] = np.array(self.reversals) - self.E_L - self.mu * tau
        return float(np.sum(D * tau / (tau + np.array([0.0, *self.colours])) * forces**2))

    @property
    def slowest(self) -> float:
        """Longest time constant of the dynamics [s]."""
        return max(self.tau_m, *self.tau_sfa, *self.tau_stc, *self.colours, 0.0)


@dataclass(frozen=True)
class Modes:
    """Slow variables in order: traces, frozen variables, coloured noise. Arrays (1 + K,); index 0 is U.

    rate [1/s], slope d exponent/dz, kappa dV/dz (`release`: likewise at V_reset), jump at a spike, carrier (variable
    that a trace jumps by beside, or -1), gain (the frozen gain or -1), colour (colour,); covariance of the frozen
    variables; force d(dV/dt)/dz, bare d exponent/dz at constant V.
    """

    names: tuple[str, ...]
    rate: Array
    slope: Array
    kappa: Array
    release: Array
    jump: Array
    current: Array
    carrier: NDArray[np.int64]
    gain: int
    colour: NDArray[np.int64]
    covariance: Array
    force: Array
    bare: Array


def traces(problem: GifProblem) -> list[tuple[float, float, float]]:
    """(tau [s], q_sfa [V], q_stc [A]) of every distinct time constant, zero jumps left out; tau away from tau_m."""
    found: dict[float, list[float]] = {}
    for tau, q in zip(problem.tau_sfa, problem.q_sfa, strict=True):
        found.setdefault(tau, [0.0, 0.0])[0] += q
    for tau, q in zip(problem.tau_stc, problem.q_stc, strict=True):
        found.setdefault(_apart(tau, problem.tau_m), [0.0, 0.0])[1] += q
    return [(tau, q[0], q[1]) for tau, q in sorted(found.items()) if any(q)]


def _apart(tau: float, tau_m: float) -> float:
    """tau, moved by at most APART so that kappa stays of moderate size."""
    if abs(tau / tau_m - 1.0) >= APART:
        return tau
    return tau_m * (1.0 + (APART if tau >= tau_m else -APART))


def modes(problem: GifProblem) -> Modes:
    """The variables that a neuron is described by beside U."""
    unknown = set(problem.frozen) - set(FROZEN)
    assert not unknown, unknown
    tau_m, sharp = problem.tau_m, 1.0 / problem.Delta_V
    names, rows = ["U"], [(1.0 / tau_m, sharp, 1.0, 1.0, 0.0, 0.0, 0.0, 0.0)]
    for tau, q_sfa, q_stc in traces(problem):
        kappa = -q_stc / problem.C_m / (1.0 / tau_m - 1.0 / tau) if q_stc else 0.0
        names.append(f"a({tau:g})")
        force, bare = -q_stc / problem.C_m, -q_sfa * sharp
        rows.append((1.0 / tau, (kappa - q_sfa) * sharp, kappa, kappa, problem.scale, q_stc, force, bare))
    own = {"V_T_star": (-sharp, 0.0, 0.0), "mu": (tau_m * sharp, tau_m, tau_m), "V_reset": (0.0, 0.0, -1.0)}
    spread = [name for name in FROZEN if problem.frozen.get(name, 0.0) > 0.0]
    for name in spread:
        names.append(name)
        slope, kappa, release_kappa = own.get(name, (0.0, 0.0, 0.0))
        force, bare = (1.0, 0.0) if name == "mu" else (0.0, slope)
        rows.append((0.0, slope, kappa, release_kappa, 0.0, 0.0, force, bare))
    for tau in problem.colours:
        tau = _apart(tau, tau_m)
        kappa = 1.0 / (1.0 / tau_m - 1.0 / tau)
        names.append(f"y({tau:g})")
        rows.append((1.0 / tau, kappa * sharp, kappa, kappa, 0.0, 0.0, 1.0, 0.0))
    rate, slopes, kappas, release, jump, current, forces, bare = np.array(rows).T
    carrier = np.full(len(names), -1)
    if "adaptation" in spread:
        carrier[jump > 0.0] = names.index("adaptation")
    covariance = np.zeros((len(names), len(names)))
    for a in spread:
        for b in spread:
            rho = 1.0 if a == b else problem.correlation.get((a, b), problem.correlation.get((b, a), 0.0))
            covariance[names.index(a), names.index(b)] = rho * problem.frozen[a] * problem.frozen[b]
    first = len(names) - len(problem.colours)
    gain = names.index("gain") if "gain" in spread else -1
    return Modes(
        tuple(names), rate, slopes, kappas, release, jump, current, carrier, gain, np.arange(first, len(names)),
        covariance, forces, bare,
    )  # fmt: skip

"""Where a network leaves the domain of the mean field, each with a figure, its limit and what to do.

disorder     radius of the random part of the linearised network, sqrt(rho(M)) with M[a, b] = sum_q w_q sum_p K_p c_p
             g_qp^2, g_qp the static gain of one synapse [spikes per spike], c_p the share that differs between targets:
             above 1 neurons fluctuate slowly and apart from each other (Ostojic 2014, Nat Neurosci 17:594; Sompolinsky,
             Crisanti and Sommers 1988)
stability    growth of the leading mode (popdyn.analysis.stability): growing, it takes the network off its fixed point
finite_size  modulation of a population's rate by what finite populations send it: standard deviation of the response
             to their fluctuations over the rate, m = sqrt(2 int (P C P^dagger)_aa df) / r_a (C without feedback where
             the state is unstable); linear answers need it small, and the mean rate moves by some m^2 r r''/(2 r'^2)
jump         size of a filtered input's jump of V over V_th - V_reset (delta synapses have the jump operator)
shots        with escape noise: third cumulant of the free V that single spikes make, over 6 Delta_V^3, which is what an
             exponential hazard would make of it; cohorts leave it out
colour       tau_syn/tau_m of filtered input at a hard threshold, where the shift of thresholds is first order in its
             square root (Fourcaud and Brunel 2002)
fixed_points number of stationary states
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from popdyn.analysis.fixed_points import FixedPoints
from popdyn.analysis.operating import Given, linearised
from popdyn.analysis.spectra import fluctuations
from popdyn.analysis.stability import Stability, stability
from popdyn.neurons import MODELS
from popdyn.theory.escape_nodes import EscapeNode, escape_rate, single_filter
from popdyn.theory.network_response import LinearNetwork
from popdyn.theory.self_consistent import node_rates
from popdyn.theory.synaptic import release

Array = NDArray[np.float64]

LIMITS = {
    "disorder": 1.0,
    "stability": 0.0,
    "finite_size": 0.3,
    "jump": 0.05,
    "shots": 0.05,
    "colour": 0.1,
    "fixed_points": 1.0,
}
FREQUENCIES = np.concatenate([np.linspace(0.5, 60.0, 100), np.geomspace(61.0, 800.0, 60)])


@dataclass(frozen=True)
class Check:
    """One figure beside its limit; `populations` are those that it is about."""

    kind: str
    populations: tuple[str, ...]
    figure: float
    limit: float
    words: str

    @property
    def flagged(self) -> bool:
        return self.figure > self.limit


@dataclass(frozen=True)
class Validity:
    """All checks that could be made, largest figures first within each kind."""

    checks: tuple[Check, ...]

    @property
    def findings(self) -> tuple[Check, ...]:
        """Those beyond their limit."""
        return tuple(check for check in self.checks if check.flagged)

    @property
    def words(self) -> list[str]:
        """One sentence per finding."""
        return [check.words for check in self.findings]


def validity(
    network: Given, *, rates: Array | None = None, closure: str | None = None, checked: Stability | None = None,
    points: FixedPoints | None = None,
) -> Validity:  # fmt: skip
    """Checks of a network at the stationary state near `rates` (population,) [1/s], or reached from silence.

    `checked`, `points`: its stability and fixed points where they are known already.
    """
    linear = linearised(network, rates=rates, closure=closure)
    found = checked or stability(linear)
    checks = [disorder(linear), leaving(found)]
    checks += finite_size(linear, found.stable)
    checks += jumps(linear)
    checks += shots(linear)
    checks += colours(linear)
    if points is not None:
        checks.append(many_states(points))
    return Validity(tuple(checks))


def disorder(linear: LinearNetwork) -> Check:
    """Radius of the random part of the linearised network; populations: those of its leading vector."""
    names, problem = linear.names, linear.problem
    M = np.zeros((len(names), len(names)))
    for node, gains in zip(problem.everyone, linear.static_gains(), strict=True):
        for k, gain in gains.items():
            p = problem.projections[k]
            M[names.index(node.population), names.index(p.pre)] += node.weight * p.K * p.private * (gain / p.K) ** 2
    values, vectors = np.linalg.eig(M)
    first = int(np.argmax(np.abs(values)))
    radius, weight = float(np.sqrt(np.abs(values[first]))), np.abs(vectors[:, first])
    who = tuple(n for n, w in zip(names, weight, strict=True) if w > 0.3 * weight.max())
    words = (
        f"strong coupling: the random part of the linearised network has radius {radius:.2f} (limit 1): neurons "
        f"fluctuate slowly and apart from each other in {', '.join(who)}, which no mean-field rate holds; weaken J "
        "or compare with a simulation"
    )
    return Check("disorder", who, radius, LIMITS["disorder"], words)


def leaving(found: Stability) -> Check:
    """Growth of the leading mode; infinite where stability is undecided."""
    if found.unstable is None:
        return Check("stability", found.names, np.inf, LIMITS["stability"], found.words)
    growth = max((m.growth for m in found.modes), default=-np.inf)
    growth = max(growth, 1e-9) if found.unstable else min(growth, 0.0)
    mode = found.modes[0] if found.modes else None
    who = tuple(n for n, s in zip(found.names, np.abs(mode.shape), strict=True) if s > 0.3) if mode else found.names
    rates = ", ".join(f"{n} {r:.4g}/s" for n, r in zip(found.names, found.rates, strict=True))
    words = found.words
    if found.unstable:
        words = (
            f"the stationary state ({rates}) is a fixed point that the network leaves: {words}; simulate the density"
        )
    return Check("stability", who, growth, LIMITS["stability"], words)


def finite_size(linear: LinearNetwork, stable: bool) -> list[Check]:
    """Modulation of each population's rate by the finite populations that it hears."""
    power = fluctuations(linear, FREQUENCIES)
    gain = linear.gain(2j * np.pi * FREQUENCIES)
    heard = power.cross if stable else np.einsum("fa,ab->fab", power.alone, np.eye(len(linear.names)))
    spectrum = np.einsum("fab,fbc,fac->fa", gain, heard, gain.conj()).real
    size = np.sqrt(2.0 * np.trapezoid(spectrum, FREQUENCIES, axis=0)) / linear.point.rates
    checks = []
    for name, m, bend in zip(linear.names, size, _curvature(linear), strict=True):
        words = (
            f"finite size: the spikes of finite populations modulate the rate of {name} by {100 * m:.3g} % (standard "
            f"deviation{'' if stable else ', without feedback'}); spectra of linear response are rough, and the rate "
            f"for N -> infinity may be off by some {50 * abs(bend) * m**2:.2g} %; simulate with finite N"
        )
        checks.append(Check("finite_size", (name,), float(m), LIMITS["finite_size"], words))
    return sorted(checks, key=lambda c: -c.figure)


def _curvature(linear: LinearNetwork) -> Array:
    """r r''/r'^2 by mu of each population, at frequency 0."""
    problem, point, found = linear.problem, linear.point, np.zeros(len(linear.names))
    for q, node in enumerate(problem.everyone):
        mu, D = float(point.mu[q]), float(point.D[q])
        if isinstance(node, EscapeNode):
            step = 0.05 * node.problem.Delta_V / node.problem.tau_m
            r, low, high = (escape_rate(node.problem, mu + move, D) for move in (0.0, -step, step))
        else:
            step = 0.01 * np.sqrt(D / _membrane(linear, node.population))
            r, low, high = node_rates(node.problem, mu + np.array([0.0, -step, step]), np.full(3, D))
        found[linear.names.index(node.population)] += node.weight * 4.0 * r * (high + low - 2.0 * r) / (high - low) ** 2
    return found


def jumps(linear: LinearNetwork) -> list[Check]:
    """Filtered inputs whose every spike moves V by a large part of V_th - V_reset."""
    largest: dict[str, float] = {}
    nu = linear.problem.presynaptic(linear.point.rates)
    for k, p in enumerate(linear.problem.projections):
        if p.synapse.kind in ("delta", "conductance") or linear.problem.escapes(p.post):
            continue
        neuron = linear.problem.network.populations[p.post].neuron.parameters
        tau, tau_syn = _membrane(linear, p.post), p.synapse.tau_syn
        peak = (tau_syn / tau) ** (tau_syn / (tau - tau_syn)) if tau != tau_syn else np.exp(-1.0)
        size = abs(p.J) * release(p.synapse, float(nu[k])) * peak / (neuron["V_th"] - neuron["V_reset"])
        largest[p.post] = max(largest.get(p.post, 0.0), float(size))
    return [
        Check(
            "jump", (name,), size, LIMITS["jump"],
            f"large synapses: one spike moves V of {name} by {100 * size:.2g} % of V_th - V_reset through a filtered "
            "synapse, which is taken as diffusion",
        )
        for name, size in sorted(largest.items(), key=lambda item: -item[1])
    ]  # fmt: skip


def shots(linear: LinearNetwork) -> list[Check]:
    """Third cumulant of V that the spikes of a population's inputs make, in what it does to ln rate."""
    problem, nu, checks = linear.problem, linear.problem.presynaptic(linear.point.rates), []
    for node in problem.escaping:
        leak, third = 1.0 / node.problem.tau_m, 0.0
        for k, p in enumerate(problem.projections):
            if p.post == node.population:
                jump = p.J * release(p.synapse, float(nu[k]))
                b = 1.0 / max(single_filter(p.synapse, node.problem.tau_m), 1e-3 * node.problem.tau_m)
                cubed = 2.0 * b**2 / (3.0 * leak * (2.0 * leak + b) * (leak + 2.0 * b))
                third += p.K * nu[k] * jump**3 * cubed
        size = abs(third) / (6.0 * node.problem.Delta_V**3)
        words = (
            f"large synapses: single spikes skew V of {node.population} by what would be worth {100 * size:.2g} % of "
            "its rate in a neuron without reset, and are taken as Gaussian noise"
        )
        checks.append(Check("shots", (node.population,), float(size), LIMITS["shots"], words))
    return sorted(checks, key=lambda c: -c.figure)


def colours(linear: LinearNetwork) -> list[Check]:
    """tau_syn/tau_m of filtered input (mean over its variance) where thresholds are shifted for it."""
    problem, checks = linear.problem, []
    nu, shift = problem.presynaptic(linear.point.rates), problem.colour(linear.point.rates)
    for name, population in problem.network.populations.items():
        parts = [
            (p.K * p.J**2 * p.square * release(p.synapse, float(nu[k])) ** 2 * nu[k], p.synapse.tau_syn)
            for k, p in enumerate(problem.projections)
            if p.post == name and p.synapse.tau_syn > 0.0 and p.synapse.kind != "conductance"
        ]
        if not parts or not MODELS[population.neuron.model].hard_threshold:
            continue
        weight, times = np.array(parts).T
        tau, tau_syn = _membrane(linear, name), float(weight @ times / max(weight.sum(), 1e-300))
        highest = 1.0 / (2.0 * np.pi * np.sqrt(tau * tau_syn))
        handled = "its thresholds are shifted for it" if shift[name] > 0.0 else "nothing is done about it"
        words = (
            f"coloured noise: the input of {name} has tau_syn/tau_m = {tau_syn / tau:.2g}, and {handled}; its "
            f"responses hold below {highest:.3g} Hz"
        )
        checks.append(Check("colour", (name,), tau_syn / tau, LIMITS["colour"], words))
    return sorted(checks, key=lambda c: -c.figure)


def many_states(points: FixedPoints) -> Check:
    """Number of stationary states: one answer of `rates` among several."""
    listed = "; ".join(", ".join(f"{r:.4g}" for r in p.rates) for p in points.points)
    words = f"several states: rates() is one of {len(points.points)} fixed points ({listed} /s); {points.words}"
    return Check("fixed_points", points.names, float(len(points.points)), LIMITS["fixed_points"], words)


def _membrane(linear: LinearNetwork, name: str) -> float:
    """C_m / g_L [s] of a population's centre."""
    p = linear.problem.network.populations[name].neuron.parameters
    return float(p["C_m"] / p["g_L"])

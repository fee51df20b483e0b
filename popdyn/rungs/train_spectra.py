"""What the exact spectra of presynaptic trains would change of a network's rates: the error of the dip's one pole.

The density gives the recurrent noise of a node, white of intensity v_p = K_p J_p^2 nu_p each, the spectrum of a filter
with one pole (theory.train_noise), from renewal trains. Trains have

    S/r = S_heard/r  S_adapting/S_held

S_heard of a neuron with w held that hears the filter, S_adapting of one whose w moves (intervals are then correlated),
S_held of one whose w does not, both under white noise. To first order in the difference the node's rate is off by

    d = c int K(f) sum_p v_p [|T|^2 (S_p/r_p - 1) - (S_pole - 1)] df        (K: FrozenNode.noise_response)

T: the response to mu with w moving over that with w held, per rate: a neuron's w follows slow noise of its own, which
the density's z and w, uncorrelated but for V, do not. c: the same ratio of the slopes over D: w follows what noise does
to mean V and rate. The network makes (1 - A)^-1 d of it, A the loop gain at the working point.
Valid when what is left of the spectrum is weak beside the white noise.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from popdyn.rungs.corrections import Frozen, freeze
from popdyn.rungs.derivation import Derivation
from popdyn.rungs.train_shares import train_variances
from popdyn.theory.cohort_response import train_spectrum
from popdyn.theory.hierarchy import response_at
from popdyn.theory.renewal import spike_spectrum
from popdyn.theory.stationary import find_stationary
from popdyn.theory.working_point import Inputs, NodeRates, loop_gain

Array = NDArray[np.float64]
FREQUENCIES = np.append(0.0, np.geomspace(0.05, 2000.0, 80))  # [Hz]


def beyond_the_dip(derivation: Derivation, closure: str) -> dict[str, float]:
    """How much too high the density's rates are, relative, by population: 0 in all where no trains are regular."""
    problem, point = derivation.problem, derivation.point
    filters = [(grid.beta, grid.gamma) for grid in derivation.grids]
    if not any(beta for beta, _ in filters):
        return dict.fromkeys(problem.names, 0.0)
    frozen = [freeze(problem, point, q, *dip) for q, dip in enumerate(filters)]
    nodes = [_node(at, closure) for at in frozen]
    spectra = _spectra(derivation, frozen, [node.spectrum for node in nodes])
    at_point = problem.inputs(point.rates, point.squares)
    rate, found = _rates(derivation, at_point)
    missed = np.zeros_like(found)
    for q, (at, (beta, gamma), node) in enumerate(zip(frozen, filters, nodes, strict=True)):
        if beta == 0.0:
            continue
        omega = 2.0 * np.pi * FREQUENCIES
        pole = ((beta - gamma) ** 2 + omega**2) / (beta**2 + omega**2)
        variances = train_variances(problem, point, q)
        exact = sum(v * (spectra[problem.projections[k].pre] - 1.0) for k, v in variances.items())
        left = node.followed * exact - sum(variances.values()) * (pole - 1.0)
        change = 2.0 * np.trapezoid(at.node.noise_response(FREQUENCIES) * left, FREQUENCIES)
        missed[q] = found[q] * node.share * change / at.rate
    gain = loop_gain(problem, rate, at_point, found, point.rates, point.squares)
    whole = np.linalg.solve(np.eye(point.rates.size) - gain, problem.means(missed)[0])
    return {name: -float(x) for name, x in zip(problem.names, whole / np.maximum(point.rates, 1e-9), strict=True)}


def _rates(derivation: Derivation, at_point: Inputs) -> tuple[NodeRates, Array]:
    """Of the nodes as functions of their drive, with the working point's factors, and there (node,) [1/s]."""
    problem, rates = derivation.problem, derivation.point.node_rates
    plain = NodeRates(problem)
    white = np.array([plain(q, mu, D, shunt) for q, (mu, D, shunt) in enumerate(zip(*at_point, strict=True))])
    return NodeRates(problem, np.divide(rates, white, out=np.ones_like(rates), where=white > 0.0)), rates


class _Node(NamedTuple):
    spectrum: Array  # S/r of its trains
    followed: Array  # |T|^2
    share: float  # c


def _node(at: Frozen, closure: str) -> _Node:
    heard, problem = at.spectrum(FREQUENCIES), at.problem
    if not problem.adapts:
        return _Node(heard, np.ones_like(heard), 1.0)
    h = problem.hierarchy(closure)
    state = find_stationary(at.operator, h, problem.mu, problem.D)
    adapting = spike_spectrum(at.operator, h, state, FREQUENCIES) / state.rate
    moving = response_at(at.operator, h, state, 2j * np.pi * FREQUENCIES) / state.rate
    held = at.node.response(2j * np.pi * FREQUENCIES) / at.rate
    spectrum = heard * adapting * at.rate / at.node.spectrum(FREQUENCIES)
    return _Node(spectrum, np.abs(moving[0] / held[0]) ** 2, float((moving[1, 0] / held[1, 0]).real))


def _spectra(derivation: Derivation, frozen: list[Frozen], spectra: list[Array]) -> dict[str, Array]:
    """S/r of every population: of its nodes, weighted by their spikes; of escape noise, of its own trains."""
    found = {name: train_spectrum(held.trains, FREQUENCIES) for name, held in derivation.held.items()}
    for name in {node.population for node in derivation.problem.nodes}:
        own = [q for q, node in enumerate(derivation.problem.nodes) if node.population == name]
        weight = np.array([derivation.problem.nodes[q].weight * frozen[q].rate for q in own])
        found[name] = weight @ np.array([spectra[q] for q in own]) / weight.sum()
    return found

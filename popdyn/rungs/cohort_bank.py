"""The arrays that the kernel of cohort networks steps through: populations, what they hear, and their noise."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from popdyn.kernels.cohort_network import CohortBank, CohortWiring
from popdyn.spec.network import Network
from popdyn.theory.cohort_grid import AgeGrid, first_cohorts, make_model
from popdyn.theory.escape_nodes import single_filter, strength
from popdyn.theory.gif_problem import GifProblem
from popdyn.theory.network_problem import NetworkProblem
from popdyn.theory.projections import Projection
from popdyn.theory.synaptic import release

Array = NDArray[np.float64]

SHOT_NOISE = ("coloured", "white", "none")


@dataclass(frozen=True)
class Noises:
    """Sources of a population's noise: white, then one for each of `colours` [s]; and the source of every projection.

    reversals: E_rev [V] of the last of the colours, which are conductances.
    """

    colours: tuple[float, ...]
    source: dict[int, int]
    reversals: tuple[float, ...] = ()


def noises(problem: NetworkProblem, name: str, shot_noise: str) -> Noises:
    """The noise that projections bring to a population: delta synapses white noise, filtered ones coloured noise.

    shot_noise: "coloured"; "white" takes filtered currents for white noise of the same variance of V; "none" leaves it
    out. Noise of conductances has the colour of its synapse.
    """
    heard = {k: p for k, p in enumerate(problem.projections) if p.post == name}
    own = {k: colour(problem, p) for k, p in heard.items() if not p.conductance}
    shunts = {k: (p.synapse.tau_syn, p.synapse.E_rev) for k, p in heard.items() if p.conductance}
    kinds, filtered = sorted(set(shunts.values())), sorted({tau for tau in own.values() if tau > 0.0})
    colours = filtered if shot_noise == "coloured" else []
    source = {k: colours.index(tau) + 1 if tau in colours else 0 for k, tau in own.items()}
    source |= {k: 1 + len(colours) + kinds.index(kind) for k, kind in shunts.items()}
    return Noises(
        (*colours, *(tau for tau, _ in kinds)), source if shot_noise != "none" else {}, tuple(E for _, E in kinds)
    )


def colour(problem: NetworkProblem, p: Projection) -> float:
    """Time constant [s] of the single filter that gives V the variance that the synapse gives it; 0 for delta."""
    neuron = problem.network.populations[p.post].neuron.parameters
    return single_filter(p.synapse, neuron["C_m"] / neuron["g_L"])


def channels(problem: NetworkProblem) -> tuple[tuple[Projection, ...], list[int]]:
    """Projections that differ in what arrives, not in their weights: one of each kind, and the kind of every one.

    A column of 8 populations has 64 projections, and 8 to 16 of these.
    """
    kinds: dict[object, int] = {}
    first: list[Projection] = []
    index = []
    for k, p in enumerate(problem.projections):
        s = p.synapse
        same = (p.pre, s.kind, s.tau_syn, s.delay, s.alpha, s.U, s.tau_rec, s.tau_fac)
        key: object = same if p.pre and s.delays is None else k
        if key not in kinds:
            kinds[key] = len(first)
            first.append(p)
        index.append(kinds[key])
    return tuple(first), index


def make_wiring(
    problem: NetworkProblem, sources: dict[str, Noises], shot_noise: str, regular: Array, rates: Array, squares: Array,
    *, finite: bool,
) -> CohortWiring:  # fmt: skip
    """Gains of every projection, the quenched ones at the given rates and mean squares.

    regular (projection,): share of the noise of a Poisson train that its trains have.
    """
    names, (kinds, channel) = problem.names, channels(problem)
    count = len(kinds)
    most = 1 + max((len(s.colours) for s in sources.values()), default=0)
    gain_mu, quenched = np.zeros((len(names), count)), np.zeros((len(names), count))
    gain_D = np.zeros((len(names), most, count))
    gain_shunt = np.zeros((len(names) if any(p.conductance for p in problem.projections) else 0, count))
    nu, width = problem.presynaptic(rates), problem.quenched(rates, squares)
    for k, p in enumerate(problem.projections):
        a = names.index(p.post)
        K = p.K * (1.0 + p.heard) if finite else p.K
        neuron = problem.network.populations[p.post].neuron.parameters
        charge = strength(p, neuron["C_m"])
        gain_mu[a, channel[k]] += K * charge * (p.synapse.E_rev - neuron["E_L"] if p.conductance else 1.0)
        if p.conductance:
            gain_shunt[a, channel[k]] += K * charge
        share = p.private if finite and p.pre else p.square
        if k in sources[p.post].source:
            tau, slow = neuron["C_m"] / neuron["g_L"], colour(problem, p)
            kept = tau / (tau + slow) if shot_noise == "white" and not p.conductance else 1.0
            noise = 0.5 * K * charge**2 * share * kept * regular[k]
            gain_D[a, sources[p.post].source[k], channel[k]] += noise
        own = [j for j, other in enumerate(problem.projections) if other.post == p.post]
        total, u = float(np.sqrt(np.sum(width[own] ** 2))), release(p.synapse, float(nu[k])) * nu[k]
        if total > 0.0 and u > 0.0:
            quenched[a, channel[k]] += width[k] ** 2 / (total * u)
    return CohortWiring(gain_mu, quenched, gain_D, gain_shunt)


def make_bank(
    network: Network, problems: dict[str, GifProblem], grid: AgeGrid, closure: str, dt: float, *, seed: int | None,
    streams: int = 0,
) -> CohortBank:  # fmt: skip
    """All populations at the spec's initial condition; `seed` None: infinitely many neurons.

    streams: how many random streams of this seed others draw from.
    """
    built, models = [], [make_model(problem, dt, grid, closure) for problem in problems.values()]
    noise = _padded([model.noise for model in models])  # rows of sources that others have: room in every state
    for (name, problem), one, sources in zip(problems.items(), models, noise, strict=True):
        initial = network.populations[name].initial
        model = one._replace(noise=sources)
        built.append((*model, *first_cohorts(problem, model, grid, initial.V_mean, initial.V_std)))
    words = [
        np.random.SeedSequence(seed or 0, spawn_key=(streams + q,)).generate_state(4, np.uint64)
        for q in range(len(problems))
    ]
    sizes = [float(network.populations[name].size) if seed is not None else 0.0 for name in problems]
    stacked = [_padded([one[n] for one in built]) for n in range(len(built[0]))]
    return CohortBank._make([*stacked, np.array(sizes), np.array(words)])


def _padded(arrays: list[NDArray[Any]]) -> NDArray[Any]:
    """Stacked, zeros where one is shorter than the longest."""
    shape = np.max([a.shape for a in arrays], axis=0)
    whole = np.zeros((len(arrays), *shape), arrays[0].dtype)
    for q, a in enumerate(arrays):
        whole[q][tuple(slice(n) for n in a.shape)] = a
    return whole

"""A population of the spec as a GifProblem: what of its spread is a frozen Gaussian variable, and what is not."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

from popdyn.distributions import Distribution
from popdyn.errors import DomainError
from popdyn.neurons import MODELS
from popdyn.spec.network import Population
from popdyn.theory.gif_problem import FROZEN, GifProblem

Array = NDArray[np.float64]

QUANTILES = (np.arange(400) + 0.5) / 400
SCORES = np.linspace(-8.2, 8.2, 2001)
SPREAD = ("V_T_star", "lambda_0", "mu", "I_e", "E_L", "V_reset", "adaptation_scale")
"""Parameters whose spread is a frozen variable: z enters V, the exponent or the jumps linearly."""


def gif_problem(
    population: Population, *, colours: tuple[float, ...] = (), reversals: tuple[float, ...] = (),
    quenched: bool = False,
) -> GifProblem:  # fmt: skip
    """The problem of one population of escape-noise neurons; mu and sigma of its white noise and I_e.

    colours [s]: of its filtered synaptic noise; reversals [V]: of the last of these, conductances. quenched: a frozen
    variable of unit variance for the drive by unequal numbers of synapses. Spreads count by mean, standard deviation
    and third cumulant (lambda_0: of its logarithm).

    Raises DomainError where a parameter outside SPREAD is spread.
    """
    model, p = MODELS[population.neuron.model], population.neuron.parameters
    lists = {kind.tau.name: kind.values(p) for kind in model.traces}
    sfa, stc = lists.get("tau_sfa", ()), lists.get("tau_stc", ())
    frozen, correlation, third = _frozen(population)
    lambda_0, spread = p["lambda_0"], population.spread.get("lambda_0")
    if spread is not None:
        lambda_0 = float(np.exp(np.mean(_logarithm(spread))))
    return GifProblem(
        tau_m=p["C_m"] / p["g_L"], E_L=p["E_L"], V_reset=p.get("V_reset", p["E_L"]), t_ref=p.get("t_ref", 0.0),
        lambda_0=lambda_0, Delta_V=p["Delta_V"], V_T_star=p["V_T_star"], C_m=p["C_m"],
        tau_sfa=tuple(tau for tau, _ in sfa), q_sfa=tuple(q for _, q in sfa),
        tau_stc=tuple(tau for tau, _ in stc), q_stc=tuple(q for _, q in stc),
        mu=population.noise.mu + p["I_e"] / p["C_m"], sigma=population.noise.sigma,
        frozen=frozen | ({"gain": 1.0} if quenched else {}), correlation=correlation, third=third, colours=colours,
        reversals=reversals,
        scale=p.get("adaptation_scale", 1.0), resets="V_reset" in p,
    )  # fmt: skip


def _frozen(population: Population) -> tuple[dict[str, float], dict[tuple[str, str], float], dict[str, float]]:
    """Standard deviations, correlations and third cumulants of the frozen variables that a spec's spread makes."""
    p, names = population.neuron.parameters, sorted(population.spread)
    strange = [name for name in names if name not in SPREAD]
    if strange:
        raise DomainError(
            f"populations.{population.name}: spread of {', '.join(strange)} at the density rung with escape noise; "
            f"allowed: {', '.join(SPREAD)}; for others take several populations, or the rung spiking"
        )
    C_m, tau_m = p["C_m"], p["C_m"] / p["g_L"]
    place = {
        "V_T_star": ("V_T_star", 1.0), "lambda_0": ("V_T_star", -p["Delta_V"]), "mu": ("mu", 1.0),
        "I_e": ("mu", 1.0 / C_m), "E_L": ("mu", 1.0 / tau_m), "V_reset": ("V_reset", 1.0),
        "adaptation_scale": ("adaptation", 1.0),
    }  # fmt: skip
    width = {name: _width(name, population.spread[name]) * place[name][1] for name in names}
    rho = {frozenset((a, b)): c for a, b, c in population.correlations}
    covariance = np.zeros((len(FROZEN), len(FROZEN)))
    for a in names:
        for b in names:
            shared = 1.0 if a == b else rho.get(frozenset((a, b)), 0.0)
            covariance[FROZEN.index(place[a][0]), FROZEN.index(place[b][0])] += shared * width[a] * width[b]
    std = np.sqrt(np.diag(covariance))
    used = [i for i in range(len(FROZEN)) if std[i] > 0.0]
    pairs = {(FROZEN[i], FROZEN[j]): float(covariance[i, j] / (std[i] * std[j])) for i in used for j in used if i < j}
    third = dict.fromkeys((FROZEN[i] for i in used), 0.0)
    for name in names:
        third[place[name][0]] += _third(name, population.spread[name]) * place[name][1] ** 3
    return {FROZEN[i]: float(std[i]) for i in used}, pairs, third


def _logarithm(spread: Distribution) -> Array:
    return np.log(np.maximum(spread.quantile(QUANTILES), 1e-12))


def _third(name: str, spread: Distribution) -> float:
    """Third cumulant, of lambda_0 that of its logarithm."""
    weight = np.exp(-0.5 * SCORES**2)
    values = spread.quantile(ndtr(SCORES))
    if name == "lambda_0":
        values = np.log(np.maximum(values, 1e-12))
    weight /= weight.sum()
    return float(weight @ (values - weight @ values) ** 3)


def _width(name: str, spread: Distribution) -> float:
    if name == "lambda_0":
        return float(np.std(_logarithm(spread)))
    return float(spread.moments[1])

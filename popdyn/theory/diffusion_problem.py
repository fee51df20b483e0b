"""One integrate-and-fire neuron under white noise, as the solvers of the density take it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from popdyn.errors import DomainError
from popdyn.neurons import MODELS, NeuronModel
from popdyn.theory.grid_2d import Drift

TAIL = 30.0  # -ln of the density, relative to its bulk, that is left below the lower boundary
UPSTROKE = 11.0
DEEPEST = 3.0  # [V] how far below V_reset a grid may go


@dataclass(frozen=True)
class Problem:
    """One neuron under dV = (drift(V) - w/C_m + mu) dt + sqrt(2 D) dW, everything the solvers need (SI)."""

    parameters: Mapping[str, float]
    drift: Drift
    V_barrier: float
    mu: float
    D: float


def make_problem(neuron_parameters: Mapping[str, float], model: str | NeuronModel, mu: float, sigma: float) -> Problem:
    """Total drive mu [V/s] (I_e/C_m counted in it: I_e is not read), sigma [V/sqrt(s)]; a = b = 0 unless given.

    A V_peak further than UPSTROKE Delta_T above V_th and V_reset is moved down to there: the rest of the upstroke takes
    tau_m exp(-UPSTROKE), 0.3 us, and no grid of these solvers resolves it.
    """
    model = MODELS[model] if isinstance(model, str) else model
    if not sigma > 0.0:
        raise DomainError(f"the density needs noise: got sigma = {sigma} V/sqrt(s); allowed: > 0")
    p = {"a": 0.0, "b": 0.0, "tau_w": 1.0, "E_w": 0.0, "t_ref": 0.0} | dict(neuron_parameters)
    drift, barrier = model.drift, p[model.barrier]
    if "Delta_T" in p:
        barrier = min(barrier, max(p["V_th"], p["V_reset"]) + UPSTROKE * p["Delta_T"])
    return Problem(p, lambda V: drift(V, p), barrier, mu, 0.5 * sigma**2)


def need_lower_boundary(problem: Problem, w: float) -> float:
    """`lower_boundary`, or DomainError where there is none."""
    V_lower = lower_boundary(problem, w)
    if V_lower is None:
        raise DomainError("V drifts to minus infinity at this drive: no stationary state; raise mu")
    return V_lower


def lower_boundary(problem: Problem, w: float) -> float | None:
    """V below which the density at this w has fallen by exp(-TAIL); None when it does not within DEEPEST."""
    V_reset = problem.parameters["V_reset"]
    V = np.asarray(V_reset - np.arange(0.0, DEEPEST, 0.25e-3), dtype=np.float64)
    push = (problem.drift(V) + problem.mu - w / problem.parameters["C_m"]) * 0.25e-3 / problem.D
    height = np.cumsum(push)
    height -= np.minimum(np.minimum.accumulate(height), 0.0)
    deep = np.flatnonzero(height > TAIL)
    return float(V[deep[0]]) if deep.size else None

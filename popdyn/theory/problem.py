"""What the density theory needs to know of a population: arrays and numbers, no model by name."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from popdyn.errors import UsageError
from popdyn.kernels.closures import CUMULANT, HERMITE, MEAN
from popdyn.kernels.operators import Hierarchy
from popdyn.kernels.shunt import BEND, LEAST, SHUNT, SLOPE
from popdyn.neurons import MODELS
from popdyn.spec.network import Population

Array = NDArray[np.float64]
Drift = Callable[[Array], Array]

FAR_BELOW = (-0.06, -0.05)  # [V] from V_reset
W_UNIT = 1e-10  # [A]: w is carried in this unit, so that moments of all orders are of order one
CLOSURES: dict[str, tuple[int, int]] = {
    "mean": (MEAN, 0),
    "hermite1": (HERMITE, 1),
    "hermite2": (HERMITE, 2),
    "hermite3": (HERMITE, 3),
    "gaussian": (CUMULANT, 2),
    "cumulant3": (CUMULANT, 3),
    "cumulant4": (CUMULANT, 4),
}
DEFAULT_CLOSURE = "cumulant3"
LOWER_CLOSURE = {
    "cumulant4": "cumulant3", "cumulant3": "gaussian", "gaussian": "hermite1", "hermite3": "hermite1",
    "hermite2": "hermite1", "hermite1": "mean",
}  # fmt: skip
"""What a trajectory falls back on where its moments stop belonging to a density."""


@dataclass(frozen=True)
class DensityProblem:
    """dV = (drift(V) - w/C_m + mu) dt + sigma dW below `barrier`, with the reset and adaptation of one population."""

    drift: Drift
    barrier: float
    V_reset: float
    t_ref: float
    C_m: float
    a: float
    b: float
    tau_w: float
    E_w: float
    mu: float
    sigma: float
    shunt: Array | None = None  # (3,) of conductances that `drift` has in it already (popdyn.kernels.shunt)

    @property
    def D(self) -> float:
        return 0.5 * self.sigma**2

    def diffusion(self, V: Array, D: float) -> Array:
        """D(V) [V^2/s] where it is D at V_reset."""
        x = np.asarray(V, dtype=float) - self.V_reset
        if self.shunt is None:
            return np.full(x.shape, D)
        return np.maximum(D + x * (self.shunt[SLOPE] + x * self.shunt[BEND]), LEAST)

    @property
    def adapts(self) -> bool:
        return self.a != 0.0 or self.b != 0.0

    def hierarchy(self, closure: str) -> Hierarchy:
        """Numbers for the kernels, w in units of W_UNIT; without adaptation every closure is order 0."""
        kind, order = CLOSURES[closure] if self.adapts else (MEAN, 0)
        return Hierarchy(
            self.C_m / W_UNIT, self.a / W_UNIT, self.b / W_UNIT, self.tau_w, self.E_w, self.V_reset, self.t_ref,
            order, kind,
        )  # fmt: skip


def at_drive(problem: DensityProblem, mu: float, D: float, shunt: Array | None = None) -> DensityProblem:
    """The problem with all of its drive as white noise: mu [V/s], D [V^2/s], and (3,) of its conductances."""
    at = replace(problem, mu=mu, sigma=float(np.sqrt(2.0 * D)))
    if shunt is None or not np.any(shunt):
        return at
    G, V_0, bare = float(shunt[SHUNT]), problem.V_reset, problem.drift
    return replace(at, drift=lambda V: bare(V) - G * (V - V_0), shunt=np.array(shunt))


def leak(problem: DensityProblem) -> float:
    """Slope of the drift far below V_reset [1/s]: g_L/C_m."""
    low, high = problem.drift(problem.V_reset + np.array(FAR_BELOW))
    return float((low - high) / (FAR_BELOW[1] - FAR_BELOW[0]))


def input_statistics(population: Population) -> tuple[float, float]:
    """Constant drive (mu [V/s], sigma [V/sqrt(s)]) of the diffusion approximation.

    mu = mu_noise + I_e/C_m + sum K J nu,   sigma^2 = sigma_noise^2 + sum K J^2 nu.
    """
    p = population.neuron.parameters
    mu = population.noise.mu + p["I_e"] / p["C_m"] + sum(s.K * s.J * s.nu for s in population.poisson)
    variance = population.noise.sigma**2 + sum(s.K * s.J**2 * s.nu for s in population.poisson)
    return mu, float(np.sqrt(variance))


def need_diffusion(population: Population) -> None:
    """Raises UsageError where the neuron model has no diffusion density."""
    if MODELS[population.neuron.model].escape:
        allowed = ", ".join(name for name, model in MODELS.items() if not model.escape)
        raise UsageError(
            f"populations.{population.name}.neuron.model: got {population.neuron.model!r}, whose hazard has no density "
            f"over V; allowed: {allowed}; popdyn rates, simulate, convert run its cohorts, --rung spiking its neurons"
        )


def density_problem(population: Population) -> DensityProblem:
    """The problem of one population at its constant drive.

    Raises UsageError for a neuron with escape noise: its density is not one of V.
    """
    need_diffusion(population)
    model, p = MODELS[population.neuron.model], population.neuron.parameters
    mu, sigma = input_statistics(population)
    adaptation = {k: p[k] for k in ("a", "b", "tau_w", "E_w")} if model.adaptation else None
    return DensityProblem(
        drift=lambda V: model.drift(V, p), barrier=p[model.barrier], V_reset=p["V_reset"], t_ref=p["t_ref"],
        C_m=p["C_m"], mu=mu, sigma=sigma, shunt=None,
        **(adaptation or {"a": 0.0, "b": 0.0, "tau_w": 1.0, "E_w": 0.0}),
    )  # fmt: skip

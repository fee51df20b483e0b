"""Derivatives of a fitted unit's parameters with respect to the spiking parameters behind it.

    g(theta, p) = J'r = 0   =>   dtheta/dp = -H^-1 dg/dp,      H = J'J + sum_i r_i d2r_i/dtheta2

r: weighted residuals of the unit against the density's rates y(p), J = dr/dtheta exact (kernels.rate_units.tangent).
dg/dp is a difference of g between two density runs at p -+ h on the same cells, theta held: of inputs, not of fits.
With H in full the derivative is exact but for h^2. The Gauss-Newton derivative, H = J'J, leaves out what the unit
cannot follow and is wrong by it; `popdyn map SPEC --slopes` prints by how much.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from popdyn.errors import NumericsError, UsageError
from popdyn.fitting.coordinates import coordinates_of
from popdyn.fitting.density_target import make_target
from popdyn.fitting.domain import density_over_domain, training_domain
from popdyn.fitting.protocols import Job, training_jobs
from popdyn.fitting.rate_fit import Shape, adaptation_start
from popdyn.fitting.rate_misfit import RateMisfit
from popdyn.fitting.rate_solve import solve
from popdyn.fitting.rate_starts import default_hint, starting_units
from popdyn.fitting.rate_target import RateTarget, target_of
from popdyn.rungs.density import Density
from popdyn.spec.network import Network
from popdyn.theory.discretisation import Discretisation
from popdyn.theory.problem import density_problem, input_statistics
from popdyn.theory.sensitivity import Sensitivity, at_value, rate_sensitivity, scale_of, value_of
from popdyn.types import FloatArray

STEP = 1e-3
"""Of a parameter's scale, between density runs."""
CURVATURE = 1e-4
"""Step of the coordinates (of order one) for H."""
SETTLED, MOST = 1e-9, 60
FLAT = 1e-9
"""Least eigenvalue of H over its largest that a best fit has."""


@dataclass(frozen=True)
class FittedPoint:
    """A population's density on fixed cells, the protocols of the fit, and the unit at the root of its gradient."""

    network: Network
    rate: Sensitivity
    grid: Discretisation
    jobs: tuple[Job, ...]
    misfit: RateMisfit
    x: FloatArray  # (unit parameter,) coordinates

    @property
    def values(self) -> dict[str, float]:
        """By the unit's parameters, SI."""
        names = [p.name for p in self.misfit.coordinates.parameters]
        return dict(zip(names, self.misfit.coordinates.values(self.x).tolist(), strict=True))

    def misfit_at(self, name: str, move: float) -> RateMisfit:
        """The same fit's misfit with one spiking parameter moved [SI]: cells, protocols and coordinates stay."""
        population = self.rate.population
        moved = at_value(population, name, value_of(population, name) + move)
        network = replace(self.network, populations={population.name: moved})
        targets = _targets(network, self.rate, self.grid, self.jobs)
        return replace(self.misfit, targets=targets)


@dataclass(frozen=True)
class UnitSensitivity:
    """d(unit parameter)/d(spiking parameter), SI: `exact` with the full Hessian, and `gauss_newton` without r's part.

    Both (unit parameter, spiking parameter); rows as `parameters`, columns as `rate.names`.
    """

    point: FittedPoint
    parameters: tuple[str, ...]
    exact: FloatArray
    gauss_newton: FloatArray

    @property
    def names(self) -> tuple[str, ...]:
        return self.point.rate.names

    @property
    def scaled(self) -> FloatArray:
        """Change of the fit's coordinates (of order one) by a change of the spiking parameter that matters."""
        return self._scaled(self.exact)

    @property
    def gauss_newton_error(self) -> FloatArray:
        """(spiking parameter,) largest error of the Gauss-Newton derivative over the largest exact one, in coordinates.

        In SI a largest entry would be that of the unit parameter with the smallest unit.
        """
        exact = self.scaled
        missed = np.abs(self._scaled(self.gauss_newton) - exact)
        return np.asarray(missed.max(axis=0) / np.abs(exact).max(axis=0))

    def _scaled(self, slopes: FloatArray) -> FloatArray:
        population, space = self.point.rate.population, self.point.misfit.coordinates
        scales = np.array([scale_of(population, name) for name in self.names])
        return np.asarray(slopes * scales / space.derivative(self.point.x)[:, None])

    def spread(self, sd: Mapping[str, float], correlations: Sequence[tuple[str, str, float]] = ()) -> dict[str, float]:
        """s.d. of each unit parameter over neurons, to first order, from the s.d. of spiking parameters (SI)."""
        rows = (replace(self.point.rate, gradient=row) for row in self.exact)
        return {name: row.spread(sd, correlations) for name, row in zip(self.parameters, rows, strict=True)}


def fitted_point(
    network: Network, population: str, shape: Shape, names: Sequence[str] | None = None, *,
    jobs: Sequence[Job] | None = None, seed: int = 0,
) -> FittedPoint:  # fmt: skip
    """The unit fitted to a homogeneous population's density, as `popdyn fit` does, then to the root of its gradient.

    Raises UsageError for a population of several kinds of neurons, NumericsError where the root is not found.
    """
    who = network.populations[population]
    if who.spread:
        raise UsageError(f"populations.{population}: differs in {', '.join(who.spread)}; allowed: equal neurons")
    network = replace(network, populations={population: who})
    density = density_over_domain(network)
    domain = training_domain(make_target(density, population))
    found = rate_sensitivity(who, density.grids[population].operator, density.closure, names)
    grid, chosen = density.grids[population], tuple(jobs or training_jobs(who, domain, seed))
    targets = _targets(network, found, grid, chosen)
    empty = shape.empty(population, domain, *input_statistics(who), adaptation_start(who))
    scale = max(float(np.max(t.rate)) for t in targets)
    misfit = RateMisfit(empty, coordinates_of(empty, scale), targets)
    first = solve(misfit, starting_units(empty, targets, scale, default_hint(empty, scale)))
    return FittedPoint(network, found, grid, chosen, misfit, root(misfit, first.x))


def unit_sensitivity(point: FittedPoint) -> UnitSensitivity:
    """All derivatives at a fitted point: two density runs per spiking parameter."""
    space, x = point.misfit.coordinates, point.x
    _, slopes = point.misfit.with_slopes(x[None])
    full, gauss = hessian(point.misfit, x), slopes[0].T @ slopes[0]
    columns = []
    for name in point.rate.names:
        step = STEP * scale_of(point.rate.population, name)
        high, low = (gradient(point.misfit_at(name, move), x[None])[0] for move in (step, -step))
        columns.append((high - low) / (2.0 * step))
    change = np.stack(columns, axis=1)
    chain = space.derivative(x)[:, None]
    names = tuple(p.name for p in space.parameters)
    return UnitSensitivity(
        point, names, -chain * np.linalg.solve(full, change), -chain * np.linalg.solve(gauss, change)
    )


def gradient(misfit: RateMisfit, x: FloatArray) -> FloatArray:
    """J'r, (unit, parameter)."""
    residuals, slopes = misfit.with_slopes(x)
    return np.einsum("ubp,ub->up", slopes, residuals)


def hessian(misfit: RateMisfit, x: FloatArray) -> FloatArray:
    """H by central differences of the exact gradient, all in one batch; symmetric."""
    moves = CURVATURE * np.eye(x.size)
    found = gradient(misfit, np.concatenate([x + moves, x - moves]))
    H = (found[: x.size] - found[x.size :]) / (2.0 * CURVATURE)
    return np.asarray(0.5 * (H + H.T))


def root(misfit: RateMisfit, x: FloatArray) -> FloatArray:
    """Newton's method on the gradient, towards a minimum, from a fit that is nearly there.

    Raises NumericsError where it does not settle, or a parameter is at its bound: no derivative exists there.
    """
    space = misfit.coordinates
    for _ in range(MOST):
        curvature, axes = np.linalg.eigh(hessian(misfit, x))
        least = FLAT * np.abs(curvature).max()  # uphill where the curvature is negative: a minimum is looked for
        move = -axes @ ((axes.T @ gradient(misfit, x[None])[0]) / np.maximum(np.abs(curvature), least))
        size = float(np.max(np.abs(move) / space.scale))
        x = x + move * min(1.0, 0.5 / max(size, 1e-300))
        if size < SETTLED:
            if np.all((space.low < x) & (x < space.high)) and curvature.min() > least:
                return x
            break
        if not np.isfinite(size):
            break
    raise NumericsError(
        f"populations.{misfit.unit.name}: the {misfit.unit.family} unit has no smooth best fit here (a parameter "
        "that the data do not fix, or at its bound); try fewer adaptation variables, or another family"
    )


def _targets(network: Network, found: Sensitivity, grid: Discretisation, jobs: Sequence[Job]) -> tuple[RateTarget, ...]:
    """The density's answers on the fixed cells."""
    (who,) = network.populations.values()
    operator = found.grid.operator(density_problem(who))
    density = Density(network, closure=found.closure, grids={who.name: replace(grid, operator=operator)})
    return tuple(target_of(density, who, job) for job in jobs)

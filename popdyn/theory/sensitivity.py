"""Derivatives of stationary rates and of linear responses with respect to every spiking parameter.

    F(x; p) = 0   =>   dx/dp = -F_x^-1 F_p,      x: fields and scalars of the moment hierarchy, its rate among them

F_x is the hierarchy's own complex-step Jacobian. F_p comes from differences of fourth order of the operator and of the
residual alone, at x as it is: no solve is differenced. Cells move with V_reset and the barrier (linearly in between),
so that V_reset and a hard threshold have derivatives like every other parameter.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from popdyn.errors import UsageError
from popdyn.kernels import hierarchy as kernel
from popdyn.kernels.closures import MEAN
from popdyn.kernels.operators import Hierarchy, Operator
from popdyn.neurons import MODELS
from popdyn.parameters import Parameter
from popdyn.spec.drive import MU, SIGMA
from popdyn.spec.network import Population
from popdyn.theory.hierarchy import THIN, StationaryState, linear_response, linearise, solve_linearised
from popdyn.theory.operator import make_operator
from popdyn.theory.problem import CLOSURES, DensityProblem, density_problem
from popdyn.theory.stationary import find_stationary

Array = NDArray[np.float64]
Complex = NDArray[np.complex128]

STEP = 3e-4  # of a parameter's scale
STENCIL = ((-2, 1.0 / 12.0), (-1, -2.0 / 3.0), (1, 2.0 / 3.0), (2, -1.0 / 12.0))
DRIVE = {"mu": MU["V/s"], "sigma": SIGMA["V/sqrt(s)"]}
VOLTAGE_SCALE = 10e-3  # [V]: potentials have no zero of their own
SCALES = {"a": 1e-9, "b": 10e-12, "t_ref": 1e-3, "I_e": 100e-12, "mu": 1.0}
"""Changes that matter of parameters that may be zero, SI."""


def parameters_of(population: Population) -> dict[str, Parameter]:
    """What the rate of a population may depend on: its neuron's parameters, and mu and sigma of its white noise."""
    model = MODELS[population.neuron.model]
    return {p.name: p for p in model.of_neuron(population.neuron.parameters)} | DRIVE


def value_of(population: Population, name: str) -> float:
    """The spec's value of a parameter, SI. Raises UsageError where the population has none of that name."""
    if name not in parameters_of(population):
        allowed = ", ".join(parameters_of(population))
        raise UsageError(f"populations.{population.name}: got parameter {name!r}; allowed: {allowed}")
    if name in DRIVE:
        return float(getattr(population.noise, name))
    return float(population.neuron.parameters[name])


def at_value(population: Population, name: str, value: float) -> Population:
    """The population with one parameter at another value, SI; everything else, sigma and jumps of V too, stays."""
    value_of(population, name)
    if name in DRIVE:
        return replace(population, noise=replace(population.noise, **{name: float(value)}))
    parameters = dict(population.neuron.parameters) | {name: float(value)}
    return replace(population, neuron=replace(population.neuron, parameters=parameters))


def scale_of(population: Population, name: str) -> float:
    """A change of the parameter that matters, SI: 10 mV for potentials, else its size or a usual one."""
    if parameters_of(population)[name].unit == "V" and name != "Delta_T":
        return VOLTAGE_SCALE
    return max(abs(value_of(population, name)), SCALES.get(name, 0.0))


@dataclass(frozen=True)
class FixedGrid:
    """A population's cells: `faces` (cell + 1,) [V] at its own parameters, and the reference of the operator.

    At other parameters the cells between V_reset and the barrier stretch with them, and those below shift.
    """

    faces: Array
    V_reset: float
    barrier: float
    u_ref: float
    D_ref: float

    @staticmethod
    def of(op: Operator, problem: DensityProblem, u_ref: float) -> FixedGrid:
        faces = np.append(op.centre - 0.5 * op.width, problem.barrier)
        return FixedGrid(faces, problem.V_reset, problem.barrier, u_ref, problem.D)

    def operator(self, problem: DensityProblem) -> Operator:
        stretch = (problem.barrier - problem.V_reset) / (self.barrier - self.V_reset)
        x = self.faces - self.V_reset
        faces = problem.V_reset + np.where(x > 0, stretch, 1.0) * x
        return make_operator(faces, problem.drift, problem.V_reset, self.u_ref, self.D_ref, problem.shunt)


@dataclass(frozen=True)
class Sensitivity:
    """A stationary state on a fixed grid with derivatives of its rate [1/s] by `names`, each per SI unit.

    scaled: derivative times the parameter's `scale_of`, in 1/s: what a change that matters does.
    """

    population: Population
    closure: str
    grid: FixedGrid
    state: StationaryState
    names: tuple[str, ...]
    gradient: Array  # (parameter,)
    fields: Array  # (parameter, cell, M + 1): dx/dp
    scalars: Array  # (parameter, scalar)

    @property
    def rate(self) -> float:
        return self.state.rate

    @property
    def scaled(self) -> Array:
        return self.gradient * np.array([scale_of(self.population, name) for name in self.names])

    def spread(self, sd: Mapping[str, float], correlations: Sequence[tuple[str, str, float]] = ()) -> float:
        """s.d. of the rate over neurons [1/s], to first order, of parameters with these s.d. (SI)."""
        unknown = sorted(set(sd) - set(self.names))
        if unknown:
            raise UsageError(f"spread: got {', '.join(unknown)}; allowed: {', '.join(self.names)}")
        moved = {name: float(self.gradient[self.names.index(name)]) * s for name, s in sd.items()}
        variance = sum(m**2 for m in moved.values())
        variance += sum(2.0 * c * moved[a] * moved[b] for a, b, c in correlations)
        return float(np.sqrt(max(variance, 0.0)))


def rate_sensitivity(
    population: Population, op: Operator, closure: str, names: Sequence[str] | None = None
) -> Sensitivity:
    """Stationary state of a homogeneous diffusion population on the cells of `op`, with its derivatives by `names`.

    names: default all of `parameters_of`. Within 2e-9 of differences of whole solves on the same cells (measured).
    Valid when: the state is a smooth root; the grid's error (8e-4 of the rate) is not part of the derivative.
    Example: d rate/d I_e = d rate/d mu / C_m.
    """
    wanted = tuple(parameters_of(population) if names is None else names)
    problem = density_problem(population)
    h = _hierarchy(population, problem, closure)
    first = find_stationary(op, h, problem.mu, problem.D)
    grid = FixedGrid.of(op, problem, problem.mu - float(first.scalars[kernel.W]) / h.C_m)
    op = grid.operator(problem)
    state = find_stationary(op, h, problem.mu, problem.D, first)
    lin = linearise(op, h, problem.mu, problem.D, state.fields, state.scalars)
    moves = []
    for name in wanted:
        r, r_s, mass = _by_parameter(population, grid, closure, state, name)
        r_s[kernel.R] = mass
        x, s = solve_linearised(lin, 0.0, h.t_ref, -r.ravel(), -r_s)
        moves.append((x.reshape(state.fields.shape), s))
    fields, scalars = np.array([x for x, _ in moves]), np.array([s for _, s in moves])
    return Sensitivity(population, closure, grid, state, wanted, scalars[:, kernel.R].copy(), fields, scalars)


def response_sensitivity(found: Sensitivity, frequencies: Array, target: str = "mu") -> Complex:
    """(parameter, frequency): derivatives of the linear response H [its SI unit], along the exact dx/dp.

    A difference of fourth order of H along (x + h dx/dp, p + h), states not solved again.
    """
    omega = 2 * np.pi * np.asarray(frequencies, dtype=float)
    rows = []
    for k, name in enumerate(found.names):
        step, row = STEP * scale_of(found.population, name), np.zeros(omega.size, dtype=complex)
        for times, weight in STENCIL:
            move = times * step
            problem, op, h = _at(found.population, found.grid, found.closure, name, move)
            fields, scalars = found.state.fields + move * found.fields[k], found.state.scalars + move * found.scalars[k]
            state = replace(found.state, mu=problem.mu, D=problem.D, fields=fields, scalars=scalars)
            row += weight / step * linear_response(op, h, state, omega, target)
        rows.append(row)
    return np.array(rows)


def identifiable(jacobian: Array) -> tuple[Array, Array]:
    """Singular values (falling) and directions (k, parameter) of what is seen (row, parameter), parameters scaled.

    A direction with a small singular value changes the spiking neuron and not what is seen of it.
    """
    _, values, directions = np.linalg.svd(np.atleast_2d(jacobian), full_matrices=True)
    padded = np.zeros(directions.shape[0])
    padded[: values.size] = values
    return padded, directions


def _at(
    population: Population, grid: FixedGrid, closure: str, name: str, move: float
) -> tuple[DensityProblem, Operator, Hierarchy]:
    problem = density_problem(at_value(population, name, value_of(population, name) + move))
    return problem, grid.operator(problem), _hierarchy(population, problem, closure)


def _hierarchy(population: Population, problem: DensityProblem, closure: str) -> Hierarchy:
    """Of the closure's order also where a = b = 0: their derivatives need the moments of w."""
    kind, order = CLOSURES[closure] if MODELS[population.neuron.model].adaptation else (MEAN, 0)
    return problem.hierarchy(closure)._replace(order=order, closure=kind)


def _by_parameter(
    population: Population, grid: FixedGrid, closure: str, state: StationaryState, name: str
) -> tuple[Array, Array, float]:
    """F_p: of the cells' equations (cell, M + 1), of the scalars', and of the mass P + t_ref R_0."""
    step = STEP * scale_of(population, name)
    r, r_s, mass = np.zeros(state.fields.shape), np.zeros(state.scalars.shape), 0.0
    for times, weight in STENCIL:
        problem, op, h = _at(population, grid, closure, name, times * step)
        now, now_s = _residual(op, h, problem.mu, problem.D, state)
        r, r_s = r + weight / step * now, r_s + weight / step * now_s
        mass += weight / step * h.t_ref * state.rate
    return r, r_s, mass


def _residual(op: Operator, h: Hierarchy, mu: float, D: float, state: StationaryState) -> tuple[Array, Array]:
    fields, s = state.fields, state.scalars.astype(np.complex128)
    q = np.zeros((fields.shape[0], h.order + 2), dtype=np.complex128)
    q[:, : h.order + 1] = fields
    late = np.append(s[kernel.R :], s[kernel.W])
    r, r_s = np.zeros(fields.shape, dtype=np.complex128), np.zeros(s.size, dtype=np.complex128)
    kernel.residual(op, h, complex(mu), complex(D), q, s, late, r, r_s, THIN)
    return r.real, r_s.real

"""The modes rung: a density projected onto the few continuous state variables that carry its dynamics."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from popdyn.errors import UsageError
from popdyn.rungs.alone_modes import AloneModes, Ran, read_populations
from popdyn.rungs.density import Density
from popdyn.rungs.march import step_drive
from popdyn.rungs.model_reader import Reader
from popdyn.rungs.modes_choice import DT, Choice, choose_modes, run_modes
from popdyn.rungs.modes_document import choice_document, choice_of
from popdyn.rungs.modes_steps import Steps, run_steps
from popdyn.rungs.modes_table import steps_of
from popdyn.rungs.modes_training import box_plan
from popdyn.spec.network import Network, Population, Protocol
from popdyn.theory.problem import CLOSURES, W_UNIT, input_statistics
from popdyn.theory.reduced import ReducedState, response, stationary

Array = NDArray[np.float64]

PATH = 12  # steps of the drive on the way to a stationary state
TOLERANCE = 0.005


class Modes(AloneModes):
    """Population equations in a few state variables, each population by itself.

        x' = (R_0 + u R_1 + D R_2 + s R_3) x + reinjected fluxes,   rate = (c_0 + u c_1 + D c_2) . x

    with u = mu - W/C_m and D = sigma^2/2: linear dynamics gated by the input (popdyn.kernels.modes has all of it).

    Parameters
    ----------
    network : what the modes belong to
    choices : reduced model of each population; `derive_modes` makes them
    closure : of the density that they are the modes of
    dt : step of the drive, and of implicit steps [s], a whole fraction of 1 ms
    implicit : take implicit steps, the density's own, even where tabulated propagators serve (popdyn.rungs.modes_table)

    Valid on the domain of mu and sigma that each was trained on; outside, a warning and a flagged result, or a refusal.
    """

    w_unit = W_UNIT

    def __init__(
        self, network: Network, choices: Mapping[str, Choice], closure: str, dt: float = DT, *, implicit: bool = False
    ) -> None:
        super().__init__(network, choices, closure, dt)
        self.choices, self.implicit = choices, implicit
        self._steps: dict[str, Steps | None] = {}

    def steps(self, name: str) -> Steps | None:
        """Propagators of a population, tabulated at the first call; None where implicit steps are taken."""
        if name not in self._steps:
            self._steps[name] = None if self.implicit else steps_of(self.choices[name], self.dt)
        return self._steps[name]

    def _run(self, name: str, population: Population, protocol: Protocol) -> Ran:
        choice, drive, steps = self.choices[name], step_drive(population, protocol, self.dt), self.steps(name)
        out, dt = None if steps is None else run_steps(steps, choice, drive), self.dt
        if out is None:
            out = run_modes(choice.reduced, choice.x, choice.W, drive, dt)
        elif steps is not None:
            dt = steps.dt
        return Ran(out, drive.mu, np.sqrt(2.0 * drive.D), dt)

    def _states(self, name: str) -> int:
        return self.choices[name].reduced.states

    def _rate(self, name: str) -> float:
        return self.state(name).rate

    def state(self, population: str, mu: float | None = None, sigma: float | None = None) -> ReducedState:
        """Stationary state at the spec's drive, or at mu [V/s] and sigma [V/sqrt(s)]."""
        base = input_statistics(self.network.populations[population])
        return stationary_at(
            self.choices[population], base[0] if mu is None else mu, base[1] if sigma is None else sigma
        )

    def linear_response(self, frequencies: Array, *, population: str, target: str = "mu") -> NDArray[np.complex128]:
        """d rate/d mu [1/V] or d rate/d D [s/V^2] at the stationary state; frequencies [1/s]."""
        if target not in ("mu", "D"):
            raise UsageError(f"target: got {target!r}; allowed: mu, D")
        self.check_population(population)
        lambdas = 2j * np.pi * np.asarray(frequencies, dtype=float)
        return response(self.choices[population].reduced.modes, self.state(population), lambdas)[int(target == "D")]

    def equations(self) -> str:
        """The equations of every population, what its modes are, their errors and their domain."""
        from popdyn.rungs.modes_text import modes_equations

        return "\n\n".join(modes_equations(name, choice, self.state(name)) for name, choice in self.choices.items())

    def to_dict(self) -> dict[str, Any]:
        """The model as model.json holds it."""
        populations = {name: choice_document(choice) for name, choice in self.choices.items()}
        return {**self.head(), "dt": self.dt, "populations": populations}

    @staticmethod
    def from_dict(document: Any, source: str = "") -> Modes:
        """The model of a document. Raises SpecError with all faults, `source` named."""
        top = Reader(document, "", [])
        dt = top.number("dt", above=0.0)
        return Modes(*read_populations(top, source, CLOSURES, choice_of), dt)


def derive_modes(density: Density, *, tolerance: float = TOLERANCE, seed: int = 0, modes: int | None = None) -> Modes:
    """Modes of every population of a density, over the domain that its grids serve.

    Parameters
    ----------
    tolerance : nrmse against the density that decides how many modes there are, on runs that they were not trained on
    seed : of the training inputs
    modes : how many, in place of the tolerance

    Raises NumericsError where no stable modes are found.
    """
    choices = {}
    for name, population in density.network.populations.items():
        op, h = density.grids[name].operator, density.problems[name].hierarchy(density.closure)
        domain, dt = density.domains[name], density.dt
        plan = box_plan(domain, dt, seed)
        choices[name] = choose_modes(
            op, h, population.initial, domain, plan, dt, tolerance=tolerance, seed=seed, modes=modes
        )
    return Modes(density.network, choices, density.closure, density.dt)


def stationary_at(choice: Choice, mu: float, sigma: float) -> ReducedState:
    """Stationary state at a drive, followed there from the middle of the domain."""
    d = choice.domain
    first = 0.5 * (d.mu_low + d.mu_high), 0.5 * (d.sigma_low + d.sigma_high)
    x, W = choice.rest
    for part in np.linspace(0.0, 1.0, PATH):
        at_mu, at_sigma = (a + part * (b - a) for a, b in zip(first, (mu, sigma), strict=True))
        found = stationary(choice.reduced.modes, at_mu, 0.5 * at_sigma**2, x, W)
        x, W = found.x, found.W
    return replace(found, w_mean=found.w_mean * W_UNIT)

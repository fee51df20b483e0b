"""The modes rung of escape-noise neurons: cohorts in the few continuous state variables that carry their dynamics."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from popdyn.errors import DomainError, UsageError
from popdyn.rungs.alone_modes import AloneModes, Ran, read_populations
from popdyn.rungs.cohort_density import CohortDensity
from popdyn.rungs.cohort_drive import mean_drive
from popdyn.rungs.gated_choice import GatedChoice, choose_gated, run_gated
from popdyn.rungs.gated_document import choice_document, choice_of
from popdyn.rungs.gated_training import Marching, filtered, reached
from popdyn.rungs.model_reader import Reader
from popdyn.spec.network import Network, Population, Protocol
from popdyn.stimuli import drive
from popdyn.theory.cohort_grid import CLOSURES
from popdyn.theory.discretisation import Domain
from popdyn.theory.gated import GatedRest, response, stationary

Array = NDArray[np.float64]

TOLERANCE = 0.005
FORM = "gated"


class CohortModes(AloneModes):
    """Population equations of escape-noise neurons in a few state variables, each population by itself.

        x' = (R_0 + g R_1 + g^2 R_2 + A R_3) x + E . psi,   A = (g c_0 + g^2 c_1) . x,   g ~ exp((h - theta)/Delta_V)

    with h the filtered drive and theta the mean threshold, both exact: linear dynamics gated by the hazard of a neuron
    that rested long (popdyn.kernels.gated has all of it).

    Parameters
    ----------
    network : what the modes belong to
    choices : reduced model of each population; `derive_cohort_modes` makes them
    closure : of the density that they are the modes of

    Valid at the spec's sigma on the domain of mu, as the membrane filters it, that each was trained on; outside, a
    warning and a flagged result, or a refusal.
    """

    def __init__(self, network: Network, choices: Mapping[str, GatedChoice], closure: str) -> None:
        super().__init__(network, choices, closure, next(iter(choices.values())).reduced.dt)
        self.choices = choices

    def _run(self, name: str, population: Population, protocol: Protocol) -> Ran:
        choice, p = self.choices[name], population.neuron.parameters
        mu, D = mean_drive(population, protocol, self.dt)
        h = filtered(mu, self.dt, p["C_m"] / p["g_L"])
        return Ran(run_gated(choice.reduced, choice.x, mu), h, np.sqrt(2.0 * D), self.dt)

    def _states(self, name: str) -> int:
        return self.choices[name].reduced.states

    def _rate(self, name: str) -> float:
        return self.state(name).rate

    def state(self, population: str, mu: float | None = None) -> GatedRest:
        """Stationary state at the spec's drive, or at mu [V/s]."""
        if mu is None:
            silent = Protocol("silent", 1.0, 0.0, 0)
            mu = float(drive(self.network.populations[population], silent, np.zeros(1))[0][0])
        return stationary(self.choices[population].reduced, mu)

    def linear_response(self, frequencies: Array, *, population: str, target: str = "mu") -> NDArray[np.complex128]:
        """d rate/d mu [1/V] at the stationary state; frequencies [1/s]. Raises DomainError for the target D."""
        if target == "D":
            raise DomainError("target: modes of escape-noise neurons hold at one sigma; allowed: mu, or --rung density")
        if target != "mu":
            raise UsageError(f"target: got {target!r}; allowed: mu")
        self.check_population(population)
        return response(self.choices[population].reduced, self.state(population), np.asarray(frequencies, dtype=float))

    def equations(self) -> str:
        """The equations of every population, what its modes are, their errors and their domain."""
        from popdyn.rungs.gated_text import gated_equations

        return "\n\n".join(gated_equations(name, choice, self.state(name)) for name, choice in self.choices.items())

    def to_dict(self) -> dict[str, Any]:
        """The model as model.json holds it."""
        populations = {name: choice_document(choice) for name, choice in self.choices.items()}
        return {**self.head(), "form": FORM, "populations": populations}

    @staticmethod
    def from_dict(document: Any, source: str = "") -> CohortModes:
        """The model of a document. Raises SpecError with all faults, `source` named."""
        top = Reader(document, "", [])
        top.constant("form", FORM)
        return CohortModes(*read_populations(top, source, CLOSURES, choice_of))


def derive_cohort_modes(
    density: CohortDensity, *, domains: Mapping[str, Domain] | None = None, tolerance: float = TOLERANCE,
    seed: int = 0, modes: int | None = None,
) -> CohortModes:  # fmt: skip
    """Modes of every population of a density of cohorts.

    Parameters
    ----------
    domains : range of the filtered mu of each population; default: what the protocols reach, and a little more
    tolerance : nrmse against the density that decides how many modes there are, on runs that they were not trained on
    seed : of the training inputs
    modes : how many, in place of the tolerance

    The modes start with all V at the initial mean, at most E_L: what its spread does is gone within a few tau_m.

    Raises DomainError for connections, Poisson input, spread adaptation and neurons that spikes leave as they are;
    NumericsError where no stable modes are found.
    """
    _check(density)
    network, choices = density.network, {}
    for name, problem in density.problems.items():
        domain = domains[name] if domains is not None else reached(network, name, problem)
        V = min(network.populations[name].initial.V_mean, problem.E_L)
        marching = Marching(problem, density.closure, density.dt, density.grid, V)
        choices[name] = choose_gated(marching, domain, tolerance=tolerance, seed=seed, modes=modes)
    return CohortModes(network, choices, density.closure)


def _check(density: CohortDensity) -> None:
    network = density.network
    if network.connections or density.finite:
        raise DomainError(
            "modes of escape-noise neurons: connections or finite size; allowed: populations without, N -> infinity; "
            "take --rung density"
        )
    for name, problem in density.problems.items():
        where = f"populations.{name}: modes of escape-noise neurons"
        if not problem.resets:
            raise DomainError(f"{where}: spikes leave its neurons as they are; its rate needs no modes: --rung density")
        if network.populations[name].poisson:
            raise DomainError(f"{where}: Poisson input; allowed: mu and sigma of white noise; take --rung density")
        if problem.frozen.get("adaptation", 0.0) > 0.0:
            raise DomainError(
                f"{where}: spread of adaptation_scale, whose mean jump is not that of a spike; allowed: spread of "
                "thresholds, drives and resets; take --rung density"
            )

"""The modes rung of whatever density a network has, and its part of a conversion."""

from __future__ import annotations

import time
from typing import Any

from popdyn.errors import UsageError
from popdyn.fitting import density_over_domain
from popdyn.rungs.choose import density_rung, has_escape_noise, is_coupled, is_mixed
from popdyn.rungs.cohort_density import CohortDensity
from popdyn.rungs.cohort_modes import CohortModes, derive_cohort_modes
from popdyn.rungs.coupled import CoupledDensity
from popdyn.rungs.coupled_modes import CoupledModes, derive_coupled_modes
from popdyn.rungs.density import Density
from popdyn.rungs.modes import Modes, derive_modes
from popdyn.rungs.modes_measured import Measured
from popdyn.spec import Network
from popdyn.types import Progress
from popdyn.workflows.conversion import Conversion
from popdyn.workflows.progress import within

AnyModes = Modes | CoupledModes | CohortModes
REFUSED = "--{option}: {why}; use {fix}"


def no_modes(network: Network) -> str:
    """Why a network has no modes; empty where it has."""
    if is_mixed(network):
        return "modes are of populations of one kind; some populations have escape noise and others have not"
    if has_escape_noise(network) and (network.connections or any_poisson(network)):
        return "modes of populations with escape noise are of populations that stand alone"
    for i, connection in enumerate(network.connections):
        if connection.synapse.kind == "conductance":
            return f"conductances have no modes; connections[{i}] is one"
    return ""


def any_poisson(network: Network) -> bool:
    """Whether Poisson sources drive a population."""
    return any(population.poisson for population in network.populations.values())


def modes_of(density: Any, *, seed: int = 0, progress: Progress | None = None) -> AnyModes:
    """Modes of a density: of populations that stand alone over its domains, of a network along its own drives."""
    if isinstance(density, CoupledDensity):
        return derive_coupled_modes(density, seed=seed, progress=progress)
    if isinstance(density, CohortDensity):
        return derive_cohort_modes(density, seed=seed)
    if isinstance(density, Density):
        return derive_modes(density, seed=seed)
    why = "populations of both kinds of neurons, or spread in what needs nodes of cohorts, have no modes"
    raise UsageError(REFUSED.format(option="rung modes", why=why, fix="--rung density"))


def modes_rung(network: Network, closure: str, progress: Progress | None) -> AnyModes:
    """Modes of a spec."""
    if why := no_modes(network):
        raise UsageError(REFUSED.format(option="rung modes", why=why, fix="--rung density"))
    if has_escape_noise(network):
        return modes_of(density_rung(network), progress=progress)
    if is_coupled(network):
        return modes_of(CoupledDensity(network, closure=closure, progress=progress), progress=progress)
    return modes_of(density_over_domain(network, closure))


def _missed(modes: AnyModes) -> list[str]:
    """What to say of modes that did not reach what was asked of them."""
    named: list[tuple[str, Measured]]
    if isinstance(modes, CoupledModes):
        nodes = modes.derivation.problem.nodes
        named = [(nodes[g.members[0]].population, c) for g, c in zip(modes.groups, modes.choices, strict=True)]
    else:
        named = [*modes.measured.items()]
    return [
        f"population {name}: the modes are {100 * choice.error:.2g} % from the density on inputs that they were not "
        f"trained on, more than the {100 * choice.tolerance:g} % that decides how many there are; a narrower domain "
        "needs fewer"
        for name, choice in named if not choice.reached
    ]  # fmt: skip


def add_modes(work: Conversion, say: Progress) -> None:
    """Derives the modes of the conversion's density and runs them under its protocol."""
    say(0.35, "projecting the density on its modes")
    began = time.process_time()
    work.modes = modes_of(work.density, progress=within(say, 0.35, 0.4))
    work.results["modes"] = work.modes.simulate(work.protocol)
    work.warnings += _missed(work.modes)
    work.cost("modes: training, order, held-out inputs", time.process_time() - began)

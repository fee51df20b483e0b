"""The modes rung of whatever density a network has, and its part of a conversion."""

from __future__ import annotations

import time
from typing import Any

from popdyn.errors import NumericsError, UsageError
from popdyn.rungs.coupled import CoupledDensity
from popdyn.rungs.coupled_modes import CoupledModes, derive_coupled_modes
from popdyn.rungs.density import Density
from popdyn.rungs.modes import Modes, derive_modes
from popdyn.spec import Network
from popdyn.types import Progress
from popdyn.workflows.conversion import Conversion
from popdyn.workflows.progress import within

AnyModes = Modes | CoupledModes
REFUSED = "--{option}: modes are derived from the densities of diffusion; {why}; use {fix}"


def no_modes(network: Network) -> str:
    """Why a network has no modes; empty where it has."""
    from popdyn.neurons import MODELS

    for name, population in network.populations.items():
        if MODELS[population.neuron.model].escape:
            return f"populations.{name} (model {population.neuron.model}) has escape noise"
    for i, connection in enumerate(network.connections):
        if connection.synapse.kind == "conductance":
            return f"connections[{i}] is a conductance"
    return ""


def modes_of(density: Any, *, seed: int = 0, progress: Progress | None = None) -> AnyModes:
    """Modes of a density: of populations that stand alone over its domains, of a network along its own drives."""
    if isinstance(density, CoupledDensity):
        return derive_coupled_modes(density, seed=seed, progress=progress)
    if isinstance(density, Density):
        return derive_modes(density, seed=seed)
    raise UsageError(REFUSED.format(option="rung modes", why="this density has none", fix="--rung density"))


def modes_rung(network: Network, closure: str, progress: Progress | None) -> AnyModes:
    """Modes of a spec."""
    from popdyn.fitting import density_over_domain
    from popdyn.rungs.choose import is_coupled

    if why := no_modes(network):
        raise UsageError(REFUSED.format(option="rung modes", why=why, fix="--rung density"))
    if is_coupled(network):
        return modes_of(CoupledDensity(network, closure=closure, progress=progress), progress=progress)
    return modes_of(density_over_domain(network, closure))


def add_modes(work: Conversion, say: Progress) -> None:
    """Derives the modes of the conversion's density and runs them under its protocol."""
    say(0.35, "projecting the density on its modes")
    began = time.process_time()
    try:
        work.modes = modes_of(work.density, progress=within(say, 0.35, 0.4))
        work.results["modes"] = work.modes.simulate(work.protocol)
    except (NumericsError, UsageError) as error:
        if work.target == "modes":
            raise
        work.warnings.append(f"no modes were derived: {error}")
    work.cost("modes: training, order, held-out inputs", time.process_time() - began)

"""The unit rung of whatever network a spec has: what its populations or nodes make possible, and refusals by name."""

from __future__ import annotations

from popdyn.errors import UsageError
from popdyn.neurons import MODELS
from popdyn.rungs.choose import is_mixed
from popdyn.rungs.coupled_units import CoupledUnits
from popdyn.rungs.unit import CascadeUnit
from popdyn.spec import Network
from popdyn.types import Progress

UNIT_REFUSED = (
    "--{option}: rate units are of populations that stand alone, and of networks of lif, eif and adex neurons with "
    "current synapses; {why}; use {fix}"
)


def no_unit(network: Network) -> str:
    """Why no unit can be fitted to each population of a network by itself; empty where one can."""
    if is_mixed(network):
        return "some populations have escape noise and others have not"
    why = not_alone(network)
    if why:
        return why
    for name, population in network.populations.items():
        if population.spread and population.poisson:
            return f"populations.{name} differs in {', '.join(population.spread)} and hears Poisson sources"
    return ""


def not_alone(network: Network) -> str:
    """What drives a population beside white noise, and so keeps a rate unit from being fitted; empty where nothing."""
    if network.connections:
        one = network.connections[0]
        return f"{one.pre} connects to {one.post} (connections[0])"
    for name, population in network.populations.items():
        if any(drive.synapse is not None for drive in population.poisson):
            return f"populations.{name}.poisson acts through a synapse"
    for name, protocol in network.protocols.items():
        if any(stimulus.target == "nu" for stimulus in protocol.stimuli):
            return f"protocols.{name} moves the rate of Poisson sources"
    return ""


def no_node_units(network: Network) -> str:
    """Why no units can be fitted to the nodes of a network of densities; empty where they can."""
    for name, population in network.populations.items():
        if MODELS[population.neuron.model].escape:
            return f"populations.{name} has escape noise"
        for drive in population.poisson:
            if drive.synapse is not None and drive.synapse.kind == "conductance":
                return f"populations.{name}.poisson acts through a conductance"
    for k, connection in enumerate(network.connections):
        if connection.synapse.kind == "conductance":
            return f"{connection.pre} connects to {connection.post} through a conductance (connections[{k}])"
    return ""


def no_units(network: Network) -> str:
    """Why a network has neither units of populations nor of nodes; empty where it has."""
    return no_unit(network) and no_node_units(network)


def has_node_units(network: Network) -> bool:
    """Whether the units of a network are those of its nodes: where populations by themselves have none."""
    return bool(no_unit(network)) and not no_node_units(network)


def unit_rung(network: Network, closure: str, progress: Progress | None) -> CascadeUnit | CoupledUnits:
    """Units of a spec, fitted to its density; `closure`: of the nodes of networks."""
    if why := no_units(network):
        raise UsageError(UNIT_REFUSED.format(option="rung", why=why, fix="--rung density"))
    if not has_node_units(network):
        return _of_populations(network)
    from popdyn.fitting.network_units import fit_coupled_units
    from popdyn.rungs.coupled import CoupledDensity

    return fit_coupled_units(CoupledDensity(network, closure=closure), progress=progress)


def _of_populations(network: Network) -> CascadeUnit:
    """One unit per population, fitted to the density rung."""
    from popdyn.fitting import fit_cascade
    from popdyn.rungs.choose import density_rung
    from popdyn.rungs.density import Density
    from popdyn.rungs.unit import join

    plain = not any(p.spread or MODELS[p.neuron.model].escape for p in network.populations.values())
    density = Density(network) if plain else density_rung(network)
    return join([fit_cascade(density, name).unit for name in network.populations])

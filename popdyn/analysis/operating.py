"""What an analysis is given, taken to the state it is about: spec or problem -> nodes linearised at a working point."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from popdyn.analysis.deflation import newton, path_roots
from popdyn.analysis.escape import escape_responses
from popdyn.errors import Fault, SpecError
from popdyn.rungs.derivation import derive
from popdyn.rungs.population_nodes import population_nodes
from popdyn.spec.network import Network
from popdyn.theory.network_problem import NetworkNode, NetworkProblem, network_problem
from popdyn.theory.network_response import LinearNetwork, linear_network
from popdyn.theory.problem import DEFAULT_CLOSURE
from popdyn.theory.self_consistent import RateMap
from popdyn.theory.working_point import working_point

Array = NDArray[np.float64]
Given = Network | NetworkProblem | LinearNetwork

TOLERANCE = 0.02  # of a rate, for nodes and finite jumps


def as_problem(network: Network | NetworkProblem) -> NetworkProblem:
    """The problem itself, or that of a spec: heterogeneous populations and quenched input as nodes."""
    if isinstance(network, NetworkProblem):
        refuse_what_is_not_derived(network.network)
        return network
    refuse_what_is_not_derived(network)
    plain = network_problem(network)
    point = working_point(plain, start=from_silence(plain))
    return network_problem(network, population_nodes(plain, point, TOLERANCE).nodes)


def linearised(
    network: Given,
    *,
    rates: Array | None = None,
    closure: str | None = None,
    jumps: bool | None = True,
    regular: bool = True,
) -> LinearNetwork:
    """The network linearised at the self-consistent state near `rates` (population,), or reached from silence.

    The state is that of the density rung: its rates are those of the closure. `jumps`: delta synapses of neurons
    without adaptation act by finite jumps always (True), never (False), or where diffusion costs too much of the rate
    (None): responses feel them more than rates do. `regular`: the noise of recurrent input is that of renewal trains
    (popdyn.theory.train_noise), not Poisson.
    """
    if isinstance(network, LinearNetwork):
        return network
    closure = closure or DEFAULT_CLOSURE
    spec = network if isinstance(network, Network) else network.network
    refuse_what_is_not_derived(spec)
    nodes = None if isinstance(network, Network) else _by_population(network)
    start = rates if rates is not None else from_silence(network_problem(spec))
    derived = derive(spec, nodes, closure=closure, tolerance=TOLERANCE, jumps=jumps, start=start, regular=regular)
    grids, escaping = dict(enumerate(derived.grids)), escape_responses(derived)
    return linear_network(derived.problem, derived.point, closure, grids, escaping=escaping)


def _by_population(problem: NetworkProblem) -> dict[str, tuple[NetworkNode, ...]]:
    return {name: tuple(n for n in problem.nodes if n.population == name) for name in problem.names}


def refuse_what_is_not_derived(network: Network) -> None:
    """SpecError where a synapse is a conductance: maps and responses here know a diffusion that depends on V not."""
    places = [(f"connections[{k}].synapse", c.synapse.kind) for k, c in enumerate(network.connections)]
    for name, population in network.populations.items():
        places += [
            (f"populations.{name}.poisson[{k}].synapse", s.synapse.kind)
            for k, s in enumerate(population.poisson)
            if s.synapse is not None
        ]
    faults = [
        Fault(path, '"conductance" in an analysis', "synapses whose J is a charge", "simulate the density rung instead")
        for path, kind in places
        if kind == "conductance"
    ]
    if faults:
        raise SpecError(faults)


def from_silence(problem: NetworkProblem) -> Array | None:
    """Rates of the first state on the path x = s F(x) from small s: the lowest that the network reaches.

    None where the path meets no state.
    """
    F = RateMap(problem)
    for x in path_roots(F, F.bounds):
        root = newton(F, x, [], F.bounds)
        if root is not None:
            return F.unpack(root.x)[0]
    return None

"""A resolved network as a plain dict, and its hash. SI numbers, the shape of the spec with every key present."""

from __future__ import annotations

import hashlib
import math
from dataclasses import replace
from typing import Any

from popdyn.distributions import Distribution
from popdyn.neurons import MODELS
from popdyn.neurons.traces import listed
from popdyn.spec.connection import RULES
from popdyn.spec.edges import pack
from popdyn.spec.network import Connection, Network, PoissonDrive, Population, Protocol, Synapse
from popdyn.spec.synapse import SYNAPSES


def to_dict(network: Network, *, arrays: bool = True) -> dict[str, Any]:
    """The resolved document: JSON-able, SI, `resolved = true`; `load` reads it back to an equal network.

    `arrays` False: edge tables are only named by their hash; that names a network and cannot be loaded.
    """
    return {
        "schema": network.schema,
        "resolved": True,
        "name": network.name,
        "populations": {name: _population(p) for name, p in network.populations.items()},
        **({"connections": [_connection(c, arrays) for c in network.connections]} if network.connections else {}),
        "protocols": {name: _protocol(p) for name, p in network.protocols.items()},
    }


def _population(population: Population) -> dict[str, Any]:
    start, model = population.initial, MODELS[population.neuron.model]
    initial = {"V": {"normal": [start.V_mean, start.V_std]}}
    if model.adaptation:
        initial["w"] = {"normal": [start.w_mean, start.w_std]}
    spread = {name: _distribution(d) for name, d in population.spread.items()}
    drive = {"mu": population.noise.mu, "sigma": population.noise.sigma}
    parameters = population.neuron.parameters
    correlations = [{"between": [a, b], "coefficient": c} for a, b, c in population.correlations]
    return {
        "size": population.size,
        "neuron": {
            "model": population.neuron.model,
            **listed(model.traces, {k: spread.get(k, v) for k, v in parameters.items()}),
        },
        "noise": {key: spread.get(key, value) for key, value in drive.items()},
        "poisson": [{"K": d.K, "nu": d.nu, **_synapse(d)} for d in population.poisson],
        **({"correlations": correlations} if correlations else {}),
        "initial": initial,
    }


def _distribution(found: Distribution) -> dict[str, Any]:
    cuts = {"low": found.low, "high": found.high}
    return {found.family: list(found.parameters), **{key: cut for key, cut in cuts.items() if math.isfinite(cut)}}


def _synapse(drive: PoissonDrive) -> dict[str, Any]:
    return {"J": drive.J} if drive.synapse is None else _of_synapse(drive.synapse)


def _of_synapse(synapse: Synapse) -> dict[str, Any]:
    return {
        "synapse": synapse.kind,
        "J": synapse.J if synapse.weight is None else _distribution(synapse.weight),
        **{p.name: getattr(synapse, p.name) for p in SYNAPSES[synapse.kind].parameters},
    }


def _connection(connection: Connection, arrays: bool) -> dict[str, Any]:
    key, synapse, edges = RULES[connection.rule].key, connection.synapse, connection.edges
    document = {
        "pre": connection.pre,
        "post": connection.post,
        "rule": connection.rule,
        **({key: getattr(connection, key)} if key and edges is None else {}),
        **({} if connection.multapses else {"multapses": False}),
        **({} if connection.autapses else {"autapses": False}),
        **_of_synapse(synapse),
        "delay": synapse.delay if synapse.delays is None else _distribution(synapse.delays),
    }
    if edges is not None:
        del document["J"], document["delay"]
        document["edges"] = pack(edges, arrays=arrays)
    return document


def _protocol(protocol: Protocol) -> dict[str, Any]:
    return {
        "duration": protocol.duration,
        "transient": protocol.transient,
        "seed": protocol.seed,
        "stimulus": [
            {
                "population": s.population,
                "target": s.target,
                "kind": s.kind,
                **{key: list(v) if isinstance(v, tuple) else v for key, v in s.parameters.items()},
            }
            for s in protocol.stimuli
        ],
    }


def spec_hash(network: Network) -> str:
    """SHA-256 (hex) of the canonical JSON (RFC 8785) of all of it but the name."""
    import rfc8785

    document = to_dict(network, arrays=False)
    hashed = ("schema", "populations", "connections", "protocols")
    canonical = rfc8785.dumps({key: document[key] for key in hashed if key in document})
    return hashlib.sha256(canonical).hexdigest()


def under_protocol(network: Network, protocol: Protocol) -> Network:
    """The network with one protocol alone: what a result is of, whatever else the spec holds."""
    alone = replace(network, protocols={protocol.name: protocol}, spec_hash="")
    return replace(alone, spec_hash=spec_hash(alone))

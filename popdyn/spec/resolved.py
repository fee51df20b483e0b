"""A resolved network as a plain dict, and its hash. SI numbers, the shape of the spec with every key present."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import Any

from popdyn.neurons import MODELS
from popdyn.spec.network import Network, Population, Protocol


def to_dict(network: Network) -> dict[str, Any]:
    """The resolved document: JSON-able, SI, `resolved = true`; `load` reads it back to an equal network."""
    return {
        "schema": network.schema,
        "resolved": True,
        "name": network.name,
        "populations": {name: _population(p) for name, p in network.populations.items()},
        "protocols": {name: _protocol(p) for name, p in network.protocols.items()},
    }


def _population(population: Population) -> dict[str, Any]:
    start = population.initial
    initial = {"V": {"normal": [start.V_mean, start.V_std]}}
    if MODELS[population.neuron.model].adaptation:
        initial["w"] = {"normal": [start.w_mean, start.w_std]}
    return {
        "size": population.size,
        "neuron": {"model": population.neuron.model, **population.neuron.parameters},
        "noise": {"mu": population.noise.mu, "sigma": population.noise.sigma},
        "poisson": [{"K": d.K, "nu": d.nu, "J": d.J} for d in population.poisson],
        "initial": initial,
    }


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
    """SHA-256 (hex) of the canonical JSON (RFC 8785) of schema, populations and protocols; the name is not in it."""
    import rfc8785

    document = to_dict(network)
    canonical = rfc8785.dumps({key: document[key] for key in ("schema", "populations", "protocols")})
    return hashlib.sha256(canonical).hexdigest()


def under_protocol(network: Network, protocol: Protocol) -> Network:
    """The network with one protocol alone: what a result is of, whatever else the spec holds."""
    alone = replace(network, protocols={protocol.name: protocol}, spec_hash="")
    return replace(alone, spec_hash=spec_hash(alone))

"""What a user writes: load a spec, resolve it to SI floats with every default filled in, name it by a hash."""

from popdyn.spec.network import (
    Connection,
    Edges,
    Initial,
    Network,
    Neuron,
    PoissonDrive,
    Population,
    Protocol,
    Stimulus,
    Synapse,
    WhiteNoise,
)
from popdyn.spec.resolve import from_dict, load
from popdyn.spec.resolved import spec_hash, to_dict, under_protocol
from popdyn.spec.schema import json_schema

__all__ = [
    "Connection",
    "Edges",
    "Initial",
    "Network",
    "Neuron",
    "PoissonDrive",
    "Population",
    "Protocol",
    "Stimulus",
    "Synapse",
    "WhiteNoise",
    "from_dict",
    "json_schema",
    "load",
    "spec_hash",
    "to_dict",
    "under_protocol",
]

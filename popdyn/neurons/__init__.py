"""Neuron models: one file each, registered here."""

from popdyn.neurons import adex, eif, gif, lif, poisson
from popdyn.neurons.base import Brian2Text, NeuronModel
from popdyn.neurons.traces import TraceKind
from popdyn.parameters import Constraint, Parameter

MODELS: dict[str, NeuronModel] = {
    "lif": lif.MODEL,
    "eif": eif.MODEL,
    "adex": adex.MODEL,
    "gif": gif.MODEL,
    "poisson": poisson.MODEL,
}

__all__ = ["MODELS", "Brian2Text", "Constraint", "NeuronModel", "Parameter", "TraceKind"]

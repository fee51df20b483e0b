"""Neuron models: one file each, registered here."""

from popdyn.neurons import adex, eif, lif
from popdyn.neurons.base import Brian2Text, NeuronModel
from popdyn.parameters import Constraint, Parameter

MODELS: dict[str, NeuronModel] = {
    "lif": lif.MODEL,
    "eif": eif.MODEL,
    "adex": adex.MODEL,
}

__all__ = ["MODELS", "Brian2Text", "Constraint", "NeuronModel", "Parameter"]

"""popdyn: spiking networks in, population rate equations with measured errors out."""

__version__ = "0.1.0"

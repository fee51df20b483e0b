"""Spectrum of the spikes of one neuron: what a population of N independent ones fluctuates with, over N.

    S(f) = r (1 + 2 Re M(2 pi i f)),      M(lambda) = int_0^inf exp(-lambda t) m(t) dt

m(t) is the rate at t after a spike. Renewal trains have M = rho / (1 - rho), rho the transform of the interval, and

    S(f) = r (1 - |rho|^2) / |1 - rho|^2.                                             Cox and Lewis 1966

S is two-sided [1/s], S -> r at high frequency, S(0)/r = CV^2 for renewal trains.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import ArrayLike, NDArray

from popdyn.kernels.operators import Hierarchy, Operator
from popdyn.neurons import NeuronModel
from popdyn.theory.hierarchy import StationaryState, after_spike
from popdyn.theory.threshold_integration import interval_transform, threshold_state

FloatArray = NDArray[np.float64]
LOWEST = 1e-3  # [1/s] stands for frequency 0, where M has a pole that is purely imaginary on the axis


def renewal_spectrum(
    neuron_parameters: Mapping[str, float], model: str | NeuronModel, mu: float, sigma: float, frequencies: ArrayLike
) -> FloatArray:
    """Two-sided spike-train spectrum (frequency,) [1/s] without adaptation (a, b ignored), by threshold integration.

    Drive mu [V/s], sigma [V/sqrt(s)]; frequencies [1/s]. Example: S(0)/r of a Poisson process is 1.
    """
    f = np.maximum(np.abs(np.atleast_1d(np.asarray(frequencies, dtype=np.float64))), LOWEST)
    rate = threshold_state(neuron_parameters, model, mu, sigma).rate
    rho = interval_transform(neuron_parameters, model, mu, sigma, f)
    return np.asarray(rate * (1.0 - np.abs(rho) ** 2) / np.abs(1.0 - rho) ** 2)


def spike_spectrum(op: Operator, h: Hierarchy, state: StationaryState, frequencies: ArrayLike) -> FloatArray:
    """Two-sided spike-train spectrum (frequency,) [1/s] of a neuron of the population, by its own hierarchy.

    Without adaptation it is the renewal spectrum. With adaptation intervals are correlated through w; m(t) then is the
    linearised hierarchy's answer to one neuron more that has just fired, as exact as the closure is.
    """
    f = np.maximum(np.abs(np.atleast_1d(np.asarray(frequencies, dtype=np.float64))), LOWEST)
    return np.asarray(state.rate * (1.0 + 2.0 * after_spike(op, h, state, 2j * np.pi * f).real))

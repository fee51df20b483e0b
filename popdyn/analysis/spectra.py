"""Power and cross spectra of the activity of finite populations around a stable stationary state.

    C(f) = (1 - P)^-1 diag(S_a / N_a) (1 - P)^-dagger,      P = P(2 pi i f)

S_a(f) is the spectrum of one neuron's spikes, averaged over the nodes of population a: what the activity A_a = spikes /
(N_a dt) would have over N_a if inputs did not fluctuate. C[a, b](f) = int <A_a(t + s) A_b(t)> exp(-2 pi i f s) ds, the
mean taken off, two-sided, [1/s]; C[a, a] -> r_a / N_a at high frequency.
Source: Brunel and Hakim 1999; Lindner, Doiron and Longtin 2005, Phys Rev E 72:061919; Bos, Diesmann and Helias 2016,
PLoS Comput Biol 12:e1005132.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from popdyn.analysis.operating import Given, linearised
from popdyn.analysis.stability import Stability, stability
from popdyn.errors import DomainError
from popdyn.theory.network_response import LinearNetwork

Array = NDArray[np.float64]
Complex = NDArray[np.complex128]

FREQUENCIES = np.concatenate([np.linspace(1.0, 100.0, 100), np.geomspace(101.0, 1000.0, 120)])
"""[1/s] where spectra are taken unless told."""


@dataclass(frozen=True)
class Peak:
    """A local maximum of a population's power spectrum: frequency [1/s], power [1/s], and power over r_a / N_a."""

    population: str
    frequency: float
    power: float
    relative: float


@dataclass(frozen=True)
class Spectra:
    """cross (frequency, post, pre) [1/s]; `alone` (frequency, population): S_a/N_a, without the network's feedback."""

    names: tuple[str, ...]
    frequencies: Array
    cross: Complex
    alone: Array
    rates: Array
    sizes: Array

    @property
    def power(self) -> Array:
        """(frequency, population) [1/s]."""
        return np.asarray(np.diagonal(self.cross, axis1=1, axis2=2).real)

    @property
    def coherence(self) -> Array:
        """(frequency, population, population): |C_ab|^2 / (C_aa C_bb)."""
        power = self.power
        return np.asarray(np.abs(self.cross) ** 2 / (power[:, :, None] * power[:, None, :]))

    @property
    def peaks(self) -> tuple[Peak, ...]:
        """Local maxima of every population's power at least a tenth above the minima on both sides."""
        found = []
        for a, name in enumerate(self.names):
            for k in _maxima(self.power[:, a]):
                f, p = _vertex(self.frequencies[k - 1 : k + 2], self.power[k - 1 : k + 2, a])
                found.append(Peak(name, f, p, p * float(self.sizes[a] / self.rates[a])))
        return tuple(found)


def spectra(
    network: Given, frequencies: ArrayLike = FREQUENCIES, *, rates: Array | None = None, closure: str | None = None,
    checked: Stability | None = None,
) -> Spectra:  # fmt: skip
    """Spectra of the populations' activity at finite N.

    Parameters
    ----------
    network : spec, NetworkProblem or LinearNetwork
    frequencies : (frequency,) [1/s], increasing
    rates : (population,) [1/s] near the stationary state that is meant; default: the one reached from silence
    checked : its stability where it is known already

    Raises
    ------
    DomainError : the state is unstable or its stability undecided: nothing fluctuates around it

    Valid when
    ----------
    fluctuations are small enough for a linear answer (popdyn.analysis.validity names the populations where not);
    inputs that neurons share enter through P only, private ones through the Poisson variance in D.
    """
    linear = linearised(network, rates=rates, closure=closure)
    found = checked or stability(linear)
    if not found.stable:
        raise DomainError(f"no spectra: the stationary state is {found.words}; simulate the density instead")
    f = np.atleast_1d(np.asarray(frequencies, dtype=float))
    return fluctuations(linear, f)


def fluctuations(linear: LinearNetwork, frequencies: Array) -> Spectra:
    """`spectra` of a state that is known to be stable."""
    alone = linear.noise(frequencies) / linear.sizes
    one = np.eye(len(linear.names))
    through = np.linalg.inv(one - linear.gain(2j * np.pi * frequencies))
    cross = np.einsum("fac,fc,fbc->fab", through, alone, through.conj())
    return Spectra(tuple(linear.names), frequencies, cross, alone, linear.point.rates, linear.sizes)


def _maxima(power: Array) -> list[int]:
    """Inner local maxima that stand a tenth above the lowest values between them and any higher point."""
    kept = []
    for k in range(1, power.size - 1):
        if power[k] < power[k - 1] or power[k] <= power[k + 1]:
            continue
        higher = np.flatnonzero(power > power[k])
        left, right = higher[higher < k], higher[higher > k]
        valleys = [
            power[(left[-1] if left.size else 0) : k].min(),
            power[k : (right[0] + 1 if right.size else None)].min(),
        ]
        if power[k] > 1.1 * max(valleys):
            kept.append(k)
    return kept


def _vertex(f: Array, power: Array) -> tuple[float, float]:
    """Top of the parabola through three points."""
    a, b, c = np.polyfit(f - f[1], power, 2)
    top = -b / (2.0 * a)
    return float(f[1] + top), float(np.polyval((a, b, c), top))

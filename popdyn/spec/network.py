"""The resolved spec: frozen dataclasses of SI floats, every default filled in. What all other layers read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Neuron:
    """Model name (a key of popdyn.neurons.MODELS) and all of its parameters, SI."""

    model: str
    parameters: Mapping[str, float]


@dataclass(frozen=True)
class WhiteNoise:
    """dV = (... + mu) dt + sigma dW; mu [V/s], sigma [V/sqrt(s)]."""

    mu: float = 0.0
    sigma: float = 0.0


@dataclass(frozen=True)
class PoissonDrive:
    """K independent Poisson sources of rate nu [1/s] per neuron, each spike a jump J [V] of V."""

    K: int
    nu: float
    J: float


@dataclass(frozen=True)
class Initial:
    """Start of every run (at t = -transient): V normal(V_mean, V_std) [V], clipped below the barrier; w normal [A]."""

    V_mean: float
    V_std: float
    w_mean: float = 0.0
    w_std: float = 0.0


@dataclass(frozen=True)
class Population:
    """`size` independent neurons of one kind with their external drive."""

    name: str
    size: int
    neuron: Neuron
    noise: WhiteNoise
    poisson: tuple[PoissonDrive, ...]
    initial: Initial


@dataclass(frozen=True)
class Stimulus:
    """A waveform added to `target` ("mu" [V/s] or "sigma" [V/sqrt(s)]) of a population; parameters SI.

    kind and parameters: step(at, amplitude, until) ramp(at, until, amplitude) pulse(at, width, amplitude)
    sine(at, until, frequency, amplitude, phase) chirp(at, until, f_start, f_stop, amplitude)
    ou(std, tau) csv(times, values: tuples, read at load).
    """

    population: str
    target: str
    kind: str
    parameters: Mapping[str, Any]


@dataclass(frozen=True)
class Protocol:
    """Time runs from -transient to duration [s]; t < 0 is not scored. `seed` draws its random waveforms."""

    name: str
    duration: float
    transient: float
    seed: int
    stimuli: tuple[Stimulus, ...] = ()


@dataclass(frozen=True)
class Network:
    """A resolved spec. `spec_hash` is the SHA-256 of its canonical JSON (populations and protocols)."""

    name: str
    populations: Mapping[str, Population]
    protocols: Mapping[str, Protocol]
    schema: int = 1
    spec_hash: str = field(default="", compare=False)

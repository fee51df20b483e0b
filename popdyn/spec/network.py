"""The resolved spec: frozen dataclasses of SI floats, every default filled in. What all other layers read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from popdyn.distributions import Distribution
from popdyn.errors import UsageError


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
class Synapse:
    """What one presynaptic spike does, by NEST's words; parameters of a kind not in use are zero.

    kind: delta (V jumps by J) | exponential, alpha (current of charge C_m J, time constant tau_syn)
    | conductance (exponential conductance of peak J [S], reversal potential E_rev)
    | saturating (exponential current with gate s' = -s/tau_syn, s += alpha (1 - s) at a spike; J is the charge at s = 1
    per time tau_syn) | tsodyks_markram (exponential current, utilisation U, tau_rec, tau_fac; J at full resources).
    J, delay: means; `weight`, `delays`: their distributions, None where all synapses are equal.
    """

    kind: str
    J: float
    tau_syn: float = 0.0
    delay: float = 0.0
    E_rev: float = 0.0
    alpha: float = 0.0
    U: float = 0.0
    tau_rec: float = 0.0
    tau_fac: float = 0.0
    weight: Distribution | None = None
    delays: Distribution | None = None


@dataclass(frozen=True)
class PoissonDrive:
    """K independent Poisson sources of rate nu [1/s] per neuron, each spike a jump J [V] of V (or another synapse)."""

    K: int
    nu: float
    J: float
    synapse: Synapse | None = None


@dataclass(frozen=True)
class Edges:
    """An edge table: source and target neuron (within their populations, from 0), weight (as J), delay [s].

    Sorted by target, source, weight, delay; `sha256` is of the sorted arrays, and tables are equal where it is.
    """

    path: str = field(compare=False)
    sha256: str
    source: NDArray[np.int64] = field(compare=False, repr=False)
    target: NDArray[np.int64] = field(compare=False, repr=False)
    weight: NDArray[np.float64] = field(compare=False, repr=False)
    delay: NDArray[np.float64] = field(compare=False, repr=False)


@dataclass(frozen=True)
class Connection:
    """Synapses from population `pre` to population `post`.

    rule: all_to_all | one_to_one | fixed_indegree (K per target) | fixed_outdegree (K per source)
    | pairwise_bernoulli (p) | fixed_total_number (number) | explicit (edges). multapses, autapses: allowed (NEST).
    """

    pre: str
    post: str
    rule: str
    synapse: Synapse
    K: int = 0
    p: float = 0.0
    number: int = 0
    multapses: bool = True
    autapses: bool = True
    edges: Edges | None = None


@dataclass(frozen=True)
class Initial:
    """Start of every run (at t = -transient): V normal(V_mean, V_std) [V], clipped below the barrier; w normal [A]."""

    V_mean: float
    V_std: float
    w_mean: float = 0.0
    w_std: float = 0.0


@dataclass(frozen=True)
class Population:
    """`size` neurons of one kind with their external drive.

    `spread`: distribution over neurons of a neuron parameter, or of the drive "mu" or "sigma", by name; the neuron's
    own number is then its mean (the centre of a Lorentzian). `correlations`: pairs of spread parameters and their
    correlation coefficient (of the underlying normals: Gaussian copula).
    """

    name: str
    size: int
    neuron: Neuron
    noise: WhiteNoise
    poisson: tuple[PoissonDrive, ...]
    initial: Initial
    spread: Mapping[str, Distribution] = field(default_factory=dict)
    correlations: tuple[tuple[str, str, float], ...] = ()


@dataclass(frozen=True)
class Stimulus:
    """A waveform added to `target` ("mu" [V/s], "sigma" [V/sqrt(s)], "nu" [1/s] of its Poisson sources); parameters SI.

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
    connections: tuple[Connection, ...] = ()
    schema: int = 1
    spec_hash: str = field(default="", compare=False)

    def protocol(self, wanted: str | Protocol) -> Protocol:
        """The protocol of a name, or one that is given. Raises UsageError for a name that the spec has not."""
        if isinstance(wanted, Protocol):
            return wanted
        if wanted not in self.protocols:
            raise UsageError(f"protocol: got {wanted!r}; allowed: {', '.join(self.protocols) or 'none in this spec'}")
        return self.protocols[wanted]

"""The fitted parameters of the cascade unit: name, unit, meaning, bounds, and the scale on which they are fitted."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType


@dataclass(frozen=True)
class Fitted:
    """One fitted parameter. `log`: fitted as a logarithm. `scale`: a change of this size (of the logarithm) matters."""

    name: str
    unit: str
    doc: str
    start: float
    lower: float
    upper: float
    log: bool
    scale: float

    def encode(self, value: float) -> float:
        return math.log(value) if self.log else value

    def decode(self, coordinate: float) -> float:
        return math.exp(coordinate) if self.log else coordinate


_ADAPTATION = (
    Fitted("adaptation_strength", "1", "weight of w in the effective drive at w_ref; 1 is the neuron's own",
           start=1.0, lower=0.1, upper=20.0, log=True, scale=0.2),
    Fitted("adaptation_saturation", "1", "c: the pull of w over 1 + c w/w_ref (c < 0: times 1 - c w/w_ref)",
           start=0.02, lower=-1.0, upper=5.0, log=False, scale=0.1),
)  # fmt: skip
_SPREAD = (
    Fitted("spread_time", "s", "half the sigma^2 that a spread of w is like, over the drive's variance by it",
           start=2e-2, lower=1e-5, upper=1.0, log=True, scale=0.5),
    Fitted("spread_loss", "1", "e-folds by which one spike of every neuron shrinks the spread of w",
           start=4.0, lower=0.05, upper=100.0, log=True, scale=0.5),
)  # fmt: skip
_CONSTANT_SIGMA = (
    Fitted("tau_h", "s", "time constant of the input filter at the reference rate",
           start=5e-3, lower=1e-4, upper=0.1, log=True, scale=0.5),
    Fitted("tau_h_exponent", "1", "fall of tau_h with the rate beyond that of the gain's slope",
           start=0.1, lower=-1.0, upper=1.5, log=False, scale=0.3),
    Fitted("alpha", "1/s", "decay rate of the mode at the reference rate",
           start=45.0, lower=2.0, upper=2000.0, log=True, scale=0.5),
    Fitted("alpha_exponent", "1", "growth of alpha with the rate",
           start=0.4, lower=-2.0, upper=3.0, log=False, scale=0.5),
    Fitted("omega_ratio", "1", "frequency of the mode over the rate, at the reference rate; 1 rings once per spike",
           start=1.0, lower=0.0, upper=3.0, log=False, scale=0.3),
    Fitted("omega_exponent", "1", "growth of that ratio with the rate",
           start=0.0, lower=-1.0, upper=1.0, log=False, scale=0.3),
    Fitted("kappa_re", "1", "share of a change of ln F by the input that enters the mode in phase",
           start=0.0, lower=-2.0, upper=2.0, log=False, scale=0.2),
    Fitted("kappa_im", "1", "share that enters the mode a quarter period early",
           start=0.1, lower=-2.0, upper=2.0, log=False, scale=0.2),
    Fitted("kappa_exponent", "1", "growth of kappa with the rate",
           start=0.8, lower=-1.0, upper=3.0, log=False, scale=0.5),
    Fitted("harmonic_damping", "1", "decay rate of the harmonic, which rings twice per spike, over alpha",
           start=3.0, lower=1.0, upper=200.0, log=True, scale=0.5),
    Fitted("harmonic_re", "1", "share of a change of ln F by the input that enters the harmonic in phase",
           start=0.0, lower=-10.0, upper=10.0, log=False, scale=0.2),
    Fitted("harmonic_im", "1", "share that enters the harmonic a quarter period early",
           start=0.0, lower=-10.0, upper=10.0, log=False, scale=0.2),
    Fitted("harmonic_exponent", "1", "growth of these two with the rate",
           start=0.8, lower=-3.0, upper=4.0, log=False, scale=0.5),
)  # fmt: skip
_SIGMA = (
    Fitted("tau_sigma", "s", "time constant of the sigma filter",
           start=2e-3, lower=1e-5, upper=0.1, log=True, scale=0.5),
    Fitted("kappa_sigma_re", "1", "share of a change of ln sigma that enters the mode in phase",
           start=0.5, lower=-20.0, upper=20.0, log=False, scale=0.5),
    Fitted("kappa_sigma_im", "1", "share of a change of ln sigma that enters the mode a quarter period early",
           start=0.3, lower=-20.0, upper=20.0, log=False, scale=0.5),
    Fitted("harmonic_sigma_re", "1", "share of a change of ln sigma that enters the harmonic in phase",
           start=0.0, lower=-50.0, upper=50.0, log=False, scale=0.5),
    Fitted("harmonic_sigma_im", "1", "share of a change of ln sigma that enters the harmonic a quarter period early",
           start=0.0, lower=-50.0, upper=50.0, log=False, scale=0.5),
    Fitted("tau_h_sigma_exponent", "1", "growth of tau_h with sigma",
           start=0.0, lower=-5.0, upper=5.0, log=False, scale=0.5),
    Fitted("alpha_sigma_exponent", "1", "growth of alpha with sigma",
           start=0.0, lower=-5.0, upper=5.0, log=False, scale=0.5),
    Fitted("kappa_sigma_exponent", "1", "growth of kappa with sigma",
           start=0.0, lower=-5.0, upper=5.0, log=False, scale=0.5),
)  # fmt: skip
SIGMA_PARAMETERS = tuple(p.name for p in _SIGMA)


def fitted(variables: int, spread: bool = False) -> Mapping[str, Fitted]:
    """The parameters of a unit with that many adaptation variables, by name; numbered where there are several.

    spread: whether it follows the spread of w over the neurons; its pull does not saturate then.
    """
    own = []
    for j in range(variables):
        for p in _ADAPTATION[:1] if spread else _ADAPTATION:
            name = p.name if variables == 1 else f"{p.name}_{j + 1}"
            own.append(Fitted(name, p.unit, p.doc, p.start, p.lower, p.upper, p.log, p.scale))
    return MappingProxyType({p.name: p for p in (*own, *(_SPREAD if spread else ()), *_CONSTANT_SIGMA, *_SIGMA)})


def starting_values(variables: int, spread: bool = False) -> dict[str, float]:
    """Where the first fit starts."""
    return {name: p.start for name, p in fitted(variables, spread).items()}


def about_w(name: str) -> bool:
    """Whether a parameter is one of what w does."""
    return name.startswith(("adaptation_", "spread_"))


def of_variable(values: Mapping[str, float], name: str, j: int) -> float:
    """Value of one of ADAPTATION_PARAMETERS for variable number j, from 0."""
    return values[name] if name in values else values[f"{name}_{j + 1}"]

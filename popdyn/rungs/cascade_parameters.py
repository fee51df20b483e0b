"""The fitted parameters of the cascade unit: name, unit, meaning, bounds, and the scale on which they are fitted."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, fields


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


@dataclass(frozen=True)
class CascadeParameters:
    """Values, in the units of `FITTED`."""

    adaptation_strength: float
    tau_h: float
    tau_h_exponent: float
    alpha: float
    alpha_exponent: float
    omega_ratio: float
    kappa_re: float
    kappa_im: float
    kappa_exponent: float
    tau_sigma_ratio: float = 0.5
    kappa_sigma_re: float = 0.0
    kappa_sigma_im: float = 0.0


_ALL = (
    Fitted(
        "adaptation_strength", "1", "weight of w in the effective drive; 1 is the neuron's own",
        start=1.0, lower=0.4, upper=2.0, log=True, scale=0.2,
    ),
    Fitted(
        "tau_h", "s", "time constant of the input filter at the reference rate",
        start=5e-3, lower=1e-4, upper=0.1, log=True, scale=0.5,
    ),
    Fitted(
        "tau_h_exponent", "1", "fall of tau_h with the rate beyond that of the gain's slope",
        start=0.1, lower=-1.0, upper=1.5, log=False, scale=0.3,
    ),
    Fitted(
        "alpha", "1/s", "decay rate of the mode at the reference rate",
        start=45.0, lower=2.0, upper=2000.0, log=True, scale=0.5,
    ),
    Fitted(
        "alpha_exponent", "1", "growth of alpha with the rate",
        start=0.4, lower=-1.0, upper=3.0, log=False, scale=0.5,
    ),
    Fitted(
        "omega_ratio", "1", "frequency of the mode over the rate; 1 rings once per spike",
        start=1.0, lower=0.0, upper=3.0, log=False, scale=0.3,
    ),
    Fitted(
        "kappa_re", "1", "share of a change of ln F that enters the mode in phase",
        start=0.0, lower=-2.0, upper=2.0, log=False, scale=0.2,
    ),
    Fitted(
        "kappa_im", "1", "share of a change of ln F that enters the mode a quarter period early",
        start=0.1, lower=-2.0, upper=2.0, log=False, scale=0.2,
    ),
    Fitted(
        "kappa_exponent", "1", "growth of kappa with the rate",
        start=0.8, lower=0.0, upper=3.0, log=False, scale=0.5,
    ),
    Fitted(
        "tau_sigma_ratio", "1", "time constant of the sigma filter over that of the input filter",
        start=0.5, lower=0.02, upper=10.0, log=True, scale=0.5,
    ),
    Fitted(
        "kappa_sigma_re", "1", "share of a change of ln sigma that enters the mode in phase",
        start=0.0, lower=-20.0, upper=20.0, log=False, scale=0.5,
    ),
    Fitted(
        "kappa_sigma_im", "1", "share of a change of ln sigma that enters the mode a quarter period early",
        start=0.0, lower=-20.0, upper=20.0, log=False, scale=0.5,
    ),
)  # fmt: skip
SIGMA_PARAMETERS = ("tau_sigma_ratio", "kappa_sigma_re", "kappa_sigma_im")
FITTED: Mapping[str, Fitted] = {p.name: p for p in _ALL}

assert tuple(FITTED) == tuple(f.name for f in fields(CascadeParameters))


def starting_values() -> CascadeParameters:
    """Where the first fit starts."""
    return CascadeParameters(**{name: p.start for name, p in FITTED.items()})

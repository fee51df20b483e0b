"""The drive of a population: white noise in one of the three conventions in use, and Poisson sources."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from popdyn.parameters import Parameter
from popdyn.spec.names import NOT_YET_NOISE, NOT_YET_POISSON
from popdyn.spec.network import Neuron, PoissonDrive, WhiteNoise
from popdyn.spec.section import Section


@dataclass(frozen=True)
class Convention:
    """How a literature writes white noise, the SI unit of its mu and sigma, and how they become ours (given tau_m)."""

    equation: str
    units: tuple[str, str]
    convert: Callable[[float, float, float], tuple[float, float]]
    source: str


CONVENTIONS: dict[str, Convention] = {
    "augustin": Convention(
        "dV = (f(V) + mu) dt + sigma dW",
        ("V/s", "V/sqrt(s)"),
        lambda mu, sigma, _tau_m: (mu, sigma),
        "Augustin et al. 2017, PLoS Comput Biol 13:e1005545; popdyn's own",
    ),
    "brunel": Convention(
        "tau_m dV = (E_L - V + mu) dt + sigma sqrt(tau_m) dW",
        ("V", "V"),
        lambda mu, sigma, tau_m: (mu / tau_m, sigma / math.sqrt(tau_m)),
        "Brunel 2000, J Comput Neurosci 8:183; Siegert; NNMT",
    ),
    "richardson": Convention(
        "tau_m dV = (E_L - V + mu) dt + sigma sqrt(2 tau_m) dW",
        ("V", "V"),
        lambda mu, sigma, tau_m: (mu / tau_m, sigma * math.sqrt(2 / tau_m)),
        "Richardson 2007, Phys Rev E 76:021919",
    ),
}
"""For an exponential model the leak term stands for the whole drift; mu is relative to E_L in all three."""

MU = {
    "V/s": Parameter("mu", "V/s", "mean drive", 0.0, -1e3, 1e3),
    "V": Parameter("mu", "V", "mean drive", 0.0, -1.0, 1.0),
}
SIGMA = {
    "V/sqrt(s)": Parameter("sigma", "V/sqrt(s)", "noise amplitude", 0.0, 0.0, 10.0),
    "V": Parameter("sigma", "V", "noise amplitude", 0.0, 0.0, 1.0),
}

NU = Parameter("nu", "Hz", "rate of one source", None, 0.0, 1e6, lower_open=True)
J = Parameter("J", "V", "jump of V at one spike", None, -0.1, 0.1)
MAX_SOURCES = 1_000_000


def resolve_noise(section: Section | None, neuron: Neuron | None) -> WhiteNoise | None:
    """mu [V/s] and sigma [V/sqrt(s)]; None after a fault. Without a table there is no white noise."""
    if section is None:
        return WhiteNoise()
    before = len(section.faults)
    name = section.text("convention", list(CONVENTIONS), "augustin")
    if name is None:
        return None
    convention = CONVENTIONS[name]
    mu = section.quantity(MU[convention.units[0]])
    sigma = section.quantity(SIGMA[convention.units[1]])
    section.close(NOT_YET_NOISE)
    if len(section.faults) > before or neuron is None:
        return None
    tau_m = neuron.parameters["C_m"] / neuron.parameters["g_L"]
    return WhiteNoise(*convention.convert(mu or 0.0, sigma or 0.0, tau_m))


def resolve_poisson(section: Section) -> PoissonDrive | None:
    """One table of [[populations.NAME.poisson]]; None after a fault."""
    sources = section.integer("K", 1, MAX_SOURCES)
    rate = section.required(NU)
    jump = section.required(J)
    if jump == 0:
        section.fault("J", "0 mV", "a jump that is not zero", "remove the table")
    section.close(NOT_YET_POISSON)
    if sources is None or rate is None or not jump:
        return None
    return PoissonDrive(sources, rate, jump)

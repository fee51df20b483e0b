"""The drive of a population: white noise in one of the three conventions in use, and Poisson sources."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from popdyn.distributions import Distribution
from popdyn.parameters import Parameter
from popdyn.spec.names import ELSEWHERE_POISSON, NOT_YET_NOISE
from popdyn.spec.network import Neuron, PoissonDrive
from popdyn.spec.section import Section, show
from popdyn.spec.spread import Value, read_value
from popdyn.spec.synapse_table import keys_of_other_kinds, read_synapse


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
MAX_SOURCES = 1_000_000


def resolve_noise(
    section: Section | None, neuron: Neuron | None, spread: Mapping[str, Distribution]
) -> tuple[Value, Value] | None:
    """mu [V/s] and sigma [V/sqrt(s)]; None after a fault. Without a table there is no white noise.

    `spread`: the distributions among the neuron's parameters.
    """
    if section is None:
        return Value(0.0), Value(0.0)
    before = len(section.faults)
    name = section.text("convention", list(CONVENTIONS), "augustin")
    if name is None:
        return None
    convention = CONVENTIONS[name]
    mu = read_value(section, MU[convention.units[0]]) or Value(0.0)
    sigma = read_value(section, SIGMA[convention.units[1]]) or Value(0.0)
    section.close(NOT_YET_NOISE)
    if name != "augustin" and {"C_m", "g_L"} & set(spread):
        got = f"{show(name)}, while C_m or g_L is a distribution"
        section.fault("convention", got, show("augustin"), "give mu in mV/ms and sigma in mV/sqrt(ms)")
    if len(section.faults) > before or neuron is None:
        return None
    if name == "augustin":
        return mu, sigma
    tau_m = neuron.parameters["C_m"] / neuron.parameters["g_L"]
    numbers = convention.convert(mu.number, sigma.number, tau_m)
    factors = convention.convert(1.0, 1.0, tau_m)
    spreads = [v.spread and v.spread.scaled(factor) for v, factor in zip((mu, sigma), factors, strict=True)]
    return Value(numbers[0], spreads[0]), Value(numbers[1], spreads[1])


def resolve_poisson(section: Section, neuron: Neuron | None) -> PoissonDrive | None:
    """One table of [[populations.NAME.poisson]]; None after a fault."""
    before = len(section.faults)
    sources = section.integer("K", 1, MAX_SOURCES)
    rate = section.required(NU)
    synapse = read_synapse(section, neuron, external=True)
    section.close(elsewhere={**ELSEWHERE_POISSON, **keys_of_other_kinds(synapse)})
    if len(section.faults) > before or sources is None or rate is None or synapse is None:
        return None
    plain = synapse.kind == "delta" and synapse.weight is None
    return PoissonDrive(sources, rate, synapse.J, None if plain else synapse)

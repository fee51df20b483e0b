"""The tables [populations.NAME]: size, neuron, drive and initial condition."""

from __future__ import annotations

from popdyn.neurons import MODELS
from popdyn.parameters import Parameter
from popdyn.quantities import format_quantity
from popdyn.spec.correlation import resolve_correlations
from popdyn.spec.drive import resolve_noise, resolve_poisson
from popdyn.spec.names import ELSEWHERE_POPULATION
from popdyn.spec.network import Initial, Neuron, Population, WhiteNoise
from popdyn.spec.neuron import resolve_neuron
from popdyn.spec.section import Section, show

DRIVES = ("mu", "sigma")
MAX_SIZE = 10_000_000
INITIAL_SPREAD = 2e-3
"""Standard deviation [V] of the initial V when none is given."""

NO_W = ("models with adaptation", "models with a current w; the traces of this one start at 0")

V_MEAN = Parameter("V", "V", "initial potential", None, -0.5, 0.5)
V_STD = Parameter("V", "V", "standard deviation of the initial potential", None, 0.0, 0.1)
W_MEAN = Parameter("w", "A", "initial adaptation current", None, -1e-6, 1e-6)
W_STD = Parameter("w", "A", "standard deviation of the initial adaptation current", None, 0.0, 1e-7)


def resolve_population(name: str, section: Section) -> Population | None:
    """One population; None when something in its tables is wrong."""
    before = len(section.faults)
    size = section.integer("size", 1, MAX_SIZE)
    neuron_section = section.table("neuron")
    if neuron_section is None and not section.given("neuron"):
        section.fault("neuron", "nothing", f"a table [{section.at('neuron')}]", 'add it with model = "adex"')
    neuron, spread = (neuron_section and resolve_neuron(neuron_section)) or (None, {})
    noise = resolve_noise(section.table("noise"), neuron, spread)
    poisson = [resolve_poisson(table, neuron) for table in section.tables("poisson")]
    initial = resolve_initial(section.table("initial"), neuron)
    drives = {} if noise is None else {key: v.spread for key, v in zip(DRIVES, noise, strict=True) if v.spread}
    every = {**spread, **drives}
    correlations = resolve_correlations(section, every if neuron is not None and noise is not None else None)
    section.close(elsewhere=ELSEWHERE_POPULATION)
    sources = tuple(drive for drive in poisson if drive is not None)
    silent = noise is not None and noise[1].number == 0 and not poisson
    if silent and not (neuron is not None and MODELS[neuron.model].escape):
        section.fault(
            "noise",
            "no noise at all (sigma = 0, no Poisson drive)",
            "sigma above 0, or a Poisson drive",
            'without noise the population density is singular: give sigma, e.g. "2 mV/sqrt(ms)"',
        )
    if len(section.faults) > before or size is None or neuron is None or noise is None or initial is None:
        return None
    white = WhiteNoise(noise[0].number, noise[1].number)
    return Population(name, size, neuron, white, sources, initial, every, correlations)


def resolve_initial(section: Section | None, neuron: Neuron | None) -> Initial | None:
    """Defaults: V normal(E_L, 2 mV), or around V_reset where E_L is not below the threshold; w = a (E_L - E_w).

    Traces of a neuron with escape noise start at 0.
    """
    adapting = neuron is not None and MODELS[neuron.model].adaptation
    V = w = None
    if section is not None:
        before = len(section.faults)
        V = _distribution(section, V_MEAN, V_STD)
        if adapting or neuron is None:
            w = _distribution(section, W_MEAN, W_STD)
        section.close(elsewhere={} if neuron is None else {"w": NO_W[MODELS[neuron.model].escape]})
        if len(section.faults) > before:
            return None
    if neuron is None:
        return None
    p = neuron.parameters
    model = MODELS[neuron.model]
    barrier = p[model.barrier]
    if V is None:
        V = (p["E_L"] if p["E_L"] < barrier or "V_reset" not in p else p["V_reset"], INITIAL_SPREAD)
    if w is None:
        w = (p["a"] * (p["E_L"] - p["E_w"]), 0.0) if adapting else (0.0, 0.0)
    if section is not None and V[0] >= barrier and not model.escape:
        allowed = f"below {format_quantity(barrier, 'V')}, where the neuron spikes"
        section.fault("V", f"a mean of {format_quantity(V[0], 'V')}", allowed, "lower it")
        return None
    return Initial(*V, *w)


def _distribution(section: Section, mean: Parameter, std: Parameter) -> tuple[float, float] | None:
    """A value, or { normal = [mean, standard deviation] }; None where absent or faulty."""
    key, value = section.take(mean.name)
    if value is None:
        return None
    if isinstance(value, dict) and "value" not in value:
        pair = value.get("normal")
        if set(value) != {"normal"} or not isinstance(pair, (list, tuple)) or len(pair) != 2:
            allowed = "one value, or { normal = [mean, standard deviation] }"
            section.fault(key, show(value), allowed, "V and w start normal")
            return None
        first = section.convert(key, pair[0], mean)
        second = section.convert(key, pair[1], std)
        return None if first is None or second is None else (first, second)
    only = section.convert(key, value, mean)
    return None if only is None else (only, 0.0)

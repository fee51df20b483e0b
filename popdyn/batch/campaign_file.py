"""A campaign file: which spec, what is varied, what is done with every cell. Read, checked, nothing expanded yet."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from popdyn.batch.amounts import MEMORY, TIME, amount
from popdyn.batch.failure import Tries
from popdyn.errors import Fault, SpecError
from popdyn.ground_truth.cost import COSTS
from popdyn.ground_truth.jobs import METHODS
from popdyn.parameters import Parameter
from popdyn.spec import Network, load
from popdyn.spec.document import MAX_INTEGER, check_form, read
from popdyn.spec.resolve import SCHEMA
from popdyn.spec.section import Section, printable, show

MOST_JOBS = 1_000_000
MOST_REPLICATES = 100_000
MOST_SAMPLES = 100_000
DO = ("truth", "convert")
RUNGS = ("density", "modes", "unit")
METHODS_OF_SAMPLES = ("sobol", "latin_hypercube", "random")
DT = Parameter("dt", "s", "time step of the truth", None, 0.0, 1e-3, lower_open=True)
TOLERANCE = Parameter("tolerance", "1", "bar of the verdicts", None, 0.0, 1.0, lower_open=True)


@dataclass(frozen=True)
class Samples:
    """Points drawn over several parameters at once; `over`: parameter -> its distribution as the file has it."""

    n: int
    method: str
    seed: int
    over: Mapping[str, Any]


@dataclass(frozen=True)
class CampaignFile:
    """What a file says. `given`: the spec as the user wrote it, `folder`: where.

    `grid`, `zipped`: parameter -> text or list.
    """

    name: str
    network: Network
    given: Any
    folder: Path
    do: str
    protocols: tuple[str, ...]
    seed: int
    replicates: int
    seeds: tuple[int, ...]
    grid: Mapping[str, Any]
    zipped: Mapping[str, Any]
    samples: Samples | None
    truth: Mapping[str, Any]
    convert: Mapping[str, Any]
    memory: float | None
    time: float | None
    tries: Tries
    faults: list[Fault] = field(default_factory=list)
    source: str = ""


def read_campaign(path: str | Path) -> CampaignFile:
    """The campaign in a TOML or JSON file.

    Raises SpecError where its spec cannot be read; other faults stand in `faults`, so that expanding can add its own.
    """
    path = Path(path)
    document, source = read(path), printable(str(path))
    faults = check_form(document, source)
    top = Section(document, "", faults)
    _, schema = top.take("schema")
    if schema is not None and (isinstance(schema, bool) or schema != SCHEMA):
        top.fault("schema", show(schema), str(SCHEMA), "write schema = 1")
    network, given = _spec(top, path.parent)
    if network is None:
        raise SpecError(faults, source)
    memory, time = _limits(top.table("limits"))
    found = CampaignFile(
        name=_name(top, path.stem),
        network=network,
        given=given,
        folder=(given if isinstance(given, Path) else path).parent,
        do=top.text("do", DO, DO[0]) or DO[0],
        protocols=_protocols(top, network),
        seed=top.integer("seed", 0, MAX_INTEGER, 0) or 0,
        replicates=top.integer("replicates", 1, MOST_REPLICATES, 1) or 1,
        seeds=_seeds(top),
        grid=_varied(top, "grid"),
        zipped=_varied(top, "zip"),
        samples=_samples(top.table("samples")),
        truth=_truth(top.table("truth"), network),
        convert=_convert(top.table("convert")),
        memory=memory,
        time=time,
        tries=_tries(top.table("retries")),
        faults=faults,
        source=source,
    )
    if found.seeds and found.replicates > 1:
        top.fault("replicates", "both seeds and replicates", "one of them", "remove replicates")
    if found.convert and found.do != "convert":
        top.fault("convert", "a table that is not used", 'do = "convert"', "set do, or remove it")
    if found.truth and found.do == "convert":
        top.fault("truth", "a table that is not used", "what popdyn convert takes", "remove it")
    top.close(elsewhere={"populations": "the spec: write [spec.populations.NAME]", "vary": "popdyn map: write [grid]"})
    return found


def _spec(top: Section, folder: Path) -> tuple[Network | None, Any]:
    _, value = top.take("spec")
    allowed = "the path of a spec, relative to this file, or a table [spec]"
    if isinstance(value, str):
        place = folder / value
        try:
            return load(place), place
        except SpecError as error:
            top.faults.extend(Fault(f"spec:{f.path}", f.got, f.allowed, f.fix) for f in error.faults)
            return None, None
    if isinstance(value, Mapping):
        try:
            return load(value, folder=folder), value
        except SpecError as error:
            top.faults.extend(Fault(f"spec.{f.path}", f.got, f.allowed, f.fix) for f in error.faults)
            return None, None
    top.fault("spec", "nothing" if value is None else show(value), allowed, 'add spec = "network.toml"')
    return None, None


def _name(top: Section, default: str) -> str:
    _, name = top.take("name")
    if name is None:
        return printable(default)[:200]
    if isinstance(name, str) and 0 < len(name) <= 200 and name.isprintable():
        return name
    top.fault("name", show(name), "printable text of at most 200 characters", "shorten it")
    return printable(default)[:200]


def _protocols(top: Section, network: Network) -> tuple[str, ...]:
    _, value = top.take("protocols")
    names = list(network.protocols)
    if value is None:
        return (names[0],)
    if value == "all":
        return tuple(names)
    wanted = value if isinstance(value, list) else [value]
    unknown = [one for one in wanted if one not in names]
    if unknown or not wanted or len({*map(str, wanted)}) < len(wanted):
        got = ", ".join(map(show, unknown)) if unknown else show(value)
        top.fault("protocols", got, f'a list of names, each once, or "all": {", ".join(names)}')
        return (names[0],)
    return tuple(wanted)


def _seeds(top: Section) -> tuple[int, ...]:
    _, value = top.take("seeds")
    if value is None:
        return ()
    sound = isinstance(value, list) and 0 < len(value) <= MOST_REPLICATES
    sound = sound and all(type(one) is int and 0 <= one <= MAX_INTEGER for one in value)
    if sound and len(set(value)) == len(value):
        return tuple(value)
    top.fault("seeds", show(value), "a list of different integers from 0", "or write replicates = 10")
    return ()


def _varied(top: Section, key: str) -> dict[str, Any]:
    """parameter -> what is written; E.mu and "E.mu" are the same."""
    section = top.table(key)
    return {} if section is None else _flat(section.data)


def _flat(data: Mapping[str, Any], before: str = "") -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in data.items():
        nested = isinstance(value, Mapping) and not _is_distribution(value)
        found |= _flat(value, f"{before}{name}.") if nested else {f"{before}{name}": value}
    return found


def _is_distribution(value: Mapping[str, Any]) -> bool:
    from popdyn.distributions import FAMILIES

    return any(family in value for family in FAMILIES)


def _samples(section: Section | None) -> Samples | None:
    if section is None:
        return None
    n = section.integer("n", 1, MOST_SAMPLES)
    method = section.text("method", METHODS_OF_SAMPLES, METHODS_OF_SAMPLES[0])
    seed = section.integer("seed", 0, MAX_INTEGER, 0)
    over = _varied(section, "over")
    if not over:
        section.fault("over", "nothing", "a table [samples.over]", 'e.g. b = { uniform = ["0 pA", "9 pA"] }')
    if method == "sobol" and n and n & (n - 1):
        fix = f'write {1 << (n.bit_length() - 1)} or {1 << n.bit_length()}, or "latin_hypercube"'
        section.fault("n", str(n), "a power of two, as Sobol points are balanced", fix)
    section.close()
    return Samples(n or 1, method or METHODS_OF_SAMPLES[0], seed or 0, over)


def _truth(section: Section | None, network: Network) -> dict[str, Any]:
    if section is None:
        return {}
    found: dict[str, Any] = {
        "dt": section.quantity(DT),
        "backend": section.text("backend", list(COSTS), "") or None,
        "method": section.text("method", METHODS, METHODS[0]),
        "groups": section.integer("groups", 1, 1000, 0) or None,
        "traces": section.integer("traces", 0, 100_000, 0),
    }
    _, spikes = section.take("spikes")
    wanted = [] if spikes is None else spikes
    names = list(network.populations)
    if not isinstance(wanted, list) or any(wanted.count(one) > 1 or one not in names for one in wanted):
        section.fault("spikes", show(spikes), f"a list of populations, each once: {', '.join(names)}")
        wanted = []
    section.close()
    return found | {"spikes": tuple(wanted)}


def _convert(section: Section | None) -> dict[str, Any]:
    if section is None:
        return {}
    found = {
        "to": section.text("to", RUNGS, "") or None,
        "tolerance": section.quantity(TOLERANCE),
        "finite_size": section.boolean("finite_size", False),
        "annealed": section.boolean("annealed", False),
        "truth": section.boolean("truth", True),
    }
    section.close()
    return found


def _limits(section: Section | None) -> tuple[float | None, float | None]:
    if section is None:
        return None, None
    memory = amount(section, "memory", MEMORY, "4 GiB", 64 * 2**20)
    time = amount(section, "time", TIME, "30 min", 1.0)
    section.close()
    return memory, time


def _tries(section: Section | None) -> Tries:
    if section is None:
        return Tries()
    resources = section.integer("resources", 0, 5, Tries.resources)
    infrastructure = section.integer("infrastructure", 0, 2, Tries.infrastructure)
    section.close()
    return Tries(resources or 0, infrastructure or 0)

"""The tables of docs/spec.md, made from the code. `python docs/spec_tables.py` writes them into the page."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

from popdyn.distributions import FAMILIES
from popdyn.neurons import MODELS
from popdyn.parameters import Parameter
from popdyn.quantities import DIMENSIONS, format_quantity, units_of
from popdyn.spec import names
from popdyn.spec.connection import LATER_RULES, MAX_CONNECTIONS, MAX_SYNAPSES, RULES
from popdyn.spec.document import MAX_BYTES, MAX_DEPTH, MAX_KEYS
from popdyn.spec.drive import CONVENTIONS, MAX_SOURCES, NU
from popdyn.spec.edge_files import BYTES_PER_EDGE, MAX_EDGES
from popdyn.spec.names import ALIASES, aliases_of
from popdyn.spec.neuron import TAU_M
from popdyn.spec.population import MAX_SIZE
from popdyn.spec.protocol import LONGEST
from popdyn.spec.resolve import MAX_POPULATIONS
from popdyn.spec.section import bounds
from popdyn.spec.spread import MAX_VALUES
from popdyn.spec.synapse import DELAY, EVERY, J_CONDUCTANCE, J_CURRENT, PSP_PEAK, SYNAPSES, J
from popdyn.stimuli import KINDS, LARGEST, TARGET, TARGETS

PAGE = Path(__file__).with_name("spec.md")
BLOCK = re.compile(r"(<!-- table: (\w+) -->\n).*?(<!-- end -->)", re.DOTALL)


def table(head: list[str], rows: list[list[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |\n" for line in lines)


def code(text: str) -> str:
    return f"`{text}`" if text else ""


def units() -> str:
    rows = [[d.name, ", ".join(code(u) for u in units_of(key) if u), code(d.example)] for key, d in DIMENSIONS.items()]
    return table(["quantity", "units", "example"], rows)


def _default(parameter: Parameter) -> str:
    if isinstance(parameter.default, float):
        return code(format_quantity(parameter.default, parameter.unit))
    return "required" if parameter.default is None else f"the value of {code(parameter.default)}"


def neuron() -> str:
    parameters = {p.name: p for model in MODELS.values() for p in model.keys}
    lists = {p.name for model in MODELS.values() for p in model.keys[len(model.parameters) :]}
    rows = []
    for p in (*parameters.values(), TAU_M):
        models = [m.name for m in MODELS.values() if p.name == "tau_m" or p.name in {q.name for q in m.keys}]
        default = "C_m / g_L" if p is TAU_M else code("[]") if p.name in lists else _default(p)
        rows.append([code(p.name), p.doc, default, bounds(p), ", ".join(models), _other_names(p.name)])
    return table(["key", "meaning", "default", "allowed", "models", "also accepted as"], rows)


def _other_names(name: str) -> str:
    return ", ".join(code(alias) for alias in aliases_of(name))


def constraints() -> str:
    texts: dict[str, list[str]] = {}
    for model in MODELS.values():
        for constraint in model.constraints:
            texts.setdefault(constraint.text, []).append(model.name)
    return table(["must hold", "models"], [[code(text), ", ".join(models)] for text, models in texts.items()])


def aliases() -> str:
    rows = [[code(a.name), code(a.meaning), a.unit, a.tools] for a in ALIASES]
    return table(["name", "popdyn's name", "unit the other tool means", "used by"], rows)


def conventions() -> str:
    shown = {"V/s": "mV/ms", "V/sqrt(s)": "mV/sqrt(ms)", "V": "mV"}
    rows = [
        [code(name), code(c.equation), *(shown[unit] for unit in c.units), c.source] for name, c in CONVENTIONS.items()
    ]
    return table(["convention", "membrane equation", "unit of mu", "unit of sigma", "used by"], rows)


def poisson() -> str:
    rows = [
        [code("K"), "independent sources per neuron", f"an integer from 1 to {MAX_SOURCES}"],
        [code("nu"), NU.doc, bounds(NU)],
        [code("J"), "jump of V at one spike, or what its synapse makes of it", bounds(J)],
        [code("synapse"), "kind of synapse and its keys, as of a connection", ", ".join(map(code, _of_sources()))],
    ]
    return table(["key", "meaning", "allowed"], rows)


def _of_sources() -> list[str]:
    return [name for name, kind in SYNAPSES.items() if not kind.per_source]


def distributions() -> str:
    rows = []
    for name, family in FAMILIES.items():
        written = f"{{ {name} = [{', '.join(family.parameters)}] }}" if name != "empirical" else "see below"
        mirrored = "; a negative mean mirrors it" if family.positive else ""
        rows.append([code(name), code(written) if name != "empirical" else written, family.source + mirrored])
    return table(["family", "written", "its numbers"], rows)


def rules() -> str:
    return table(["rule", "its key", "what it makes"], [[code(n), code(r.key or ""), r.doc] for n, r in RULES.items()])


def synapses() -> str:
    rows = []
    for name, kind in SYNAPSES.items():
        units = "nS" if kind.conductance else "mV, pA" if kind.charge else "mV"
        rows.append([code(name), kind.doc, ", ".join(code(p.name) for p in kind.parameters), units])
    return table(["synapse", "what a spike does", "its keys", "J in"], rows)


def synapse_keys() -> str:
    rows = []
    for p in (J, J_CURRENT, J_CONDUCTANCE, PSP_PEAK, DELAY, *EVERY):
        default = (
            code(format_quantity(float(p.default), p.unit)) if p.default is not None else "required where it is used"
        )
        default = {"J": "required, or `psp_peak`", "psp_peak": "instead of J"}.get(p.name, default)
        rows.append([code(p.name), p.doc, default, bounds(p)])
    return table(["key", "meaning", "default", "allowed"], rows)


def stimuli() -> str:
    rows = []
    for kind in KINDS.values():
        keys = ["file", "time_unit", "value_unit"] if kind.repeated else [_key(p) for p in kind.parameters]
        rows.append([code(kind.name), kind.doc, ", ".join(keys)])
    return table(["kind", "what it adds", "keys (default)"], rows)


def _key(p: Parameter) -> str:
    if p.default is None:
        return code(p.name)
    default = (
        p.default if isinstance(p.default, str) else format_quantity(p.default, "s" if p.unit == TARGET else p.unit)
    )
    return f"{code(p.name)} ({default})"


def refused() -> str:
    rows = [
        ["top level", ", ".join(map(code, names.NOT_YET_TOP))],
        ["noise", ", ".join(map(code, names.NOT_YET_NOISE))],
        ["rule of a connection", ", ".join(map(code, LATER_RULES))],
        ["models", ", ".join(map(code, names.NOT_YET_MODELS))],
    ]
    return table(["where", "understood, not derived yet"], rows)


def limits() -> str:
    rows = [
        ["size of a file", f"{MAX_BYTES >> 20} MiB"],
        ["nesting", str(MAX_DEPTH)],
        ["keys", str(MAX_KEYS)],
        ["populations", str(MAX_POPULATIONS)],
        ["neurons in a population", f"{MAX_SIZE:,}"],
        ["connections", f"{MAX_CONNECTIONS:,}"],
        ["synapses of a network (expected number)", f"{MAX_SYNAPSES:,}"],
        ["edges of a table", f"{MAX_EDGES:,} ({MAX_EDGES * BYTES_PER_EDGE >> 20} MiB)"],
        ["values of an empirical distribution", f"{MAX_VALUES:,}"],
        ["duration, transient", f"{LONGEST:.0f} s"],
        *([f"change of {t} by a stimulus", format_quantity(LARGEST[t], unit, digits=6)] for t, unit in TARGETS.items()),
    ]
    return table(["what", "at most"], rows)


MAKERS = (units, neuron, constraints, aliases, conventions, poisson, distributions, rules, synapses, synapse_keys)
TABLES: dict[str, Callable[[], str]] = {f.__name__: f for f in (*MAKERS, stimuli, refused, limits)}


def filled(page: str) -> str:
    """The page with every table made anew."""
    return BLOCK.sub(lambda m: f"{m[1]}\n{TABLES[m[2]]()}\n{m[3]}", page)


if __name__ == "__main__":
    PAGE.write_text(filled(PAGE.read_text()))

"""The parts of the JSON Schema that say what connections, synapses and distributions look like."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from popdyn.distributions import FAMILIES
from popdyn.parameters import Parameter
from popdyn.quantities import units_of
from popdyn.spec.connection import MAX_CONNECTIONS, MAX_SYNAPSES, RULES, P
from popdyn.spec.edge_files import COLUMNS
from popdyn.spec.spread import MAX_VALUES
from popdyn.spec.synapse import DELAY, EVERY, J_CONDUCTANCE, J_CURRENT, PSP_PEAK, SYNAPSES, J
from popdyn.spec.weight import SIGNS

Schema = dict[str, Any]


def table(properties: Schema, required: list[str] | None = None) -> Schema:
    schema = {"type": "object", "properties": properties, "additionalProperties": False}
    return schema | ({"required": required} if required else {})


def distribution(quantity: Schema, unit: str, *, resolved: bool) -> Schema:
    """Any family of a quantity, with the ends that it is cut to."""
    ends = {"low": quantity, "high": quantity}
    forms = []
    for name, family in FAMILIES.items():
        count = len(family.parameters)
        if name != "empirical":
            numbers = {"type": "array", "items": quantity, "minItems": count, "maxItems": count}
            forms.append(table({name: numbers | {"description": family.source}, **ends}, [name]))
    values = {"type": "array", "items": quantity, "minItems": 2, "maxItems": MAX_VALUES}
    forms.append(table({"empirical": values, **ends}, ["empirical"]))
    if not resolved:
        numbers = {"type": "array", "items": {"type": ["number", "string"]}, "minItems": 2, "maxItems": MAX_VALUES}
        listed = {"empirical": numbers, "unit": {"enum": units_of(unit)}, **ends}
        file = {"type": "string", "maxLength": 255, "description": "CSV file beside the spec, with a header"}
        named = {"empirical": file, "column": {"type": "string"}, "unit": {"enum": units_of(unit)}, **ends}
        forms += [table(listed, ["empirical", "unit"]), table(named, ["empirical", "column", "unit"])]
    return {"anyOf": forms}


def synapse(value: Callable[[Parameter], Schema], spread: Callable[[Parameter], Schema], *, resolved: bool) -> Schema:
    """The keys of a synapse: `value` and `spread` make the schema of a parameter without and with distributions."""
    weights = [spread(parameter) for parameter in (J, J_CURRENT, J_CONDUCTANCE)]
    kinds = "; ".join(f"{name}: {kind.doc}" for name, kind in SYNAPSES.items())
    properties: Schema = {
        "synapse": {"enum": list(SYNAPSES), "description": kinds},
        "J": {"description": J.doc, "anyOf": weights},
        **{parameter.name: value(parameter) for parameter in EVERY},
    }
    if not resolved:
        properties |= {
            "psp_peak": spread(PSP_PEAK),
            "type": {"enum": list(SIGNS), "description": "sign of the weights"},
        }
    return properties


def connections(
    value: Callable[[Parameter], Schema], spread: Callable[[Parameter], Schema], *, resolved: bool
) -> Schema:
    """The array of connections. Which keys go with which rule and synapse is checked by `load`."""
    count = {"type": "integer", "minimum": 1, "maximum": MAX_SYNAPSES}
    name = {"type": "string", "description": "name of a population"}
    rules = "; ".join(f"{rule}: {entry.doc}" for rule, entry in RULES.items())
    properties: Schema = {
        "pre": name,
        "post": name,
        "rule": {"enum": list(RULES), "description": rules},
        "K": count | {"description": "synapses per target (fixed_indegree) or source (fixed_outdegree)"},
        "p": value(P),
        "number": count | {"description": "number of synapses"},
        "edges": _edges(resolved=resolved),
        "multapses": {"type": "boolean", "description": "may a pair be connected several times? default true"},
        "autapses": {"type": "boolean", "description": "may a neuron be connected to itself? default true"},
        **synapse(value, spread, resolved=resolved),
        "delay": spread(DELAY),
    }
    if not resolved:
        properties |= {
            "N": count,
            "weight_unit": {"enum": [*units_of("V"), *units_of("A"), *units_of("S")]},
            "delay_unit": {"enum": units_of("s")},
        }
    return {"type": "array", "maxItems": MAX_CONNECTIONS, "items": table(properties, ["pre", "post", "rule"])}


def _edges(*, resolved: bool) -> Schema:
    if resolved:
        column = {"type": ["string", "number"], "description": "base64 of the column, or its one value"}
        named: Schema = {"count": {"type": "integer"}, "sha256": {"type": "string"}}
        return table({**named, **dict.fromkeys(COLUMNS, column)}, [*named, *COLUMNS])
    numbers = {"type": "array", "items": {"type": "number"}, "minItems": 1}
    file = {"type": "string", "maxLength": 255, "description": "CSV, HDF5 or Parquet file beside the spec"}
    return {"anyOf": [file, table(dict.fromkeys(COLUMNS, numbers), ["source", "target"])]}

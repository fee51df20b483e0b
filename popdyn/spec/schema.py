"""The JSON Schema (2020-12) of a spec, made from the same tables that check it."""

from __future__ import annotations

import math

from popdyn.neurons import MODELS, NeuronModel
from popdyn.neurons.traces import MOST
from popdyn.parameters import Parameter
from popdyn.quantities import DIMENSIONS, units_of
from popdyn.spec.correlation import COEFFICIENT
from popdyn.spec.csv_file import MAX_ROWS
from popdyn.spec.document import MAX_INTEGER
from popdyn.spec.drive import CONVENTIONS, MAX_SOURCES, MU, NU, SIGMA
from popdyn.spec.names import ALIASES, aliases_of
from popdyn.spec.neuron import TAU_M
from popdyn.spec.population import MAX_SIZE, V_MEAN, V_STD, W_MEAN, W_STD
from popdyn.spec.protocol import DURATION, TRANSIENT
from popdyn.spec.resolve import MAX_NAME, MAX_POPULATIONS, SCHEMA
from popdyn.spec.schema_connections import Schema, connections, distribution, synapse, table
from popdyn.stimuli import KINDS, TARGETS, StimulusKind, on_target

_NAME = r"^[A-Za-z][A-Za-z0-9_]{0,63}$"
_NUMBER = r"[+-]?([0-9]+(_[0-9]+)*(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]{1,3})?"
_SPECIAL = "\\^$.|?*+()[]{}"


def json_schema(*, resolved: bool = False) -> Schema:
    """The schema of what a user writes; `resolved`: of what `to_dict` writes (bare SI numbers, nothing left out).

    Relations between values (V_reset < V_th, at < until, ...) and tails of distributions are checked by `load` alone.
    """
    return _Maker(resolved).document()


def _escape(text: str) -> str:
    return "".join("\\" + c if c in _SPECIAL else c for c in text)


class _Maker:
    def __init__(self, resolved: bool) -> None:
        self.resolved = resolved

    def document(self) -> Schema:
        properties: Schema = {
            "schema": {"const": SCHEMA, "description": "version of this format"},
            "resolved": {"const": self.resolved, "description": "true in a document that popdyn wrote: numbers are SI"},
            "name": {"type": "string", "maxLength": MAX_NAME, "description": "free text"},
            "populations": self._named(self._population(), "populations", MAX_POPULATIONS) | {"minProperties": 1},
            "connections": connections(self._value, self._spread, resolved=self.resolved),
            "protocols": self._named(self._protocol(), "protocols"),
        }
        return {
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            "title": "popdyn resolved spec" if self.resolved else "popdyn spec",
            **table(properties, ["populations", "resolved"] if self.resolved else ["populations"]),
            "$defs": {_definition(unit): self._quantity(unit) for unit in DIMENSIONS}
            | {f"{_definition(unit)}_distribution": self._distribution(unit) for unit in DIMENSIONS},
        }

    def _distribution(self, unit: str) -> Schema:
        return distribution({"$ref": f"#/$defs/{_definition(unit)}"}, unit, resolved=self.resolved)

    def _quantity(self, unit: str) -> Schema:
        if self.resolved:
            return {"type": "number", "description": f"SI: {unit}"}
        words = DIMENSIONS[unit]
        units = "|".join(_escape(u).replace("/", " ?/ ?") for u in sorted(units_of(unit), key=len, reverse=True))
        text = {"type": "string", "pattern": rf"^\s*{_NUMBER}\s*({units})\s*$", "examples": [words.example]}
        pair = table({"value": {"type": "number"}, "unit": {"enum": units_of(unit)}}, ["value", "unit"])
        plain = [{"type": "number"}] if unit == "1" else []
        return {"description": f"{words.name}, e.g. {words.example}", "anyOf": [text, pair, *plain]}

    def _value(self, parameter: Parameter) -> Schema:
        schema: Schema = {"$ref": f"#/$defs/{_definition(parameter.unit)}", "description": parameter.doc}
        if self.resolved:
            low = "exclusiveMinimum" if parameter.lower_open else "minimum"
            limits = {low: parameter.lower, "maximum": parameter.upper}
            schema |= {key: bound for key, bound in limits.items() if math.isfinite(bound)}
        return schema

    def _spread(self, parameter: Parameter) -> Schema:
        """A value or a distribution."""
        spread = {"$ref": f"#/$defs/{_definition(parameter.unit)}_distribution"}
        return {"description": parameter.doc, "anyOf": [self._value(parameter), spread]}

    def _named(self, item: Schema, what: str, most: int | None = None) -> Schema:
        limit = {} if most is None else {"maxProperties": most}
        return {
            "type": "object",
            "description": what,
            "propertyNames": {"pattern": _NAME},
            "additionalProperties": item,
            **limit,
        }

    def _population(self) -> Schema:
        poisson = {
            "K": {"type": "integer", "minimum": 1, "maximum": MAX_SOURCES, "description": "sources per neuron"},
            "nu": self._value(NU),
            **synapse(self._value, self._spread, resolved=self.resolved),
        }
        pair = {"type": "array", "items": {"type": "string"}, "minItems": 2, "maxItems": 2}
        correlation = {"between": pair, "coefficient": self._value(COEFFICIENT)}
        initial = {"V": self._start(V_MEAN, V_STD), "w": self._start(W_MEAN, W_STD)}
        properties = {
            "size": {"type": "integer", "minimum": 1, "maximum": MAX_SIZE, "description": "number of neurons"},
            "neuron": {"oneOf": [self._neuron(model) for model in MODELS.values()]},
            "noise": {"anyOf": [self._noise(name) for name in CONVENTIONS]},
            "poisson": {"type": "array", "items": table(poisson, ["K", "nu"])},
            "correlations": {"type": "array", "items": table(correlation, list(correlation))},
            "initial": table(initial),
        }
        return table(properties, ["size", "neuron"])

    def _neuron(self, model: NeuronModel) -> Schema:
        properties: Schema = {"model": {"const": model.name, "description": model.title}}
        for parameter in (*model.parameters, *(() if self.resolved else (TAU_M,))):
            schema = self._value(parameter) if parameter is TAU_M else self._spread(parameter)
            properties[parameter.name] = schema
            for alias in () if self.resolved else aliases_of(parameter.name):
                tools = next(a.tools for a in ALIASES if a.name == alias)
                properties[alias] = schema | {"description": f"{parameter.name} ({tools})"}
        for one in model.keys[len(model.parameters) :]:
            properties[one.name] = {
                "type": "array",
                "maxItems": MOST,
                "items": self._spread(one),
                "description": one.doc,
            }
        return table(properties, ["model"])

    def _noise(self, name: str) -> Schema:
        convention = CONVENTIONS[name]
        mu, sigma = MU[convention.units[0]], SIGMA[convention.units[1]]
        properties = {
            "convention": {"const": name, "description": convention.equation},
            "mu": self._spread(mu),
            "sigma": self._spread(sigma),
        }
        return table(properties, [] if name == "augustin" else ["convention"])

    def _start(self, mean: Parameter, std: Parameter) -> Schema:
        pair = {"type": "array", "prefixItems": [self._value(mean), self._value(std)], "minItems": 2, "maxItems": 2}
        return {"description": mean.doc, "anyOf": [self._value(mean), table({"normal": pair}, ["normal"])]}

    def _protocol(self) -> Schema:
        properties = {
            "duration": self._value(DURATION),
            "transient": self._value(TRANSIENT),
            "seed": {"type": "integer", "minimum": 0, "maximum": MAX_INTEGER, "description": "draws random stimuli"},
            "stimulus": {
                "type": "array",
                "items": {"oneOf": [self._stimulus(kind, t) for kind in KINDS.values() for t in TARGETS]},
            },
        }
        return table(properties, ["duration"])

    def _stimulus(self, kind: StimulusKind, target: str) -> Schema:
        properties: Schema = {
            "population": {"type": "string", "description": "may be left out when there is one population"},
            "target": {"const": target},
            "kind": {"const": kind.name, "description": kind.doc},
        }
        if kind.repeated:
            properties |= self._points(TARGETS[target])
            return table(properties, ["target", "kind", *(() if self.resolved else ("time_unit", "value_unit"))])
        for p in kind.parameters:
            properties[p.name] = self._value(on_target(p, target))
        needed = [p.name for p in kind.parameters if p.default is None]
        return table(properties, ["target", "kind", *needed])

    def _points(self, target_unit: str) -> Schema:
        numbers = {"type": "array", "items": {"type": "number"}, "minItems": 1, "maxItems": MAX_ROWS}
        inline = {"times": numbers, "values": numbers}
        if self.resolved:
            return inline
        file = {"type": "string", "maxLength": 255, "description": "CSV file beside the spec, two columns t,value"}
        return {
            "file": file,
            **inline,
            "time_unit": {"enum": units_of("s")},
            "value_unit": {"enum": units_of(target_unit)},
        }


def _definition(unit: str) -> str:
    return {"1": "number"}.get(unit, unit.replace("/", "_per_").replace("(", "_").replace(")", ""))

"""The published JSON Schema says what `load` accepts."""

from __future__ import annotations

import json
import random
import re
import tomllib

import pytest
from hostile_corpus import BASE, CSV_BLOCK
from random_specs import draw_network, draw_spec, write

from popdyn.errors import SpecError
from popdyn.neurons import MODELS
from popdyn.quantities import DIMENSIONS
from popdyn.spec import json_schema, load, to_dict
from popdyn.spec.names import ALIASES
from popdyn.stimuli import KINDS, TARGETS


def test_every_model_kind_and_alias_is_in_it():
    schema = json_schema()
    population = schema["properties"]["populations"]["additionalProperties"]["properties"]
    models = {m["properties"]["model"]["const"]: m["properties"] for m in population["neuron"]["oneOf"]}
    assert set(models) == set(MODELS)
    for name, properties in models.items():
        own = {p.name for p in MODELS[name].keys} | {"tau_m"}
        assert set(properties) == {"model"} | own | {a.name for a in ALIASES if a.meaning in own}
    stimuli = schema["properties"]["protocols"]["additionalProperties"]["properties"]["stimulus"]["items"]["oneOf"]
    assert len(stimuli) == len(KINDS) * len(TARGETS)
    assert len(json.dumps(schema)) < 90_000


def test_the_patterns_of_quantities():
    definitions = [d for name, d in json_schema()["$defs"].items() if not name.endswith("_distribution")]
    for definition, (dimension, words) in zip(definitions, DIMENSIONS.items(), strict=True):
        pattern = definition["anyOf"][0]["pattern"]
        assert re.search(pattern, words.example), dimension
        assert not re.search(pattern, "20 furlong")
        assert not re.search(pattern, "9**9**9 mV")


@pytest.mark.foreign
def test_the_schema_and_load_agree():
    """Valid specs pass the schema; what the schema refuses, load refuses."""
    jsonschema = pytest.importorskip("jsonschema")
    user, resolved = (jsonschema.Draft202012Validator(json_schema(resolved=r)) for r in (False, True))
    jsonschema.Draft202012Validator.check_schema(user.schema)
    jsonschema.Draft202012Validator.check_schema(resolved.schema)
    user.validate(tomllib.loads(BASE))
    user.validate(tomllib.loads(BASE + CSV_BLOCK))
    for seed in range(50):
        rng = random.Random(seed)
        for draw in (draw_spec, draw_network):
            document = write(draw(rng), rng)
            user.validate(document)
            resolved.validate(to_dict(load(document)))
    from test_fuzz import mutate

    refused = 0
    for seed in range(400):
        rng = random.Random(seed)
        document = mutate(write((draw_spec, draw_network)[seed % 2](rng)), rng)
        if document.get("resolved") is True or json.dumps(document, default=str).count("NaN"):
            continue
        if not user.is_valid(document):
            refused += 1
            with pytest.raises(SpecError):
                load(document)
    assert refused > 50

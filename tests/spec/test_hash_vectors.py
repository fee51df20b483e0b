"""spec_hash is pinned: the canonical bytes and their SHA-256, checkable in any language.

`python tests/spec/test_hash_vectors.py` writes the vectors anew (only when the format changes, with its number).
"""

from __future__ import annotations

import hashlib
import json
import random
from pathlib import Path

import pytest
from random_specs import draw_spec, write

from popdyn.spec import from_dict, load, to_dict

FILE = Path(__file__).with_name("hash_vectors.json")
COUNT = 100


def vectors() -> list[dict[str, str]]:
    return json.loads(FILE.read_text())


@pytest.mark.parametrize("number", range(COUNT))
def test_vector(number):
    vector = vectors()[number]
    assert hashlib.sha256(vector["canonical"].encode()).hexdigest() == vector["spec_hash"]
    document = {"resolved": True, **json.loads(vector["canonical"])}
    assert from_dict(document).spec_hash == vector["spec_hash"]


def make() -> list[dict[str, str]]:
    import rfc8785

    found = []
    for seed in range(COUNT):
        network = load(write(draw_spec(random.Random(9000 + seed))))
        document = {k: v for k, v in to_dict(network).items() if k in ("schema", "populations", "protocols")}
        found.append({"canonical": rfc8785.dumps(document).decode(), "spec_hash": network.spec_hash})
    return found


if __name__ == "__main__":
    FILE.write_text("[\n" + ",\n".join(json.dumps(v) for v in make()) + "\n]\n")

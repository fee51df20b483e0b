"""spec_hash is pinned: the canonical bytes and their SHA-256, checkable in any language.

`python tests/spec/test_hash_vectors.py` writes the vectors anew (only when the format changes, with its number).
"""

from __future__ import annotations

import hashlib
import json
import random
from pathlib import Path

import pytest
from random_specs import draw_network, draw_spec, write

from popdyn.spec import from_dict, load, to_dict

FILES = {
    "plain": Path(__file__).with_name("hash_vectors.json"),
    "networks": Path(__file__).with_name("network_hashes.json"),
}
DRAWS = {"plain": draw_spec, "networks": draw_network}
HASHED = ("schema", "populations", "connections", "protocols")
COUNT = 100


@pytest.mark.parametrize("kind", FILES)
@pytest.mark.parametrize("number", range(COUNT))
def test_vector(number, kind):
    vector = json.loads(FILES[kind].read_text())[number]
    assert hashlib.sha256(vector["canonical"].encode()).hexdigest() == vector["spec_hash"]
    document = {"resolved": True, **json.loads(vector["canonical"])}
    assert from_dict(document).spec_hash == vector["spec_hash"]


def make(kind: str) -> list[dict[str, str]]:
    """Without edge tables: the canonical form has their hash in place of their edges."""
    import rfc8785

    found = []
    for seed in range(10 * COUNT):
        network = load(write(DRAWS[kind](random.Random(9000 + seed))))
        document = {k: v for k, v in to_dict(network).items() if k in HASHED}
        if not any(connection.edges for connection in network.connections):
            found.append({"canonical": rfc8785.dumps(document).decode(), "spec_hash": network.spec_hash})
    return found[:COUNT]


if __name__ == "__main__":
    for kind, file in FILES.items():
        file.write_text("[\n" + ",\n".join(json.dumps(v) for v in make(kind)) + "\n]\n")

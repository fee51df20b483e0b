"""Many small objects, as the store publishes them, without its syncs."""

import hashlib
import random

from popdyn.store.label import text
from popdyn.store.sealed import seal

from .toy_writer import key_of


def described(content):
    return {"bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}


def fabricate(root, count):
    """Objects 0 … count - 1; specs, protocols and backends take turns."""
    root.mkdir(exist_ok=True)
    (root / "STORE.toml").write_bytes(text())
    population = {"size": 1000, "neuron": {name: random.Random(name).random() for name in "abcdefghijklmnop"}}
    for number in range(count):
        key = key_of(number)
        place, files = root / "objects" / key[:2] / key, {"result.h5": b"result %d" % number, "log.txt": b""}
        job = {"rung": "spiking", "protocol": f"step {number % 3}", "backend": ("numpy", "cython")[number % 2],
               "spec": {"populations": {"E": population}}}  # fmt: skip
        said = {"job": job, "labels": {"spec": f"toy {number % 7}"}, "made": f"2026-01-{number % 28 + 1:02}T00:00:00Z"}
        place.mkdir(parents=True)
        for name, content in files.items():
            (place / name).write_bytes(content)
        listed = {name: described(content) for name, content in files.items()}
        (place / "manifest.json").write_bytes(seal({**said, "schema": 1, "key": key, "files": listed}))

"""Results of slow rows, one JSON line each, in POPDYN_VERIFICATION (default out/verification.jsonl): rows are resumed.

A line stays valid for one version of the code that it covers: its key holds a hash of the package's source.
"""

from __future__ import annotations

import hashlib
import json
import os
import time
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import popdyn

Values = dict[str, Any]


def file() -> Path:
    return Path(os.environ.get("POPDYN_VERIFICATION", "out/verification.jsonl"))


@cache
def code_hash(folders: tuple[str, ...] = ("",)) -> str:
    """SHA-256 of the package's source, or of these folders of it: rows measure fits and workflows, too."""
    root, digest = Path(popdyn.__file__).parent, hashlib.sha256()
    for folder in folders:
        for path in sorted((root / folder).rglob("*.py")):
            digest.update(path.relative_to(root).as_posix().encode())
            digest.update(path.read_bytes())
    return digest.hexdigest()[:12]


def once(row: str, item: str, measure: Callable[[], Values], folders: tuple[str, ...] = ("",)) -> Values:
    """The recorded values of an item of a row, measured now if this code has not measured them yet."""
    key = {"row": row, "item": item, "code": code_hash(folders)}
    path = file()
    if path.exists():
        for line in path.read_text().splitlines():
            entry = json.loads(line)
            if {k: entry.get(k) for k in key} == key:
                return dict(entry["values"])
    began = time.process_time()
    values = measure()
    path.parent.mkdir(parents=True, exist_ok=True)
    stamp = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    entry = key | {"date": stamp, "cpu_s": round(time.process_time() - began, 2), "values": values}
    with path.open("a") as out:
        out.write(json.dumps(entry) + "\n")
    return values

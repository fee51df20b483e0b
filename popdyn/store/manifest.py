"""manifest.json: every file of an object with its size and SHA-256, beside whatever the publisher wants to say."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from popdyn.errors import IntegrityError
from popdyn.store.sealed import seal, unseal

NAME = "manifest.json"
LOG = "log.txt"
SCHEMA = 1
CHUNK = 1 << 20


def write(directory: Path, key: str, said: Mapping[str, Any]) -> dict[str, Any]:
    """Describe what lies in a directory in its manifest.json, which ends with the digest of its own text."""
    files = {path.name: describe(path) for path in sorted(directory.iterdir())}
    document = {**said, "schema": SCHEMA, "key": key, "files": files}
    (directory / NAME).write_bytes(seal(document))
    return document


def read(directory: Path, key: str) -> dict[str, Any]:
    """The manifest of an object, or IntegrityError."""
    try:
        document = unseal((directory / NAME).read_bytes())
        schema, owner = int(document["schema"]), document["key"]
        document["files"] = dict(document["files"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        message = f"{directory / NAME}: not a readable manifest ({type(error).__name__}: {error})"
        raise IntegrityError(message) from error
    if schema > SCHEMA:
        raise IntegrityError(f"{directory / NAME}: of schema {schema}; the newest known here is {SCHEMA}")
    if owner != key:
        raise IntegrityError(f"{directory}: its manifest belongs to another key, {owner}")
    return dict(document)


def verify(directory: Path, key: str) -> dict[str, Any]:
    """Read every file of an object and compare; the manifest, or IntegrityError naming the first difference."""
    document = read(directory, key)
    found = {path.name for path in directory.iterdir()} - {NAME}
    if found != set(document["files"]):
        raise IntegrityError(f"{directory}: holds {sorted(found)}, its manifest lists {sorted(document['files'])}")
    for name, listed in document["files"].items():
        if describe(directory / name) != listed:
            raise IntegrityError(f"{directory / name}: its content is not what the manifest lists")
    return document


def payload(document: Mapping[str, Any]) -> dict[str, str]:
    """Digest of every file that the key determines: all but the log."""
    return {name: item["sha256"] for name, item in document["files"].items() if name != LOG}


def describe(path: Path) -> dict[str, Any]:
    """Size and SHA-256 of a plain file."""
    if path.is_symlink() or not path.is_file():
        raise IntegrityError(f"{path}: not a plain file")
    digest, size = hashlib.sha256(), 0
    with path.open("rb") as file:
        while block := file.read(CHUNK):
            digest.update(block)
            size += len(block)
    return {"bytes": size, "sha256": digest.hexdigest()}

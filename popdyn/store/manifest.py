"""manifest.json: every file of an object with its size and SHA-256, beside whatever the publisher wants to say.

`job` is the document that the key was made of, `labels` are words that do not change the result: `store ls` reads both.
"""

from __future__ import annotations

import hashlib
import math
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, BinaryIO

from popdyn.errors import IntegrityError, UsageError
from popdyn.store.durable import plain_bytes, reading, write_file
from popdyn.store.sealed import seal, unseal

NAME = "manifest.json"
LOG = "log.txt"
SCHEMA = 1
MOST_BYTES = 64 << 20
CHUNK = 1 << 20


def write(directory: Path, key: str, said: Mapping[str, Any]) -> dict[str, Any]:
    """Describe what lies in a directory in its manifest.json."""
    files = {path.name: describe(path) for path in sorted(directory.iterdir())}
    document = {**said, "schema": SCHEMA, "key": key, "files": files}
    write_file(directory / NAME, seal(document))
    return document


def read(directory: Path, key: str) -> dict[str, Any]:
    """The manifest of an object.

    Raises IntegrityError where it is damaged, UsageError where it is of a newer schema, FileNotFoundError where there
    is no object, ResourceError where the disk does not give it.
    """
    path = directory / NAME
    try:
        with reading(path):
            content = plain_bytes(path, MOST_BYTES)
        document = unseal(content)
        schema, owner = document["schema"], document["key"]
        files = None if schema > SCHEMA else dict(document["files"])
    except FileNotFoundError as error:
        if not directory.is_dir():
            raise
        raise IntegrityError(f"{path}: is missing") from error
    except (ValueError, KeyError, TypeError) as error:
        raise IntegrityError(f"{path}: not a readable manifest ({error})") from error
    if owner != key:
        raise IntegrityError(f"{directory}: its manifest belongs to another key, {owner}")
    if files is None:
        raise UsageError(
            f"{path}: of schema {schema}; allowed: up to {SCHEMA}; use a newer popdyn; nothing was changed"
        )
    return document


def verify(directory: Path, key: str) -> dict[str, Any]:
    """Read every file of an object and compare; its manifest.

    Raises what `read` raises; IntegrityError names the first difference.
    """
    document = read(directory, key)
    with reading(directory):
        found = set(os.listdir(directory)) - {NAME}
    if found != set(document["files"]):
        raise IntegrityError(f"{directory}: holds {sorted(found)}, its manifest lists {sorted(document['files'])}")
    for name, listed in document["files"].items():
        with reading(directory / name):
            same = describe(directory / name) == listed
        if not same:
            raise IntegrityError(f"{directory / name}: its content is not what the manifest lists")
    return document


def payload(document: Mapping[str, Any]) -> dict[str, str]:
    """Digest of every file that the key determines: all but the log."""
    return {name: item["sha256"] for name, item in document["files"].items() if name != LOG}


def describe(path: Path) -> dict[str, Any]:
    """Size and SHA-256 of a plain file."""
    if path.is_symlink() or not path.is_file():
        raise IntegrityError(f"{path}: not a plain file")
    with path.open("rb") as file:
        return describe_stream(file)


def describe_stream(file: BinaryIO, most: float = math.inf) -> dict[str, Any]:
    """Size and SHA-256 of what can still be read; of more than `most` bytes no more than a block beyond."""
    digest, size = hashlib.sha256(), 0
    while size <= most and (block := file.read(CHUNK)):
        digest.update(block)
        size += len(block)
    return {"bytes": size, "sha256": digest.hexdigest()}

"""EXPORT.json, the sealed list of an archive, and the names that its members may have."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, BinaryIO

from popdyn.errors import IntegrityError, UsageError
from popdyn.store import label
from popdyn.store.sealed import unseal

LISTING = "EXPORT.json"
SCHEMA = 1
MOST_BYTES = 256 << 20
_MEMBER = re.compile(r"objects/([0-9a-f]{2})/(\1[0-9a-f]{62})/([A-Za-z0-9_][A-Za-z0-9_.-]{0,63})")


def member(key: str, name: str) -> str:
    """The name in an archive of a file of an object.

    Raises UsageError for a name that no popdyn gives.
    """
    text = f"objects/{key[:2]}/{key}/{name}"
    if not _MEMBER.fullmatch(text):
        raise UsageError(f"{key}: has a file {name!r}; allowed: letters, digits, _, - and . in a name")
    return text


def key_of(name: str) -> str:
    """The key whose object has a member of this name; "" where none can have it."""
    found = _MEMBER.fullmatch(name)
    return found[2] if found else ""


def read_listing(path: Path, file: BinaryIO) -> dict[str, Any]:
    """The list of an archive, checked: keys, names, sizes, digests.

    Raises IntegrityError where it is damaged or names what it must not, UsageError where it is of a newer schema.
    """
    try:
        document = unseal(file.read(MOST_BYTES))
        schema = document["schema"]
        if schema > SCHEMA:
            raise UsageError(f"{path}: an archive of schema {schema}; allowed: up to {SCHEMA}; use a newer popdyn")
        strange = [name for name in document["files"] if not key_of(name) and name != label.NAME]
        plain = all(_plain(item) for item in document["files"].values())
        keys = sorted({key_of(name) for name in document["files"]} - {""})
    except UsageError:
        raise
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise IntegrityError(f"{path}: its list cannot be read ({error})") from error
    if strange or not plain or keys != document["keys"]:
        raise IntegrityError(f"{path}: its list names what no archive holds: {str(strange or keys)[:200]}")
    return document


def _plain(item: Any) -> bool:
    size, digest = item["bytes"], item["sha256"]
    return type(size) is int and size >= 0 and isinstance(digest, str) and len(item) == 2

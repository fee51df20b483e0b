"""What a manifest tells of its object in one line of a list."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from popdyn.errors import IntegrityError, ResourceError, UsageError
from popdyn.store import manifest
from popdyn.store.filters import WORDS, is_stamp, stamp

LONGEST = 200


class Entry(NamedTuple):
    """An object as its manifest tells it, unverified; `fault` says why a manifest could not be read."""

    key: str
    made: str
    bytes: int
    spec: str
    protocol: str
    rung: str
    backend: str
    fault: str


def read_entry(place: Path, key: str) -> Entry:
    """The entry of an object; nothing is raised, moved or changed."""
    try:
        if place.is_symlink():
            raise IntegrityError("a link")
        document = manifest.read(place, key)
        made, size = document.get("made"), sum(int(item["bytes"]) for item in document["files"].values())
        if not is_stamp(made):
            made = stamp(place.stat().st_mtime)
        return Entry(key, str(made), size, *_words(document), "")
    except UsageError:
        fault = "of a newer schema"
    except ResourceError as error:
        fault = str(error)
    except FileNotFoundError:
        fault = "gone"
    except (IntegrityError, KeyError, TypeError, ValueError) as error:
        fault = f"damaged: {error}"
    return Entry(key, "", 0, "", "", "", "", fault[:LONGEST])


def _words(document: Mapping[str, Any]) -> tuple[str, str, str, str]:
    """Labels say more than the job, whose key the name of a spec does not change."""
    parts = [part for part in (document.get("labels"), document.get("job")) if isinstance(part, Mapping)]
    found = ([part[word] for part in parts if isinstance(part.get(word), str)] for word in WORDS)
    spec, protocol, rung, backend = ((texts[0] if texts else "")[:LONGEST] for texts in found)
    return spec, protocol, rung, backend

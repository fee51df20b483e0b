"""JSON that holds the digest of its own text: a damaged one is told from a whole one."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

SEAL = "sha256"


def seal(document: Mapping[str, Any]) -> bytes:
    """The text of a document with its digest under `sha256`: that of the text with "" there. Equal in, equal out.

    Raises ValueError or TypeError for what JSON cannot hold (NaN among it).
    """
    digest = hashlib.sha256(_text({**document, SEAL: ""})).hexdigest()
    return _text({**document, SEAL: digest})


def unseal(content: bytes) -> dict[str, Any]:
    """The document of a sealed text, or ValueError saying why it is none."""
    try:
        document = json.loads(content)
        digest = document[SEAL].encode("ascii")
    except (TypeError, KeyError, AttributeError, RecursionError, UnicodeError) as error:
        raise ValueError(f"{type(error).__name__}: {error}") from error
    if len(digest) != 64 or hashlib.sha256(content.replace(digest, b"")).hexdigest().encode() != digest:
        raise ValueError("its text is not what was written")
    return dict(document)


def _text(document: Mapping[str, Any]) -> bytes:
    return (json.dumps(document, indent=1, sort_keys=True, ensure_ascii=False, allow_nan=False) + "\n").encode()

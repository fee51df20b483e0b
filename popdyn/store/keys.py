"""The name of a result: SHA-256 of its job's canonical JSON."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Mapping
from typing import Any

from popdyn.errors import UsageError

DOMAIN = b"popdyn/job/v1\n"
_KEY = re.compile(r"[0-9a-f]{64}")


def job_key(document: Mapping[str, Any]) -> str:
    """Hex SHA-256 of "popdyn/job/v1\\n" and the RFC 8785 JSON of the job, text in Unicode's NFC.

    1 and 1.0 give one key, as do -0.0 and 0; NaN, infinities and integers from 2^53 on are refused.
    """
    import rfc8785

    try:
        canonical = rfc8785.dumps(_composed(document))
    except (rfc8785.CanonicalizationError, ValueError) as error:
        message = f"job: got a value that JSON cannot hold exactly ({error}); allowed: finite numbers"
        raise UsageError(message) from error
    return hashlib.sha256(DOMAIN + canonical).hexdigest()


def checked(key: str) -> str:
    """The key, if it is one: it becomes part of a path."""
    if not is_key(key):
        raise UsageError(f"key: got {key!r}; allowed: 64 lower-case hexadecimal digits")
    return key


def is_key(text: str) -> bool:
    """64 lower-case hexadecimal digits."""
    return _KEY.fullmatch(text) is not None


def _composed(value: Any) -> Any:
    if isinstance(value, str):
        return unicodedata.normalize("NFC", value)
    if isinstance(value, Mapping):
        return {_composed(name): _composed(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [_composed(item) for item in value]
    return value

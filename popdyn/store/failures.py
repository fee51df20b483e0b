"""failures/<key>/attempt-N.json: what became of every attempt that failed. Written once, never overwritten."""

from __future__ import annotations

import contextlib
import os
import re
import secrets
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from popdyn.errors import UsageError
from popdyn.store.durable import disk_errors, new_file, new_folder, plain_bytes, sync, write_file
from popdyn.store.keys import checked, is_key
from popdyn.store.sealed import seal, unseal

SCHEMA = 1
MOST_BYTES = 1 << 20
_NAME = re.compile(r"attempt-([1-9][0-9]{0,8})\.json")
Report = Callable[[str], None]


@dataclass(frozen=True)
class Attempt:
    """One attempt: its number from 1, what was recorded; `fault` says why nothing can be read of a damaged record."""

    number: int
    document: dict[str, Any] = field(default_factory=dict)
    fault: str = ""


def record(root: Path, key: str, document: Mapping[str, Any]) -> int:
    """Keep a document as the next attempt of a key, durably; its number.

    Raises UsageError for what JSON cannot hold or more than 1 MiB, ResourceError where the disk is full or closed.
    """
    folder = _folder(root, key)
    with disk_errors(root, "the failure was not recorded"):
        new_folder(folder)
        number = max(_numbers(folder), default=0) + 1
        while not _written(folder, number, key, document):
            number += 1
        sync(folder)
    return number


def attempts(root: Path, key: str, report: Report | None = None) -> list[Attempt]:
    """The attempts of a key in their order; `report` hears of damaged records and of files that are none."""
    folder, found = _folder(root, key), []
    for name in sorted(_names(folder)):
        match = _NAME.fullmatch(name)
        if match:
            found.append(_read(folder / name, int(match[1]), key))
            said = found[-1].fault
        else:
            said = "" if name.startswith(".") else f"{folder / name}: no record of an attempt; left as it is"
        if said and report is not None:
            report(said)
    return sorted(found, key=lambda attempt: attempt.number)


def clear(root: Path, key: str) -> int:
    """Remove the attempts of a key; how many there were. What is no record stays."""
    folder, gone = _folder(root, key), 0
    with disk_errors(root, "not all attempts were removed"):
        for name in _names(folder):
            if _NAME.fullmatch(name) or name.startswith("."):
                (folder / name).unlink(missing_ok=True)
                gone += not name.startswith(".")
        with contextlib.suppress(OSError):
            folder.rmdir()
    return gone


def failed_keys(root: Path) -> Iterator[str]:
    """Keys that have a folder of attempts."""
    return (name for name in sorted(_names(root / "failures")) if is_key(name))


def _folder(root: Path, key: str) -> Path:
    return Path(root) / "failures" / checked(key)


def _names(folder: Path) -> list[str]:
    try:
        return os.listdir(folder)
    except (FileNotFoundError, NotADirectoryError):
        return []


def _numbers(folder: Path) -> list[int]:
    return [int(match[1]) for match in map(_NAME.fullmatch, _names(folder)) if match]


def _written(folder: Path, number: int, key: str, document: Mapping[str, Any]) -> bool:
    """Whether the record became attempt `number`: False where somebody else's did."""
    try:
        content = seal({**document, "schema": SCHEMA, "key": key, "attempt": number})
    except (ValueError, TypeError) as error:
        raise UsageError(f"failure of {key}: got what JSON cannot hold ({error}); allowed: finite numbers") from error
    if len(content) > MOST_BYTES:
        raise UsageError(f"failure of {key}: got {len(content)} bytes; allowed: {MOST_BYTES}; keep the end of its log")
    draft = folder / f".draft-{secrets.token_hex(8)}"
    try:
        write_file(draft, content)
        return new_file(draft, folder / f"attempt-{number}.json")
    finally:
        draft.unlink(missing_ok=True)


def _read(path: Path, number: int, key: str) -> Attempt:
    try:
        document = unseal(plain_bytes(path, MOST_BYTES))
        if (document.get("key"), document.get("attempt")) != (key, number):
            raise ValueError("it belongs to another attempt")
    except (OSError, ValueError) as error:
        return Attempt(number, fault=f"{path}: a damaged record of an attempt ({error}); it counts as an attempt")
    return Attempt(number, document)

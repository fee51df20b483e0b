"""STORE.toml: the format of a store, so that an older popdyn leaves a newer store alone."""

from __future__ import annotations

import secrets
import tomllib
from pathlib import Path

from popdyn.errors import IntegrityError, UsageError
from popdyn.store.durable import new_folder, plain_bytes, reading, sync, write_file

NAME = "STORE.toml"
FORMAT = 1
MOST_BYTES = 1 << 16


def text() -> bytes:
    """The label of a store of this format."""
    return f"# A store of popdyn results.\nformat = {FORMAT}\n".encode()


def write_label(root: Path) -> None:
    """Label a store that has none; of two processes that do so at once, either may win."""
    label = root / NAME
    if label.exists():
        return
    new_folder(root)
    draft = root / f".STORE-{secrets.token_hex(4)}"
    try:
        write_file(draft, text())
        draft.replace(label)
    finally:
        draft.unlink(missing_ok=True)
    sync(root)


def check_label(root: Path) -> bool:
    """Whether there is a store.

    Raises UsageError where it is of a newer format, IntegrityError where its label is none, ResourceError where the
    disk does not give it.
    """
    label = root / NAME
    try:
        with reading(label):
            content = plain_bytes(label, MOST_BYTES)
        found = tomllib.loads(content.decode())["format"]
    except FileNotFoundError:
        return False
    except (ValueError, KeyError, RecursionError) as error:
        raise IntegrityError(f"{label}: not a readable store label ({str(error)[:200]})") from error
    if type(found) is not int or found < 1:
        raise IntegrityError(f"{label}: a store of format {found!r}; allowed: 1 to {FORMAT}")
    if found > FORMAT:
        raise UsageError(f"{root}: a store of format {str(found)[:20]}; allowed: up to {FORMAT}; use a newer popdyn")
    return True

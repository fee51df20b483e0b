"""Files beside the spec: found inside its folder only, read within limits, never executed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from popdyn.errors import SpecError
from popdyn.spec.document import read_text
from popdyn.spec.section import Section, show

ALLOWED = "a file name relative to the spec's folder, inside it"


def find(section: Section, key: str, name: Any, fix: str) -> Path | None:
    """The path of the file that a key names; None after a fault."""
    if not isinstance(name, str):
        section.fault(key, "nothing" if name is None else show(name), ALLOWED, fix)
        return None
    if section.folder is None:
        section.fault(key, show(name), "no file: the spec is not one itself", "pass folder=, or the values themselves")
        return None
    path = _inside(section.folder, name)
    if path is None:
        section.fault(key, show(name), ALLOWED, "put the file beside the spec and write its name only")
    return path


def text_of(section: Section, key: str, path: Path, limit: int) -> str | None:
    """The text of a file of at most `limit` bytes; None after a fault."""
    try:
        return read_text(path, limit, "")
    except SpecError as error:
        first = error.faults[0]
        section.fault(key, f"{show(section.data.get(key))}: {first.got}", first.allowed, first.fix)
        return None


def _inside(folder: Path, name: str) -> Path | None:
    """The file if its real path lies in the folder; no absolute name, no .., no link that leads out."""
    parts = name.split("/")
    odd = not name.isprintable() or "\\" in name or ":" in name or len(name) > 255
    if odd or {"..", ".", ""} & set(parts):
        return None
    try:
        real = (folder / name).resolve()
        return real if real.is_relative_to(folder.resolve()) else None
    except (OSError, RuntimeError):
        return None

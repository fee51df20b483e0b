"""staging/<key>-<random>-<pid>-<start>-<boot>-<host>: a result while it is written, named after its writer."""

from __future__ import annotations

import hashlib
import re
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from popdyn.store.durable import new_folder, remove
from popdyn.store.processes import Process, runs, this_process

_NAME = re.compile(r"[0-9a-f]{64}-[0-9a-f]{8}-(\d{1,19})-(\d{0,19})-([0-9a-f]{8})-([\w.-]{0,64})")


@dataclass(frozen=True)
class Draft:
    """A folder of staging/; `alive`: whether its writer runs, None where this machine cannot know."""

    path: Path
    alive: bool | None


def new_draft(root: Path, key: str) -> Path:
    """An empty folder of this process to write a result in."""
    me = this_process()
    name = f"{key}-{secrets.token_hex(4)}-{me.pid}-{me.start}-{_tag(me.boot)}-{_plain(me.host)}"
    new_folder(root / "staging")
    path = root / "staging" / name
    path.mkdir(mode=0o700)
    return path


def drafts(root: Path) -> Iterator[Draft]:
    """What lies in staging/."""
    me = this_process()
    for path in sorted((root / "staging").glob("*")):
        match = _NAME.fullmatch(path.name)
        here = match is not None and (match[3], match[4]) == (_tag(me.boot), _plain(me.host))
        yield Draft(path, runs(Process(me.host, me.boot, int(match[1]), match[2])) if match and here else None)


def sweep(root: Path) -> int:
    """Remove what processes of this machine left that run no more; how many there were."""
    dead = [draft.path for draft in drafts(root) if draft.alive is False]
    for path in dead:
        remove(path)
    return len(dead)


def _tag(boot: str) -> str:
    return hashlib.sha256(boot.encode()).hexdigest()[:8]


def _plain(host: str) -> str:
    return re.sub(r"[^\w.-]", "_", host, flags=re.ASCII)[:64]

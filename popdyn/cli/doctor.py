"""`popdyn doctor`: is this machine ready?"""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from popdyn.errors import ResourceError

MARKS = {"ok": "ok   ", "note": "note ", "fault": "FAULT"}


def doctor(
    store: Annotated[Path | None, typer.Option("--store", help="folder of results")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="one JSON object on stdout")] = False,
) -> None:
    """Look at compiler, caches, versions, room; time one toy job of each kind."""
    from popdyn.workflows.doctor import FAULT, examine
    from popdyn.workflows.progress import progress_line

    with progress_line("looking at this machine") as progress:
        checks = examine(store=store, progress=progress)
    faults = [check.name for check in checks if check.status == FAULT]
    if as_json:
        typer.echo(json.dumps({"ok": not faults, "checks": [asdict(check) for check in checks]}, indent=2))
    else:
        for check in checks:
            fix = f"; {check.fix}" if check.fix else ""
            typer.echo(f"{MARKS[check.status]}  {check.name:18} {check.found}{fix}")
    if faults:
        raise typer.Exit(ResourceError.exit_code)

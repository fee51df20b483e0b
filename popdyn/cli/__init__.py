"""The command line: one file per command, found by its name and imported when it is asked for."""

from __future__ import annotations

import difflib
import importlib
import os
import sys
from collections.abc import Sequence
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from popdyn.errors import UsageError

COMMANDS = (
    "init",
    "check",
    "rates",
    "analyse",
    "simulate",
    "convert",
    "fit",
    "map",
    "batch",
    "store",
    "compare",
    "doctor",
    "cite",
)

_ONE_THREAD = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS")


class _Commands(TyperGroup):
    """`popdyn NAME` is the function, or the group of commands, `name` of `popdyn.cli.name`."""

    def list_commands(self, ctx: Any) -> list[str]:  # noqa: ARG002
        return list(COMMANDS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:  # noqa: ARG002
        if cmd_name not in COMMANDS:
            near = difflib.get_close_matches(cmd_name, COMMANDS, 1)
            fix = f"; did you mean `popdyn {near[0]}`?" if near else ""
            raise UsageError(f"command: got {cmd_name!r}; allowed: {', '.join(COMMANDS)}{fix}")
        found = getattr(importlib.import_module(f"popdyn.cli.{cmd_name}"), cmd_name)
        if isinstance(found, typer.Typer):  # a group: `popdyn NAME VERB`
            return typer.main.get_command(found)
        single = typer.Typer(add_completion=False, rich_markup_mode=None)
        single.command(cmd_name)(found)
        return typer.main.get_command(single)


app = typer.Typer(cls=_Commands, rich_markup_mode=None, no_args_is_help=True)


def _print_version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        typer.echo(f"popdyn {version('popdyn')}")
        raise typer.Exit


@app.callback()
def popdyn(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="print the version and stop")
    ] = False,
) -> None:
    """Spiking networks in, population rate equations with measured errors out."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; its exit code.

    0 ok, 1 our bug, 2 usage or spec, 3 partial failure, 4 resources, 5 integrity, 130 Ctrl-C.
    """
    for name in _ONE_THREAD:  # before numpy loads: threads make the small matrices here ten times slower
        os.environ.setdefault(name, "1")
    words = list(sys.argv[1:] if arguments is None else arguments)
    try:
        code = int(app(args=words, prog_name="popdyn", standalone_mode=False) or 0)
        if code == 130:  # typer has caught the KeyboardInterrupt
            raise KeyboardInterrupt
        return code
    except BaseException as error:
        if isinstance(error, SystemExit) or os.environ.get("POPDYN_DEBUG") == "1":
            raise
        from popdyn.cli.failure import report_failure

        return report_failure(error, as_json="--json" in words)

"""`popdyn compare A B`: the measures between two results."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer


def compare(
    truth: Annotated[Path, typer.Argument(help="result taken as the truth (.h5)")],
    model: Annotated[Path, typer.Argument(help="result judged (.h5)")],
    tolerance: Annotated[str, typer.Option(help="bar for nrmse and bias")] = "2%",
    bin_ms: Annotated[float, typer.Option("--bin", help="width of the bins [ms]")] = 5.0,
    block_ms: Annotated[float | None, typer.Option("--block", help="bootstrap blocks [ms], at least 5 tau_w")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="one JSON object on stdout")] = False,
) -> None:
    """How far a result is from another: nrmse with the sampling noise removed, bias, correlation, verdict."""
    from popdyn.cli.options import error_words, fraction
    from popdyn.comparison import compare as measure
    from popdyn.results import open_dataset

    found = measure(
        open_dataset(truth), open_dataset(model), tolerance=fraction(tolerance, "--tolerance"), bin=bin_ms * 1e-3,
        block=None if block_ms is None else block_ms * 1e-3,
    )  # fmt: skip
    if as_json:
        typer.echo(json.dumps(found.to_dict(), indent=2, allow_nan=False))
        return
    typer.echo(f"{found.verdict}: {found.model} against {found.truth}, protocol {found.protocol}")
    for name, m in found.populations.items():
        typer.echo(f"  {name}: {error_words(m.nrmse, m.bias, m.resolution)}, {m.verdict}")
    for note in (*found.notes, *(f"{name}: {note}" for name, m in found.populations.items() for note in m.notes)):
        typer.echo(f"  note: {note}")

"""`popdyn convert SPEC`: derive, simulate the truth, compare, report."""

from __future__ import annotations

import json
import shlex
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from popdyn.errors import UsageError


def convert(
    spec: Annotated[Path, typer.Argument(help="spec (TOML, JSON)")],
    to: Annotated[
        str | None,
        typer.Option(help="rung the verdict is about: density, modes, unit [default: unit; of networks density]"),
    ] = None,
    tolerance: Annotated[str, typer.Option(help="bar for nrmse and bias")] = "2%",
    protocol: Annotated[str | None, typer.Option(help="name in the spec [default: its first]")] = None,
    truth: Annotated[Path | None, typer.Option(help="reuse this ground-truth file")] = None,
    no_truth: Annotated[bool, typer.Option("--no-truth", help="skip the spiking network: seconds, unverified")] = False,
    seed: Annotated[int, typer.Option(help="seed of the spiking network, and of --finite-size")] = 0,
    finite_size: Annotated[
        bool, typer.Option("--finite-size", help="density: populations have their size, and fluctuate")
    ] = False,
    annealed: Annotated[
        bool, typer.Option("--annealed", help="simulate independent inputs too: what the network's correlations do")
    ] = False,
    store: Annotated[Path | None, typer.Option(help="store of ground truths [default: popdyn_store]")] = None,
    out: Annotated[
        Path | None, typer.Option(help="folder for the report [default: out/SPEC or, with --to, out/SPEC-RUNG]")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="one JSON object on stdout")] = False,
) -> None:
    """Turn a spec into a rate model with an error report: report.html, report.json, model.json."""
    from popdyn.cli.options import error_words, fraction
    from popdyn.workflows.convert import convert as run
    from popdyn.workflows.progress import progress_line

    if truth is not None and no_truth:
        raise UsageError("--truth and --no-truth exclude each other")
    bar = fraction(tolerance, "--tolerance")
    folder = out or Path("out") / (f"{spec.stem}-{to}" if to else spec.stem)
    with progress_line(f"converting {spec}{f' to the {to} rung' if to else ''}") as progress:
        work = run(
            spec, to=to, tolerance=bar, protocol=protocol, truth=False if no_truth else (truth or True), seed=seed,
            finite_size=finite_size, annealed=annealed, out=folder, store=store, progress=progress, command=_command(),
        )  # fmt: skip
    answer = _answer(work.document, folder)
    if as_json:
        typer.echo(json.dumps(answer, indent=2, allow_nan=False))
        return
    if work.summary:
        typer.echo(work.summary)
    typer.echo(f"{answer['verdict'].upper()}: {answer['sentence']}")
    for row in answer["errors"]:
        words = error_words(row["nrmse"], row["bias"], row["resolution"])
        typer.echo(f"  {row['model']:<13} against {row['truth']:<8} {row['population']}: {words}")
    files = ["report.html", "report.json", *(["model.json"] if "model" in answer else [])]
    typer.echo("\n".join(str(folder / name) for name in files))


def _command() -> str:
    return shlex.join(["popdyn", *sys.argv[1:]])


def _answer(document: dict[str, Any], folder: Path) -> dict[str, Any]:
    errors = [
        {"truth": c["truth"], "model": c["model"], "population": name, "nrmse": m["nrmse"], "bias": m["bias"],
         "resolution": m["resolution"], "verdict": m["verdict"]}
        for c in document["comparisons"] if "use" not in c for name, m in c["populations"].items()
    ]  # fmt: skip
    model = {"model": str(folder / "model.json")} if (folder / "model.json").exists() else {}
    return {
        "verdict": document["verdict"]["word"], "sentence": document["verdict"]["sentence"], "errors": errors,
        "report": str(folder / "report.html"), **model,
    }  # fmt: skip

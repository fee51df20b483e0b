"""`popdyn simulate SPEC`: a trajectory at one rung."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from popdyn.errors import UsageError


def simulate(
    spec: Annotated[Path, typer.Argument(help="spec (TOML, JSON) or model.json")],
    rung: Annotated[
        str | None, typer.Option(help="spiking, density, density2d, modes, unit [default: a model's own, or density]")
    ] = None,
    protocol: Annotated[str | None, typer.Option(help="name in the spec [default: its first]")] = None,
    closure: Annotated[str | None, typer.Option(help="closure of the density rung")] = None,
    seeds: Annotated[int, typer.Option(help="repeat with this many seeds: spiking, or --finite-size")] = 1,
    seed: Annotated[int, typer.Option(help="first seed, of spiking neurons or of --finite-size")] = 0,
    finite_size: Annotated[
        bool, typer.Option("--finite-size", help="density rung: populations have their size, and fluctuate")
    ] = False,
    dt: Annotated[float | None, typer.Option(help="step of the spiking rung [ms]")] = None,
    check_dt: Annotated[bool, typer.Option("--check-dt", help="halve the spiking step until the rate stays")] = False,
    tolerance: Annotated[str, typer.Option(help="how little the rate may move under --check-dt")] = "0.5%",
    store: Annotated[Path | None, typer.Option(help="store of ground truths [default: popdyn_store]")] = None,
    out: Annotated[Path | None, typer.Option(help="folder for SPEC-RUNG-PROTOCOL.h5 [default: here]")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="one JSON object on stdout")] = False,
) -> None:  # fmt: skip
    """Rates, mean V and mean w over time under a protocol of the spec."""
    from popdyn.cli.options import fraction
    from popdyn.workflows.progress import progress_line
    from popdyn.workflows.simulate import keep, summary
    from popdyn.workflows.simulate import simulate as compute
    from popdyn.workflows.source import open_source, own_rung, protocol_name

    source = open_source(spec)
    chosen = rung or own_rung(source)
    if check_dt:
        if chosen != "spiking":
            raise UsageError("--check-dt: only the spiking rung has a step to check; allowed: --rung spiking")
        from popdyn.ground_truth import check_dt as check

        with progress_line("checking the step of the spiking network") as progress:
            report = check(source.network, protocol_name(source.network, protocol), fraction(tolerance, "--tolerance"),
                           progress=progress)  # fmt: skip
        found = {**asdict(report), "lines": report.lines()}
        typer.echo(json.dumps(found, indent=2) if as_json else "\n".join(report.lines()))
        return
    with progress_line(f"simulating the {chosen} rung") as progress:
        dataset = compute(
            source, rung=chosen, protocol=protocol, closure=closure, seeds=seeds, seed=seed, finite_size=finite_size,
            dt=None if dt is None else dt * 1e-3, store=store, progress=progress,
        )  # fmt: skip
    answer = summary(dataset, keep(dataset, out, f"{spec.stem}-{chosen}"))
    if as_json:
        typer.echo(json.dumps(answer, indent=2, allow_nan=False))
        return
    for name, entry in answer["populations"].items():
        typer.echo(f"{name}  {entry['rate']:.4f} Hz, mean of all t > 0")
    if "error_estimate" in answer:
        typer.echo(f"expected nrmse against the density {answer['error_estimate']:.2%}, by this run's own estimate")
    typer.echo(f"{answer['dataset']}  ({answer['cpu_s']:.2f} CPU s)")

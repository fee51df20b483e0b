"""`popdyn map SPEC --vary b=0:100:11`: how rates and a unit's parameters follow the spiking parameters."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from popdyn.cli.options import Adaptation, TrainingSeed, VaryingTau


def map(
    spec: Annotated[Path, typer.Argument(help="spec (TOML, JSON)")],
    vary: Annotated[
        list[str] | None, typer.Option(help='"b=0 pA:100 pA:11", "V_th.std=0:4:9"; several make a grid')
    ] = None,
    family: Annotated[
        str, typer.Option(help="threshold_linear, softplus, power_law or sigmoid; none: rates alone")
    ] = "softplus",
    adaptation: Adaptation = None,
    varying_tau: VaryingTau = False,
    solve: Annotated[
        str | None, typer.Option(help='"rate=8Hz": the value of --vary mu (or b=0:200) that gives this rate')
    ] = None,
    slopes: Annotated[
        bool, typer.Option("--slopes", help="derivatives by every spiking parameter at the spec, no grid")
    ] = False,
    processes: Annotated[int | None, typer.Option(help="[default: the cores at hand]")] = None,
    seed: TrainingSeed = 0,
    out: Annotated[Path | None, typer.Option(help="folder [default: out/SPEC-map]; the same command goes on")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="one JSON object on stdout")] = False,
) -> None:
    """Rates and unit parameters over a grid of spiking parameters; writes map.json, map.csv, map.svg, map.png."""
    from popdyn.workflows.progress import progress_line

    folder = out or Path("out") / f"{spec.stem}-map"
    if solve is not None:
        _solve(spec, solve, vary or [], folder, as_json)
        return
    if slopes:
        _slopes(spec, family, adaptation, varying_tau, seed, folder, as_json)
        return
    from popdyn.workflows.map import keep, map_parameters

    with progress_line(f"mapping {spec} over {', '.join(vary or [])} into {folder}") as progress:
        found = map_parameters(
            spec, vary or [], family=family, adaptation=adaptation, varying_tau=varying_tau, processes=processes,
            seed=seed, out=folder, progress=progress,
        )  # fmt: skip
    files = keep(found, folder)
    if as_json:
        typer.echo(json.dumps({**found.to_dict(), "files": [str(f) for f in files]}, indent=1, allow_nan=False))
        return
    typer.echo("\n".join([*_lines(found), *(str(file) for file in files)]))


def _lines(found: Any) -> list[str]:
    """Range of every output, and the error of its interpolation."""
    import numpy as np

    axes = ", ".join(f"{a.label} {a.shown[0]:g} to {a.shown[-1]:g} {a.unit} ({len(a.values)})" for a in found.axes)
    lines = [f"over {axes}; {found.cpu_s:.1f} CPU s"]
    for name, output in found.outputs.items():
        error = found.left_out.get(name)
        words = "" if error is None else f"; planes left out: off by up to {error.relative:.2%} of that range"
        low, high = np.nanmin(output.values), np.nanmax(output.values)
        lines.append(f"  {name:<20} {low:.4g} to {high:.4g} {output.unit}{words}")
    return lines + [f"  failed: {words}" for words in found.failed.values()]


def _solve(spec: Path, wanted: str, vary: list[str], folder: Path, as_json: bool) -> None:
    from popdyn.spec import to_dict
    from popdyn.workflows.map_solve import solve_rate
    from popdyn.workflows.progress import progress_line

    with progress_line(f"solving {wanted} for {', '.join(vary)}") as progress:
        found = solve_rate(spec, wanted, vary, progress)
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / "solved.json"
    file.write_text(json.dumps(to_dict(found.network), indent=1, allow_nan=False) + "\n", encoding="utf-8")
    entry = found.to_dict()
    if as_json:
        typer.echo(json.dumps({**entry, "spec": str(file)}, indent=1, allow_nan=False))
        return
    slope = ""
    if found.slope is not None:
        slope = f", d rate/d {found.axis.label} = {found.slope * found.axis.factor:.5g} Hz per {entry['unit']}"
    value = f"{entry['parameter']} = {entry['value']:.8g} {entry['unit']}"
    typer.echo(f"{value}: rate {entry['rate']:.6g} Hz{slope}\n{file}")


def _slopes(
    spec: Path, family: str, adaptation: int | None, varying_tau: bool, seed: int, folder: Path, as_json: bool
) -> None:
    from popdyn.workflows.map_slopes import slopes, summary
    from popdyn.workflows.progress import progress_line

    with progress_line(f"derivatives of {spec} by its spiking parameters") as progress:
        found = slopes(
            spec, family=family, adaptation=adaptation, varying_tau=varying_tau, seed=seed, progress=progress
        )
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / "slopes.json"
    text = json.dumps(found, indent=1, allow_nan=False)
    file.write_text(text + "\n", encoding="utf-8")
    typer.echo(text if as_json else "\n".join([*summary(found), str(file)]))

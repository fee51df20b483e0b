"""`popdyn fit SPEC|DATA --family NAME`: a rate unit with intervals and errors on what it did not see."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from popdyn.cli.options import Adaptation, TrainingSeed, VaryingTau


def fit(
    data: Annotated[Path, typer.Argument(help="spec (TOML, JSON), or CSV: time [ms],rate [Hz],mu [mV/ms]")],
    family: Annotated[str, typer.Option(help="cascade, threshold_linear, softplus, power_law or sigmoid")] = "softplus",
    population: Annotated[str | None, typer.Option(help="one of the spec [default: each]")] = None,
    adaptation: Adaptation = None,
    varying_tau: VaryingTau = False,
    truth: Annotated[Path | None, typer.Option(help="fit to this ground truth of the spec, not to its density")] = None,
    protocol: Annotated[str | None, typer.Option(help="protocol of the truth [default: the spec's first]")] = None,
    seed: TrainingSeed = 0,
    out: Annotated[Path | None, typer.Option(help="folder for the model [default: out/DATA-FAMILY]")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="one JSON object on stdout")] = False,
) -> None:
    """Fit a rate unit: parameters with intervals, errors on held-out protocols; writes model.json, fit.json, fit.md."""
    from popdyn.workflows.fit import fit as run
    from popdyn.workflows.fit import keep
    from popdyn.workflows.fit_text import summary
    from popdyn.workflows.progress import progress_line

    folder = out or Path("out") / f"{data.stem}-{family}"
    to = f"the rates of {truth or data}" if truth or data.suffix.lower() == ".csv" else f"the density of {data}"
    with progress_line(
        f"fitting a {family} unit to {to}, with intervals and held-out errors, into {folder}"
    ) as progress:
        fitted = run(
            data, family=family, population=population, adaptation=adaptation, varying_tau=varying_tau, truth=truth,
            protocol=protocol, seed=seed, progress=progress,
        )  # fmt: skip
    files = keep(fitted, folder)
    if as_json:
        answer = {**fitted.to_dict(), "model": str(files[0]), "report": str(files[1])}
        typer.echo(json.dumps(answer, indent=2, allow_nan=False))
        return
    for name, report in fitted.to_dict()["populations"].items():
        typer.echo("\n".join(summary(name, report)))
    typer.echo("\n".join(str(file) for file in files))

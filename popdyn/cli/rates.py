"""`popdyn rates SPEC`: stationary rates at a rung."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from popdyn.errors import UsageError

SHOWN = {"V/s": ("mV/ms", 1.0), "V/sqrt(s)": ("mV/sqrt(ms)", 1e3 / 1e3**0.5)}
"""The units that specs are written in, and how many of them an SI unit is; --json stays in SI."""

MOST_NODES = 5


def rates(
    spec: Annotated[Path, typer.Argument(help="spec (TOML, JSON) or model.json")],
    rung: Annotated[
        str | None, typer.Option(help="density, density2d, modes, unit, spiking [default: a model's own, or density]")
    ] = None,
    closure: Annotated[
        str | None, typer.Option(help="mean, hermite1-3, gaussian, cumulant3-4; gif: gaussian, cohort_mean")
    ] = None,
    vary: Annotated[str | None, typer.Option(help='an f-I curve: "mu=0.5 mV/ms:2.5 mV/ms:9"')] = None,
    out: Annotated[Path | None, typer.Option(help="folder for rates.json")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="one JSON object on stdout")] = False,
) -> None:
    """Stationary rate of every population at its constant drive."""
    from popdyn.workflows.progress import progress_line
    from popdyn.workflows.rates import rates as compute
    from popdyn.workflows.source import open_source, own_rung

    source = open_source(spec)
    chosen = rung or own_rung(source)
    if closure is not None and chosen != "density":
        raise UsageError(f"--closure: the {chosen} rung has none; allowed: --rung density")
    with progress_line(f"rates at the {chosen} rung") as progress:
        found = compute(source, rung=chosen, closure=closure, vary=vary, progress=progress)
    text = json.dumps(found, indent=2, allow_nan=False)
    if out is not None:
        out.mkdir(parents=True, exist_ok=True)
        (out / "rates.json").write_text(text + "\n", encoding="utf-8")
    if as_json:
        typer.echo(text)
        return
    if vary is None:
        for name, entry in found["populations"].items():
            typer.echo(f"{name}  {entry['rate']:.4f} Hz{_over_neurons(entry)}")
        return
    names = list(found["populations"])
    unit, scale = SHOWN[found["unit"]]
    typer.echo("  ".join([f"{found['vary']} [{unit}]", *(f"{n} [Hz]" for n in names)]))
    for k, value in enumerate(found["values"]):
        typer.echo("  ".join([f"{value * scale:.5g}", *(f"{found['populations'][n]['rate'][k]:.4f}" for n in names)]))


def _over_neurons(entry: dict[str, Any]) -> str:
    """`  over neurons: s.d. of log rate 0.41 (2 nodes: 50 % at 8.15 Hz, 50 % at 12.4 Hz)`."""
    if "nodes" not in entry:
        return ""
    nodes = entry["nodes"]
    listed = ", ".join(f"{100 * n['share']:.3g} % at {n['rate']:.4g} Hz" for n in nodes[:MOST_NODES])
    more = ", ..." if len(nodes) > MOST_NODES else ""
    return f"  over neurons: s.d. of log rate {entry['sd_log_rate']:.3f} ({len(nodes)} nodes: {listed}{more})"

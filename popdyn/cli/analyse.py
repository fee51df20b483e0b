"""`popdyn analyse SPEC`: fixed points, stability, spectral peaks and limits of the mean field, without a simulation."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer


def analyse(
    spec: Annotated[Path, typer.Argument(help="spec (TOML, JSON) or model.json")],
    closure: Annotated[str | None, typer.Option(help="mean, hermite1-3, gaussian, cumulant3 or cumulant4")] = None,
    out: Annotated[Path | None, typer.Option(help="folder for analysis.json")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="one JSON object on stdout")] = False,
) -> None:
    """Fixed points, stability with delays, spectral peaks, and where the mean field must not be trusted."""
    from popdyn.workflows.analyse import analyse as compute
    from popdyn.workflows.progress import progress_line

    with progress_line("analysis") as progress:
        found = compute(spec, closure=closure, progress=progress)
    text = json.dumps(found, indent=2, allow_nan=False)
    if out is not None:
        out.mkdir(parents=True, exist_ok=True)
        (out / "analysis.json").write_text(text + "\n", encoding="utf-8")
    typer.echo(text if as_json else "\n".join(lines(found)))


def lines(found: dict[str, Any]) -> list[str]:
    """What is printed: one paragraph per state."""
    said = [found["fixed_points"]["words"]]
    for k, state in enumerate(found["states"]):
        rates = "  ".join(f"{name} {rate:.4g} Hz" for name, rate in state["rates"].items())
        said += ["", f"state {k + 1}: {rates}"]
        if state["stability"] is None:
            said.append(f"  {state['words']}")
            continue
        said.append(f"  {state['stability']['words']}")
        said += [f"  mode {_mode(mode)}" for mode in state["stability"]["modes"][:4]]
        said += [f"  peak {_peak(peak)}" for peak in state["peaks"] or []]
        said += [f"  note: {check['words']}" for check in state["checks"] if check["flagged"]]
    left = found["fixed_points"]["count"] - len(found["states"])
    return [*said, *([f"{left} more states in fixed_points only"] if left > 0 else [])]


def _mode(mode: dict[str, Any]) -> str:
    return f"{mode['frequency']:.4g} Hz, growth {mode['growth']:+.4g} /s"


def _peak(peak: dict[str, Any]) -> str:
    return f"{peak['population']} {peak['frequency']:.4g} Hz, {peak['relative']:.3g} times that of independent spikes"

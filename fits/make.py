"""Makes an entry of this catalogue: converts a network of reference_sims/ and keeps the report.

    python fits/make.py adex_aug [lif ...]
    python fits/make.py --render            (report.md alone, from every report.json)

The truth is the digest of the reference entry, so that nothing spiking is simulated. Writes `report.json`, `report.md`
(rendered from the JSON) and, where a unit was fitted, `model.json`. Networks whose truth is no digest: networks.py.
"""

from __future__ import annotations

import json
import sys
import tomllib
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))
import networks

from popdyn.cli.options import fraction
from popdyn.report import render_markdown
from popdyn.workflows.convert import convert

HERE = Path(__file__).parent
REFERENCES = HERE.parent / "reference_sims"


def entries() -> list[str]:
    return sorted(path.parent.name for path in HERE.glob("*/fit.toml"))


def read_fit(name: str) -> dict[str, Any]:
    return tomllib.loads((HERE / name / "fit.toml").read_text(encoding="utf-8"))


def read_report(name: str) -> dict[str, Any]:
    return json.loads((HERE / name / "report.json").read_text(encoding="utf-8"))


def render(name: str) -> None:
    (HERE / name / "report.md").write_text(render_markdown(read_report(name)), encoding="utf-8")


def make(name: str) -> None:
    fit, folder = read_fit(name), HERE / name
    reference = REFERENCES / fit["reference"]
    work = convert(
        reference / "network.toml",
        to=fit["to"],
        tolerance=fraction(fit["tolerance"], "tolerance"),
        protocol=fit["protocol"],
        truth=reference / "digest.h5",
        out=folder,
        command=f"python fits/make.py {name}",
    )
    (folder / "report.html").unlink()
    render(name)
    print(f"{name}: {work.verdict}")


if __name__ == "__main__":
    if sys.argv[1:] == ["--render"]:
        for entry in entries():
            render(entry)
    else:
        for entry in sys.argv[1:] or [*entries(), *networks.entries()]:
            (networks.make if entry in networks.entries() else make)(entry)

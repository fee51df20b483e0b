"""Which runs of an entry's `truth.json` are the truth of which of its specs.

An entry whose truth is no digest of popdyn's has `truth.json`, a list of runs (method, settings, values with their
standard errors `<name>_error`), and `cases.toml`: the source of the network and, for each case, its spec, the method,
the settings that choose the runs, and the name under which the rate of each population stands.
"""

from __future__ import annotations

import json
import math
import tomllib
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

HERE = Path(__file__).parent
PUBLISHED = "published"
"""Method of figures that were taken from a publication; their run names its `source`."""


class Measured(NamedTuple):
    """A value and its standard error; nan where none is published."""

    value: float
    error: float


def entries() -> list[str]:
    return sorted(path.parent.name for path in HERE.glob("*/cases.toml"))


def read_cases(name: str) -> dict[str, Any]:
    return tomllib.loads((HERE / name / "cases.toml").read_text(encoding="utf-8"))


def read_runs(name: str) -> list[dict[str, Any]]:
    runs: list[dict[str, Any]] = json.loads((HERE / name / "truth.json").read_text(encoding="utf-8"))
    return runs


def runs_of(name: str, case: str) -> list[dict[str, Any]]:
    """The runs that are the truth of a case: of its method and settings, and of the finest step among these."""
    chosen = read_cases(name)["cases"][case]
    wanted = chosen.get("settings", {})
    runs = [
        run
        for run in read_runs(name)
        if run["method"] == chosen["method"] and all(run["settings"].get(k) == v for k, v in wanted.items())
    ]
    finest = min((run["settings"].get("dt", 0.0) for run in runs), default=0.0)
    return [run for run in runs if run["settings"].get("dt", 0.0) == finest]


def truth(name: str, case: str) -> dict[str, Measured]:
    """Every value with a standard error, of all runs of the case together (`_together`)."""
    runs = [run["values"] for run in runs_of(name, case)]
    names = [key for key in runs[0] if f"{key}_error" in runs[0]]
    return {key: _together([Measured(run[key], run[f"{key}_error"]) for run in runs]) for key in names}


def rates(name: str, case: str) -> dict[str, Measured]:
    """Rate of each population [1/s]."""
    runs, found = [run["values"] for run in runs_of(name, case)], truth(name, case)
    places = read_cases(name)["cases"][case]["rates"]
    return {p: found.get(key) or Measured(runs[0][key], math.nan) for p, key in places.items()}


def _together(parts: list[Measured]) -> Measured:
    """Weighted by precision; tau beside the runs' own errors, where they differ by more, as draws of one network do.

    tau^2 = (Q - (n - 1)) / (sum w - sum w^2 / sum w), Q = sum w (value - mean)^2 (DerSimonian and Laird 1986).
    """
    values, errors = (np.array(column) for column in zip(*parts, strict=True))
    weight = errors**-2
    apart = np.sum(weight * (values - weight @ values / weight.sum()) ** 2) - (values.size - 1)
    if values.size > 1 and apart > 0.0:
        weight = 1.0 / (errors**2 + apart / (weight.sum() - weight @ weight / weight.sum()))
    return Measured(float(weight @ values / weight.sum()), float(weight.sum() ** -0.5))

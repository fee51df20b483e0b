"""The truths of reference_sims/*/truth.json in one table: every quantity pooled over its runs by inverse variance.

    python tests/verification/network_truths.py > docs/verification/network_truths.csv

Simulations whose arrivals are exact are pooled over seeds and their own step; plain Brian2 stands where there is no
other, pooled over dt 0.05 and 0.02 ms. `spread`: (largest - smallest) / error of the difference; above 3 runs differ.
"""

from __future__ import annotations

import csv
import json
import sys
from pathlib import Path
from typing import Any

import numpy as np

ENTRIES = Path(__file__).parents[2] / "reference_sims"
TRUTH = {
    "brunel_a": ("event_driven.py", ("g", "eta")),
    "brunel_hakim": ("exact_arrivals.py", ()),
    "adaptation_oscillation": ("exact_arrivals.py", ("mu", "sigma", "size")),
    "adex_ei": ("plain_brian2.py", ("set",)),
}


def cases(entry: str) -> dict[tuple[Any, ...], list[dict[str, Any]]]:
    """Settings that make a case -> its runs."""
    method, names = TRUTH[entry]
    found: dict[tuple[Any, ...], list[dict[str, Any]]] = {}
    for run in json.loads((ENTRIES / entry / "truth.json").read_text(encoding="utf-8")):
        if run["method"] == method:
            found.setdefault(tuple(run["settings"][name] for name in names), []).append(run)
    return dict(sorted(found.items()))


def pooled(runs: list[dict[str, Any]], name: str) -> tuple[float, float, float]:
    """(value, standard error, spread) of a quantity."""
    values = np.array([run["values"][name] for run in runs])
    errors = np.array([run["values"][f"{name}_error"] for run in runs])
    weights = errors**-2 / (errors**-2).sum()
    low, high = values.argmin(), values.argmax()
    spread = 0.0 if low == high else (values[high] - values[low]) / np.hypot(errors[low], errors[high])
    return float(weights @ values), float((errors**-2).sum() ** -0.5), float(spread)


def rows() -> list[list[str]]:
    table = []
    for entry, (_, names) in TRUTH.items():
        for case, runs in cases(entry).items():
            label = " ".join(f"{name}={value:g}" for name, value in zip(names, case, strict=True))
            quantities = [name[: -len("_error")] for name in runs[0]["values"] if name.endswith("_error")]
            for name in quantities:
                value, error, spread = pooled(runs, name)
                seconds = sum(run["settings"]["duration"] for run in runs)
                figures = [f"{value:.5g}", f"{error:.2g}", f"{spread:.1f}", str(len(runs)), f"{seconds:g}"]
                table.append([entry, label, name, *figures])
    return table


def main() -> None:
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(["entry", "case", "quantity", "value", "error", "spread", "runs", "seconds"])
    writer.writerows(rows())


if __name__ == "__main__":
    main()

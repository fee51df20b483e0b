"""A sparse network of an adex and a gif population against its Brian2 network: stationary rates, and a step of either.

python tests/verification/mixed_rows.py      (measures what is not recorded yet, and prints it)
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
import record

sys.path.insert(0, str(Path(__file__).parents[1]))
import mixed_networks

from popdyn.comparison import compare
from popdyn.rungs.choose import density_rung
from popdyn.spec import load
from popdyn.spec.network import Network
from popdyn.workflows.truth import simulate_truth

RULES = ("fixed_indegree", "pairwise_bernoulli")
SEEDS = 8


def network(rule: str) -> Network:
    return load(mixed_networks.document(rule))


def rates(rule: str) -> record.Values:
    """Of ten Brian2 networks of 4 s, with standard errors; of the density, N -> infinity and of finite size."""
    return record.once("mixed network", f"rates {rule} {SEEDS}", lambda: _rates(rule))


def _rates(rule: str) -> record.Values:
    of, names = network(rule), list(network(rule).populations)
    truth = simulate_truth(of, "rest").dataset
    runs = truth["rate"].sel(time=slice(0.0, None)).mean("time").values
    finite = density_rung(of, finite=True)
    made = [finite.simulate("rest", seed=seed)["rate"].sel(time=slice(0.0, None)) for seed in range(SEEDS)]
    drawn = np.array([one.mean(("run", "time")).values for one in made])
    return {
        "truth": _by_name(names, runs), "infinite": density_rung(of).rates(), "finite": _by_name(names, drawn),
        "dt": float(truth.attrs["dt"]),
    }  # fmt: skip


def _by_name(names: list[str], runs: np.ndarray) -> dict[str, tuple[float, float]]:
    error = runs.std(axis=0, ddof=1) / len(runs) ** 0.5
    return {name: (float(m), float(e)) for name, m, e in zip(names, runs.mean(axis=0), error, strict=True)}


def steps() -> record.Values:
    """Noise-corrected error of a protocol of steps of either drive, 5 ms bins, N -> infinity against ten networks."""
    return record.once("mixed network", "steps", _steps)


def _steps() -> record.Values:
    of = network("fixed_indegree")
    truth = simulate_truth(of, "steps").dataset
    found = compare(truth, density_rung(of).simulate("steps"), block=0.75).populations
    kept = ("nrmse", "nrmse_interval", "bias", "bias_interval", "resolution", "correlation")
    return {name: {key: one.to_dict()[key] for key in kept} for name, one in found.items()}


if __name__ == "__main__":
    for rule in RULES:
        print(rule, json.dumps(rates(rule)))
    print("steps", json.dumps(steps()))

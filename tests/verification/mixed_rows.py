"""A sparse network of an adex and a gif population against its Brian2 network: stationary rates, and their rhythm.

python tests/verification/mixed_rows.py      (measures what is not recorded yet, and prints it)
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
import record
import xarray as xr

sys.path.insert(0, str(Path(__file__).parents[1]))
import mixed_networks

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


def oscillation() -> record.Values:
    """Under a stronger drive of E: frequency [Hz], rate and s.d. of the rate [1/s] of either population, 0.5 to 3 s."""
    return record.once("mixed network", "oscillation", _oscillation)


def _oscillation() -> record.Values:
    of = network("fixed_indegree")
    truth, finite = simulate_truth(of, "strong").dataset, density_rung(of, finite=True)
    made = [finite.simulate("strong", seed=seed) for seed in range(SEEDS)]
    runs = {
        "truth": truth, "infinite": density_rung(of).simulate("strong"),
        "finite": xr.concat(made, "run", combine_attrs="drop"),
    }  # fmt: skip
    return {kind: {name: _rhythm(data, name) for name in of.populations} for kind, data in runs.items()}


def _rhythm(data: xr.Dataset, name: str) -> dict[str, tuple[float, float]]:
    """Mean over the runs and its standard error."""
    rate = data["rate"].sel(population=name, time=slice(0.5, 3.0)).values
    power = np.abs(np.fft.rfft((rate - rate.mean(axis=1, keepdims=True)) * np.hanning(rate.shape[1]), 1 << 15)) ** 2
    found = {"frequency": np.fft.rfftfreq(1 << 15, 1e-3)[power.argmax(axis=1)], "rate": rate.mean(axis=1),
             "sd": rate.reshape(len(rate), -1, 5).mean(axis=2).std(axis=1)}  # fmt: skip
    several = len(rate) > 1
    return {
        key: (float(x.mean()), float(x.std(ddof=1) / len(x) ** 0.5) if several else 0.0) for key, x in found.items()
    }


if __name__ == "__main__":
    for rule in RULES:
        print(rule, json.dumps(rates(rule)))
    print("oscillation", json.dumps(oscillation()))

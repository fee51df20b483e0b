"""Makes an entry of this catalogue: simulates the spiking truth of its job and writes what is kept of it.

    python reference_sims/make.py adex_aug [lif ...]

An entry is a folder with `network.toml` (the spec) and `job.toml` (what to simulate, thresholds of the checks); from
them come `resolved.json` (the spec in SI, every default filled in), `digest.h5` (rates and means of the protocol in
5 ms bins, per group of neurons) and `summary.json` (keys, versions, cost, the rate at rest, the named checks). The full
data lie in popdyn's store: a job that is there already is not simulated again.
"""

from __future__ import annotations

import hashlib
import json
import sys
import tomllib
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from popdyn.comparison import compare
from popdyn.quantities import parse
from popdyn.results import open_dataset, rebin, save
from popdyn.spec import Network, load, to_dict
from popdyn.workflows.truth import Truth, simulate_truth

HERE = Path(__file__).parent
BIN = 5e-3  # [s]


def entries() -> list[str]:
    return sorted(path.parent.name for path in HERE.glob("*/job.toml"))


def read_job(name: str) -> dict[str, Any]:
    return tomllib.loads((HERE / name / "job.toml").read_text(encoding="utf-8"))


def read_summary(name: str) -> dict[str, Any]:
    return json.loads((HERE / name / "summary.json").read_text(encoding="utf-8"))


def read_digest(name: str) -> xr.Dataset:
    return open_dataset(HERE / name / "digest.h5")


def read_network(name: str) -> Network:
    return load(HERE / name / "network.toml")


def digest_hash(name: str) -> str:
    return hashlib.sha256((HERE / name / "digest.h5").read_bytes()).hexdigest()


def make_digest(truth: xr.Dataset) -> xr.Dataset:
    """The scored part in 5 ms bins; V_mean to 0.1 uV and w_mean to 1 fA, far below their sampling error."""
    traces = truth[[name for name in truth.data_vars if "time" in truth[name].dims]]
    scored = rebin(traces.isel(time=np.flatnonzero(traces["time"].values > 0)), BIN)
    for variable, unit in (("V_mean", 1e-7), ("w_mean", 1e-15)):
        if variable in scored:
            rounded = (scored[variable] / unit).round() * unit
            scored[variable] = rounded.assign_attrs(scored[variable].attrs)
    return scored


def rest_statistics(truth: xr.Dataset) -> dict[str, float]:
    """Rate [1/s], <V> [V], <w> [A] at constant drive, with standard errors over the groups."""
    scored = truth.isel(time=np.flatnonzero(truth["time"].values > 0), population=0)
    found: dict[str, float] = {}
    for variable in ("rate", "V_mean", "w_mean"):
        if variable in scored:
            groups = scored[variable].mean("time").values
            found[variable] = float(groups.mean())
            found[f"{variable}_standard_error"] = float(groups.std(ddof=1) / np.sqrt(groups.size))
    return found


def resolution(digest: xr.Dataset) -> float:
    """Smallest noise-corrected nrmse that the digest can tell from 0."""
    mean = digest.mean("run", keep_attrs=True).expand_dims("run").transpose(*digest["rate"].dims)
    return float(compare(digest, mean, bin=BIN).populations["E"].resolution)


def checks(job: dict[str, Any], rest: dict[str, float], digest: xr.Dataset) -> dict[str, dict[str, Any]]:
    """Every named check of the job: value, threshold, passed."""
    values = {"resolution": resolution(digest)}
    if "rest" in job:
        values["rest_rate_standard_error"] = rest["rate_standard_error"] / rest["rate"]
        for other in ("density_2d", "continuous_time"):
            if f"{other}_rate" in job:
                values[f"rest_rate_against_{other}"] = abs(rest["rate"] / job[f"{other}_rate"] - 1.0)
    thresholds = job["checks"]
    return {
        name: {"value": value, "threshold": thresholds[name], "passed": bool(value <= thresholds[name])}
        for name, value in values.items()
    }


def _record(truth: Truth) -> dict[str, Any]:
    """Where a dataset came from; the cost is left out when it came from the store."""
    kept = ("backend", "method", "dt", "seed", "neurons", "dead_time", "barrier_shift", "versions", "spec_hash")
    cost = {} if truth.reused else {"cpu_s": round(truth.cpu_s, 1), "wall_s": round(truth.wall_s, 1)}
    attrs = {key: truth.dataset.attrs[key] for key in kept if key in truth.dataset.attrs}
    return {"key": truth.key, "runs": truth.dataset.sizes["run"], **attrs, **cost}


def make(name: str) -> None:
    folder, job, network = HERE / name, read_job(name), read_network(name)
    (folder / "resolved.json").write_text(json.dumps(to_dict(network), indent=1) + "\n", encoding="utf-8")
    truths = {
        role: simulate_truth(
            network, job[role], seed=job["seed"], dt=parse(job["dt"], "s"), backend=job["backend"], progress=_say
        )
        for role in ("protocol", "rest")
        if role in job
    }
    digest = make_digest(truths["protocol"].dataset).assign_attrs(key=truths["protocol"].key)
    save(digest, folder / "digest.h5")
    rest = rest_statistics(truths["rest"].dataset) if "rest" in truths else {}
    old = read_summary(name)["truth"] if (folder / "summary.json").exists() else {}
    records = {role: _record(truth) for role, truth in truths.items()}
    for role, record in records.items():  # the cost of a run that was not repeated stays
        if old.get(role, {}).get("key") == record["key"]:
            records[role] = old[role] | record
    summary = {
        "id": name,
        "spec_hash": network.spec_hash,
        "truth": records,
        "rest": rest,
        "digest": {"file": "digest.h5", "bin": BIN, "sha256": digest_hash(name)},
        "checks": checks(job, rest, digest),
    }
    (folder / "summary.json").write_text(json.dumps(summary, indent=1) + "\n", encoding="utf-8")
    for check, result in summary["checks"].items():
        word = "ok" if result["passed"] else "FAILED"
        print(f"{name}: {check} {result['value']:.2e} (<= {result['threshold']:g}) {word}")


def _say(fraction: float, message: str) -> None:
    print(f"  {fraction:4.0%} {message}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    for entry in sys.argv[1:] or entries():
        make(entry)

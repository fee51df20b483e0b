"""Makes the entry of a network: its density rung, N -> infinity and of finite size, against the truth of its cases.

An entry is `density.toml` (what to simulate of each case of reference_sims/) and `density.json`, made from it by
`python fits/make.py brunel_a`: rates and their errors, frequency, bursts or rates over neurons, cost, what was derived.
"""

from __future__ import annotations

import importlib.util
import json
import math
import sys
import time
import tomllib
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from popdyn.rungs.coupled import CoupledDensity
from popdyn.spec import Network, load
from popdyn.spec.network import Protocol
from popdyn.theory.network_problem import NetworkNode, white_problem

HERE = Path(__file__).parent
REFERENCES = HERE.parent / "reference_sims"
BIN = 1e-3  # [s] of the density's traces
SEED = 1
LIMITS = {"infinite": False, "finite": True}

Values = dict[str, Any]


def load_module(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"reference_{path.parent.name}_{path.stem}", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


measures, truths = load_module(REFERENCES / "measures.py"), load_module(REFERENCES / "truths.py")


def entries() -> list[str]:
    return sorted(path.parent.name for path in HERE.glob("*/density.toml"))


def measured_entries() -> list[str]:
    return [name for name in entries() if (HERE / name / "density.json").exists()]


def settings(name: str) -> Values:
    """Of an entry: `cases.<case>` with durations and transients [s], and how frequencies or bursts are measured."""
    return tomllib.loads((HERE / name / "density.toml").read_text(encoding="utf-8"))


def read(name: str) -> Values:
    document: Values = json.loads((HERE / name / "density.json").read_text(encoding="utf-8"))
    return document


def network(name: str, case: str) -> Network:
    path: Path = REFERENCES / name / truths.read_cases(name)["cases"][case]["spec"]
    return load(path)


def spectrum(rate: np.ndarray, segment: float) -> tuple[np.ndarray, np.ndarray]:
    """(frequency [Hz], density [1/s] of each segment) of the spike train itself, the mean over a bin divided out."""
    frequency, density = measures.periodograms(rate, BIN, segment)
    return frequency, density / np.sinc(frequency * BIN) ** 2


def global_frequency(rate: np.ndarray, segment: float, low: float, high: float, width: float) -> float:
    """[Hz], as the truth's own is measured."""
    frequency, density = spectrum(rate, segment)
    return float(measures.peak(frequency, density.mean(axis=0), low, high, width))


def measure(name: str, case: str, limit: str, **options: Any) -> Values:
    """Rates with their errors over time, s.d. in 1 ms, cost, and what the case asks for besides."""
    asked, spec = settings(name)["cases"][case], network(name, case)
    began = time.process_time()
    if "dt" in asked:
        options["dt"] = asked["dt"]
    if "over_neurons" in asked:
        options["nodes"] = quenched_nodes(spec, asked["over_neurons"])
    density = CoupledDensity(spec, finite=LIMITS[limit], **options)
    derived = time.process_time() - began
    density.simulate(Protocol("compile", 0.02, 0.02, 0), seed=SEED)
    duration, transient = asked["duration"][limit], asked["transient"]
    trace = density.simulate(Protocol("constant", duration, transient, 0), seed=SEED)
    rates, sizes = trace.rate.values[0], np.array([p.size for p in spec.populations.values()])
    scored = rates[trace.time.values > 0]
    together = scored @ (sizes / sizes.sum())
    derivation, names = density.derivation, list(spec.populations)
    values = {
        "rates": _named(names, scored.mean(axis=0)),
        "errors": _named(names, [measures.block_error(scored[:, i]) for i in range(len(names))]),
        "fixed_point": _named(names, derivation.point.rates), "sd_1ms": float(together.std()),
        "jump_cost": dict(derivation.jump_cost), "finite_jumps": dict(derivation.finite_jumps),
        "nodes": trace.attrs["nodes"], "derive_cpu_s": derived,
        "cpu_per_s": trace.encoding["cpu_s"] / (duration + transient),
        "positive_steps": trace.attrs["positive_steps"], "mass_error": trace.attrs["mass_error"],
    }  # fmt: skip
    if "frequency" in asked:
        values["frequency"] = global_frequency(together, **asked["frequency"])
    if "over_neurons" in asked:
        values["sd_of_log"] = sd_of_log(json.loads(trace.attrs["node_rates"]))
    if "bursts" in asked:
        values |= bursts(name, together, rates[:180, 0])
    return values


def quenched_nodes(spec: Network, count: int) -> dict[str, tuple[NetworkNode, ...]]:
    """Gauss-Hermite nodes of the quenched input: as many as a distribution of rates needs, where a mean needs two."""
    z, weight = np.polynomial.hermite_e.hermegauss(count)
    shares = weight / weight.sum()
    return {
        name: tuple(NetworkNode(name, float(w), white_problem(p), z=float(x)) for x, w in zip(z, shares, strict=True))
        for name, p in spec.populations.items()
    }


def sd_of_log(node_rates: list[tuple[str, float, float]]) -> dict[str, float]:
    """Of each population, over its nodes."""
    found = {}
    for name in {population for population, _, _ in node_rates}:
        weight, rate = np.array([(w, r) for population, w, r in node_rates if population == name]).T
        logarithm = np.log(rate)
        found[name] = float(np.sqrt(weight @ (logarithm - weight @ logarithm) ** 2))
    return found


def bursts(name: str, rate: np.ndarray, first: np.ndarray) -> Values:
    """Measures of the entry's own script, whose bins are half as long; none where there are fewer than three bursts."""
    script = load_module(REFERENCES / name / "exact_arrivals.py")
    found = {"swing": float(np.ptp(rate) / rate.mean()), "first_180ms": float(first.sum() * BIN)}
    half = np.quantile(rate, 0.98) / 2
    if np.count_nonzero((rate[1:] > half) & (rate[:-1] <= half)) > 2:
        found |= {k: float(v) for k, v in script.bursts(np.repeat(rate, 2)).items()}
    return found


def _named(names: list[str], values: Any) -> dict[str, float]:
    return {name: float(value) for name, value in zip(names, values, strict=True)}


def rate_errors(name: str, case: str, values: Values) -> dict[str, float]:
    """Relative error of each population's rate against the truth."""
    return {p: values["rates"][p] / truth.value - 1.0 for p, truth in truths.rates(name, case).items()}


def document(name: str, measured: dict[str, dict[str, Values]]) -> Values:
    """What an entry keeps of the measured values of each case and limit."""
    cases = {}
    for case, limits in measured.items():
        known = truths.rates(name, case).items()
        truth = {p: {"value": t.value, "error": None if math.isnan(t.error) else t.error} for p, t in known}
        kept = {k: values | {"rate_errors": rate_errors(name, case, values)} for k, values in limits.items()}
        cases[case] = {"spec_hash": network(name, case).spec_hash, "truth": truth, **kept}
    return {"id": name, "source": truths.read_cases(name)["source"], "seed": SEED, "cases": cases}


def make(name: str) -> None:
    """Measures every case in every limit and writes density.json."""
    measured = {
        case: {limit: measure(name, case, limit) for limit in asked["duration"]}
        for case, asked in settings(name)["cases"].items()
    }
    write(name, document(name, measured))


def write(name: str, made: Values) -> None:
    text = json.dumps(made, indent=1, allow_nan=False)
    (HERE / name / "density.json").write_text(text + "\n", encoding="utf-8")

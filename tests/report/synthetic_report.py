"""A report with made-up numbers in every part; its unit misses the bar that its density meets."""

from __future__ import annotations

from typing import Any

import numpy as np
import xarray as xr

from popdyn.comparison import compare, response_error, step_error
from popdyn.report import to_json, trace_part
from popdyn.results import make_dataset

BIN = 5e-3
BINS = 1000
ONSET = 2.0


def rates(seed: int = 3) -> dict[str, np.ndarray]:
    """Rate [1/s] of truth and rungs: a filtered drive, a step with a peak that adapts, a sine."""
    t = (np.arange(BINS) + 0.5) * BIN
    generator = np.random.default_rng(seed)
    slow = np.convolve(generator.standard_normal(BINS + 60), np.exp(-np.arange(60) / 10.0), "valid")[:BINS]
    true = 12 + 1.1 * slow * (t < ONSET)
    after = np.maximum(t - ONSET, 0)
    true += (t > ONSET) * (after < 1.5) * (5 + 22 * np.exp(-after / 0.07) * (1 - np.exp(-after / 0.008)))
    true += 3 * np.sin(2 * np.pi * 4 * t) * (t > 3.6)
    true = np.maximum(true, 0.5)
    smooth = np.convolve(np.pad(true, 2, mode="edge"), np.ones(5) / 5, "valid")
    return {
        "true": true,
        "density": true * 1.001 + 0.02 * slow,
        "unit": 0.75 * true + 0.25 * smooth + 0.12 * np.sin(9 * t),
    }


def dataset(values: np.ndarray, rung: str, names: tuple[str, ...], protocol: str) -> xr.Dataset:
    """A result from (run, time) rates, the same in every population."""
    time = (np.arange(values.shape[1]) + 0.5) * BIN
    stacked = np.repeat(values[:, :, None], len(names), axis=2)
    return make_dataset(time, names, stacked, attrs={"rung": rung, "protocol": protocol, "bin": BIN})


def make_report(
    *, truth: bool = True, names: tuple[str, ...] = ("E",), neurons: int = 40_000, label: str = "adapting population"
) -> dict[str, Any]:
    """The whole document; without truth what `--no-truth` leaves; `label` goes wherever a user's text goes."""
    protocol = "mixed"
    traces = rates()
    counts = np.random.default_rng(0).poisson(np.broadcast_to(traces["true"] * BIN * neurons, (10, BINS))) / (
        BIN * neurons
    )
    sides = {
        "spiking": dataset(counts, "spiking", names, protocol),
        "density": dataset(traces["density"][None], "density", names, protocol),
        "unit": dataset(traces["unit"][None], "unit", names, protocol),
    }
    pairs = [("density", "unit", 0.07)]
    if truth:
        pairs = [("spiking", "density", 0.02), ("spiking", "unit", 0.02), *pairs]
    comparisons = [compare(sides[a], sides[b], tolerance=bar, block=0.5).to_dict() for a, b, bar in pairs]
    document = {
        "schema": 1,
        "title": label,
        "target": "unit",
        "tolerance": 0.02,
        "populations": list(names),
        "summary": f"AdEx neurons with spike-triggered adaptation, white-noise drive. {label}",
        "rungs": [rung for rung in _rungs() if truth or rung["name"] != "spiking"],
        "comparisons": comparisons,
        "traces": [_trace(protocol, sides, truth)],
        "curves": [_curve(name, truth) for name in names],
        "steps": [_step(protocol, names[0], sides, truth)],
        "responses": [_response(names[0])],
        "predictions": _predictions(names[0], truth),
        "units": [
            {"population": name, "rung": "unit", "family": "cascade", "parameters": _parameters()} for name in names
        ],
        "equations": {
            "density": "dq_n/dt = L(u) q_n + (1/C_m) d_V q_(n+1) + ...\nu = mu - <w>/C_m",
            "unit": "tau_h dh/dt = -h + mu(t) - k w/C_m\nr = F(h) + Re z\ndz/dt = (i omega - alpha) z + kappa dF/dt",
        },
        "spec": {
            "name": label,
            "populations": {name: {"size": neurons, "neuron": {"model": "adex"}} for name in names},
        },
        "spec_hash": "5f3c" * 16,
        "domain": ["mu 0.9 to 2.1 V/s, sigma 0.063 to 0.095 V/sqrt(s): the range of the training protocols", label],
        "warnings": [f"{label}: 1.3 % of the protocol lies outside the domain of validity of the unit"],
        "provenance": _provenance(label, truth),
    }
    return to_json(document)


def _rungs() -> list[dict[str, Any]]:
    return [
        {
            "name": "spiking",
            "label": "Spiking network",
            "about": "40,000 AdEx neurons, Brian2",
            "state": "80,000 numbers",
            "cpu_s_per_s": 31.0,
        },
        {
            "name": "density",
            "label": "Density",
            "about": "N → ∞, hermite closure of order 3; nothing is fitted",
            "state": "1,240 numbers",
            "cpu_s_per_s": 0.14,
        },
        {
            "name": "unit",
            "label": "Rate unit",
            "about": "cascade: input filter, static gain, one complex mode, adaptation",
            "state": "4 numbers",
            "cpu_s_per_s": 0.0011,
        },
    ]


def _trace(protocol: str, sides: dict[str, xr.Dataset], truth: bool) -> dict[str, Any]:
    drive = 1.5 + 0.03 * (rates()["true"] - 12)
    models = {name: sides[name] for name in ("density", "unit")}
    stimulus = {"label": "mu [mV/ms]", "values": drive}
    return trace_part(protocol, models, sides["spiking"] if truth else None, stimulus=stimulus)


def _curve(population: str, truth: bool) -> dict[str, Any]:
    drive = np.linspace(0.4, 3.0, 27)
    gain = 14 * np.log1p(np.exp((drive - 0.9) / 0.25)) * 0.25 / (1 + 0.1 * drive)
    curve: dict[str, Any] = {
        "population": population,
        "drive": "mu",
        "unit": "mV/ms",
        "values": drive,
        "operating_point": 1.5,
        "models": {
            "density": gain,
            "density, mean closure": 0.965 * gain - 0.02 * drive,
            "unit": gain * (1 + 0.002 * np.sin(4 * drive)),
        },
    }
    if truth:
        noise = 0.004 * gain * np.random.default_rng(5).standard_normal(len(drive))
        curve["truth"] = {"rung": "spiking", "rate": gain + noise, "standard_error": 0.004 * gain + 0.002}
    return curve


def _step(protocol: str, population: str, sides: dict[str, xr.Dataset], truth: bool) -> dict[str, Any]:
    reference = sides["spiking" if truth else "density"]
    models = ("density", "unit") if truth else ("unit",)
    errors = {
        name: step_error(reference, sides[name], population=population, onset=ONSET, until=ONSET + 0.4).to_dict()
        for name in models
    }
    return {"protocol": protocol, "population": population, "onset": ONSET, "until": ONSET + 0.4, "errors": errors}


def _response(population: str) -> dict[str, Any]:
    f = np.geomspace(0.5, 300, 60)
    density = 9 * (1j * f / 0.8 + 0.4) / (1 + 1j * f / 0.8) / (1 + 1j * f / 60)
    unit = 9 * (1j * f / 0.85 + 0.4) / (1 + 1j * f / 0.85) / (1 + 1j * f / 66)
    return {
        "population": population,
        "target": "mu",
        "unit": "Hz/(mV/ms)",
        "frequency": f,
        "magnitude": {"density": np.abs(density), "unit": np.abs(unit)},
        "phase": {"density": np.angle(density), "unit": np.angle(unit)},
        "error": {"unit": response_error(f, density, unit).relative},
    }


def _predictions(population: str, truth: bool) -> list[dict[str, Any]]:
    measured = 0.0016 if truth else None
    return [
        {
            "population": population,
            "rung": "density",
            "what": "closure: order 3 against 4",
            "predicted": 0.0011,
            "measured": measured,
            "interval": [0.0012, 0.002] if truth else None,
        },
        {
            "population": population,
            "rung": "density",
            "what": "grid and step halved",
            "predicted": 0.0006,
            "measured": None,
        },
    ]


def _parameters() -> list[dict[str, Any]]:
    return [
        {
            "name": "tau_h",
            "meaning": "time constant of the input filter",
            "unit": "s",
            "value": 5.2e-3,
            "low": 4.9e-3,
            "high": 5.6e-3,
        },
        {"name": "alpha", "meaning": "decay rate of the mode", "unit": "1/s", "value": 61.0, "low": 48.0, "high": 77.0},
        {
            "name": "omega_ratio",
            "meaning": "frequency of the mode over the rate",
            "unit": "1",
            "value": 0.96,
            "low": 0.91,
            "high": 1.02,
        },
        {
            "name": "kappa_re",
            "meaning": "in-phase share of a change that enters the mode",
            "unit": "1",
            "value": -0.12,
            "low": -0.4,
            "high": 0.17,
            "note": "not identified",
        },
        {"name": "tau_w", "meaning": "adaptation, the neuron's own", "unit": "s", "value": 0.2, "fixed": True},
    ]


def _provenance(label: str, truth: bool) -> dict[str, Any]:
    costs = [{"stage": "density", "cpu_s": 2.4, "wall_s": 2.6}, {"stage": "fit", "cpu_s": 6.1, "wall_s": 6.3}]
    if truth:
        costs.append({"stage": "truth", "cpu_s": 155.0, "wall_s": 83.0, "note": "Brian2, C++"})
    return {
        "command": f"popdyn convert examples/{label}.toml --to unit --tolerance 2%",
        "versions": {"popdyn": "0.1.0", "brian2": "2.9.0", "numpy": "2.3.5"},
        "seeds": {"protocol": 1, "truth": 7},
        "keys": {"truth": "a1b2" * 16} if truth else {},
        "costs": costs,
    }

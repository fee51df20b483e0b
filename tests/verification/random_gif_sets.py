"""Twenty random neurons with escape noise that adapt on two or three time scales, and their rates.

    python tests/verification/random_gif_sets.py draw > tests/verification/random_gif_sets.csv
    python tests/verification/random_gif_sets.py truth > tests/verification/random_gif_truth.csv

A Latin hypercube: tau_m 10-25 ms, Delta_V 1-5 mV, V_reset -5 to 8 mV and t_ref 0-5 ms uniform; the rate 4-50 Hz, time
constants of the traces 10 ms - 1 s and the shift of each trace at the drawn rate 0.5-6 mV log-uniform. Traces move the
threshold and carry a current in turn, an odd number in every second set; every fifth set has white noise. E_L is 0,
V_T_star 15 mV, lambda_0 10 Hz. The drive gives the drawn rate when each trace stays at its mean; with the traces
themselves the rate comes near it.

The truth is popdyn's: at least 10^6 spikes of 5,000 neurons in steps of 0.1 ms after five of the longest time constant,
the standard error from the rates of the neurons.
"""

from __future__ import annotations

import csv
import sys
from pathlib import Path
from typing import Any

import numpy as np
from scipy.optimize import brentq
from scipy.stats.qmc import LatinHypercube

SEED, COUNT, MOST = 4, 20, 3
NEURONS, SPIKES, DT = 5000, 1.05e6, 1e-4
V_T, LAMBDA_0, C_M = 15.0, 0.01, 200.0  # mV, 1/ms, pF
HERE = Path(__file__).parent
TABLE, TRUTH = HERE / "random_gif_sets.csv", HERE / "random_gif_truth.csv"
TRACES = [f"{name}_{k}" for k in range(1, MOST + 1) for name in ("kind", "tau_ms", "q_mV")]
COLUMNS = ("set", "tau_m_ms", "Delta_V_mV", "V_reset_mV", "t_ref_ms", "sigma", "target_Hz", "mu", *TRACES)

Row = dict[str, Any]


def traces(row: Row) -> list[tuple[str, float, float]]:
    """(sfa or stc, tau [ms], jump [mV], of a current over g_L) of every trace of a row."""
    every = [(row[f"kind_{k}"], row[f"tau_ms_{k}"], row[f"q_mV_{k}"]) for k in range(1, MOST + 1)]
    return [(kind, float(tau), float(q)) for kind, tau, q in every if kind]


def document(row: Row, **protocols: Any) -> dict[str, Any]:
    """The spec of a row of the table."""
    neuron: dict[str, Any] = {
        "model": "gif", "C_m": f"{C_M} pF", "tau_m": f"{row['tau_m_ms']} ms", "E_L": "0 mV",
        "V_T_star": f"{V_T} mV", "V_reset": f"{row['V_reset_mV']} mV", "Delta_V": f"{row['Delta_V_mV']} mV",
        "lambda_0": f"{LAMBDA_0} 1/ms", "t_ref": f"{row['t_ref_ms']} ms",
    }  # fmt: skip
    g_L = C_M / float(row["tau_m_ms"])  # nS
    for name, unit, factor in (("sfa", "mV", 1.0), ("stc", "pA", g_L)):
        own = [(tau, factor * q) for kind, tau, q in traces(row) if kind == name]
        neuron |= {f"tau_{name}": [f"{tau} ms" for tau, _ in own], f"q_{name}": [f"{q!r} {unit}" for _, q in own]}
    noise = {"mu": f"{row['mu']} mV/ms", "sigma": f"{row['sigma']} mV/sqrt(ms)"}
    population = {"size": NEURONS, "neuron": neuron, "noise": noise}
    return {"name": f"gif set {row['set']}", "populations": {"E": population}, "protocols": protocols}


def table(path: Path = TABLE) -> list[Row]:
    with path.open() as file:
        return list(csv.DictReader(file))


def _renewal_rate(row: Row, drive: float, shift: float) -> float:
    """Rate [1/s] of the neuron without traces, its threshold raised by `shift` [mV]."""
    t = np.arange(0.0, 2000.0, 0.05)
    V = drive + (row["V_reset_mV"] - drive) * np.exp(-t / row["tau_m_ms"])
    exponent = (V - V_T - shift) / row["Delta_V_mV"] + row["sigma"] ** 2 * row["tau_m_ms"] / 4 / row["Delta_V_mV"] ** 2
    survivor = np.exp(-0.05 * np.cumsum(LAMBDA_0 * np.exp(np.minimum(exponent, 20.0))))
    return 1e3 / (row["t_ref_ms"] + 0.05 * survivor.sum())


def _row(number: int, u: np.ndarray) -> Row:
    rate = 4.0 * 12.5 ** u[4]
    row: Row = {
        "set": number, "tau_m_ms": round(10 + 15 * u[0], 1), "Delta_V_mV": round(1 + 4 * u[1], 2),
        "V_reset_mV": round(-5 + 13 * u[2], 1), "t_ref_ms": round(5 * u[3], 1),
        "sigma": round(0.5 + u[5], 2) if number % 5 == 4 else 0.0, "target_Hz": round(rate, 2),
    }  # fmt: skip
    total = 0.0
    for k in range(MOST):
        tau, shift = 10.0 * 100.0 ** u[6 + k], 0.5 * 12.0 ** u[9 + k]
        q = round(min(shift * 1e3 / (tau * rate), 8.0), 4)
        present = k < 2 + number % 2
        kind = ("sfa", "stc")[(number // 2 + k) % 2] if present else ""
        row |= {f"kind_{k + 1}": kind, f"tau_ms_{k + 1}": round(tau, 1) if present else ""}
        row[f"q_mV_{k + 1}"] = q if present else ""
        total += q * tau * rate * 1e-3 if present else 0.0
    drive = brentq(lambda drive: _renewal_rate(row, drive, total) - rate, -50.0, 400.0, xtol=1e-3)
    return row | {"mu": round(drive / row["tau_m_ms"], 4)}


def draw() -> list[Row]:
    points = LatinHypercube(6 + 2 * MOST, seed=SEED).random(COUNT)
    return [_row(number, u) for number, u in enumerate(points)]


def truth(row: Row) -> Row:
    """Rate and standard error [1/s], spikes."""
    from popdyn.ground_truth import simulate
    from popdyn.spec import load

    seconds = max(2.0, np.ceil(SPIKES / (NEURONS * float(row["target_Hz"]))))
    transient = max(0.5, 5e-3 * max(tau for _, tau, _ in traces(row)))
    spec, spikes, rates = document(row), 0.0, np.zeros(0)
    while spikes < 1e6:
        spec["protocols"] = {"rest": {"duration": f"{seconds:.0f} s", "transient": f"{np.ceil(1e3 * transient)} ms"}}
        made = simulate(load(spec), "rest", seed=1, dt=DT, backend="cpp_standalone", workers=1)
        rates = made["neuron_rate_E"].values.ravel()
        spikes = rates.sum() * seconds
        seconds = np.ceil(1.1e6 / (NEURONS * rates.mean()))
    error = rates.std(ddof=1) / rates.size**0.5
    return {"set": row["set"], "rate": f"{rates.mean():.5f}", "error": f"{error:.5f}", "spikes": round(spikes)}


def main(verb: str) -> None:
    columns = COLUMNS if verb == "draw" else ("set", "rate", "error", "spikes")
    writer = csv.DictWriter(sys.stdout, columns, lineterminator="\n")
    writer.writeheader()
    for row in draw() if verb == "draw" else map(truth, table()):
        writer.writerow(row)
        sys.stdout.flush()


if __name__ == "__main__":
    main(sys.argv[1])

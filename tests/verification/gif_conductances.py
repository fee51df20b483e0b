"""Escape-noise neurons under conductances: populations with steps of their input, and networks, against Brian2.

python tests/verification/gif_conductances.py        (all figures, without the record)
"""

from __future__ import annotations

from typing import Any

import conductances
import record

from popdyn.comparison import compare
from popdyn.ground_truth import simulate
from popdyn.rungs.choose import density_rung
from popdyn.spec import Network

SEED, DT, SIZE = 3, 1e-4, 5_000
GIF = {
    "model": "gif", "C_m": "200 pF", "g_L": "10 nS", "E_L": "-70 mV", "V_reset": "-60 mV", "t_ref": "2 ms",
    "V_T_star": "-50 mV", "Delta_V": "2 mV", "lambda_0": "20 Hz",
}  # fmt: skip
SLOW = GIF | {"tau_sfa": ["30 ms", "300 ms"], "q_sfa": ["2 mV", "1 mV"]}
CURRENTS = GIF | {"tau_stc": ["5 ms", "100 ms"], "q_stc": ["30 pA", "10 pA"]}
SHARP = GIF | {"Delta_V": "1 mV"}
ADAPTING = GIF | {"tau_sfa": ["100 ms"], "q_sfa": ["1 mV"], "tau_stc": ["80 ms"], "q_stc": ["5 pA"]}
CASES: dict[str, tuple[dict[str, Any], float, float, float, float]] = {
    # neuron, tau_syn of excitation and inhibition [ms], mean conductances [nS]
    "gif_2_2": (GIF, 2.0, 2.0, 8.0, 9.2),
    "gif_2_5": (GIF, 2.0, 5.0, 8.0, 9.2),
    "gif_5_5": (GIF, 5.0, 5.0, 8.0, 8.6),
    "gif_thresholds": (SLOW, 2.0, 5.0, 8.0, 9.2),
    "gif_currents": (CURRENTS, 2.0, 5.0, 8.0, 8.0),
    "gif_sharp": (SHARP, 2.0, 5.0, 8.0, 9.2),
}
NETWORKS: dict[str, tuple[dict[str, Any], dict[str, Any], float, float]] = {
    # neurons of E and I, rate of 800 external sources [Hz]
    "calm": (SLOW | {"Delta_V": "4 mV"}, GIF | {"Delta_V": "4 mV"}, 7.0, 6.0),
    "gif_gif": (ADAPTING, GIF, 9.2, 7.0),
    "adex_gif": (conductances.ADEX, GIF, 9.2, 7.0),
}


def population(case: str) -> Network:
    """One population of a case; its rate steps up and down with the rate of its sources."""
    conductances.CASES[case] = CASES[case]
    return conductances.population(case)


def sparse(case: str) -> Network:
    """2,000 E and 500 I neurons that hear 160 and 40 of them through conductances of 0.5 and 2 nS."""
    first, second, nu_E, nu_I = NETWORKS[case]
    return conductances.sparse((first, nu_E), (second, nu_I))


def stepping(case: str) -> record.Values:
    """Rate before the steps (truth, density) [1/s], and the density's nrmse over the steps; recorded."""
    return record.once("gif_conductances", case, lambda: _stepping(case))


def _stepping(case: str) -> record.Values:
    truth = simulate(population(case), "steps", seed=SEED, dt=DT, groups=10)
    trace = density_rung(population(case)).simulate("steps")
    first = [x.rate.sel(time=slice(0.0, 1.0)).mean("time").values[:, 0] for x in (truth, trace)]
    found = compare(truth, trace, bin=5e-3).populations["A"]
    return {
        "truth": float(first[0].mean()), "error": float(first[0].std() / 3.0), "density": float(first[1][0]),
        "nrmse": found.nrmse, "bias": found.bias, "nrmse_interval": list(found.nrmse_interval),
        "mass_error": trace.attrs["mass_error"],
        "V_mean": [float(x.V_mean.sel(time=slice(0.0, 1.0)).mean()) for x in (truth, trace)],
    }  # fmt: skip


STEPS = (5e-4, 1e-4, 5e-5)


def steps_of_the_truth() -> record.Values:
    """Rates of gif_2_5 before the steps at several steps of the ground truth [1/s], standard errors; recorded."""
    return record.once("gif_conductances", "steps of the truth", _steps_of_the_truth)


def _steps_of_the_truth() -> record.Values:
    found: record.Values = {}
    for dt in STEPS:
        truth = simulate(population("gif_2_5"), "steps", seed=SEED + 1, dt=dt, groups=10)
        rate = truth.rate.sel(time=slice(0.0, None)).mean("time").values[:, 0]
        found[f"{dt:g}"] = [float(rate.mean()), float(rate.std() / 3.0)]
    return found


def network(case: str) -> record.Values:
    """Rates of a sparse network [1/s]: two networks of neurons, N -> infinity, finite size; recorded."""
    return record.once("gif_conductances", case, lambda: _network(case))


def _network(case: str) -> record.Values:
    truth = simulate(sparse(case), "constant", seed=SEED, dt=5e-5, groups=2, workers=1)
    rate = truth.rate.sel(time=slice(0.0, None))
    mean = rate.mean("time").values
    return {
        "truth": mean.mean(axis=0).tolist(), "apart": abs(mean[0] - mean[1]).tolist(),
        "modulation": (rate.rolling(time=5).mean().std("time") / rate.mean("time")).mean("run").values.tolist(),
        "infinite": list(density_rung(sparse(case)).rates().values()),
        "finite": list(density_rung(sparse(case), finite=True).rates().values()),
    }  # fmt: skip


if __name__ == "__main__":
    print(steps_of_the_truth(), flush=True)
    for name in CASES:
        print(name, stepping(name), flush=True)
    for name in NETWORKS:
        print(name, network(name), flush=True)

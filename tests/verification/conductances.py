"""Conductance synapses: populations under conductance input, and networks of conductances, against Brian2.

    python tests/verification/conductances.py        (all figures, without the record)

`naive` is the same network with currents of the charge that the conductances have at the mean V.
"""

from __future__ import annotations

from typing import Any

import record

from popdyn.comparison import compare
from popdyn.ground_truth import simulate
from popdyn.rungs.coupled import CoupledDensity
from popdyn.spec import Network, load

SEED, DT = 3, 5e-5
SIZE = 5_000
MEMBRANE = {"C_m": "200 pF", "g_L": "10 nS", "E_L": "-70 mV", "V_th": "-50 mV", "V_reset": "-60 mV", "t_ref": "2 ms"}
LIF = {"model": "lif"} | MEMBRANE
ADEX = {"model": "adex", "V_peak": "-40 mV", "Delta_T": "2 mV", "a": "0 nS", "b": "20 pA", "tau_w": "100 ms"} | MEMBRANE
START = {"V": {"normal": ["-58 mV", "3 mV"]}}
SILENT = {"mu": "0 mV/ms", "sigma": "0 mV/sqrt(ms)"}
E_E, E_I = 0.0, -75e-3
CASES: dict[str, tuple[dict[str, str], float, float, float, float]] = {
    # neuron, tau_syn of excitation and inhibition [ms], mean conductances [nS]
    "lif_2_2": (LIF, 2.0, 2.0, 8.0, 9.2),
    "lif_2_5": (LIF, 2.0, 5.0, 8.0, 9.2),
    "lif_5_5": (LIF, 5.0, 5.0, 8.0, 8.6),
    "adex_2_2": (ADEX, 2.0, 2.0, 8.0, 7.6),
    "adex_2_5": (ADEX, 2.0, 5.0, 8.0, 7.4),
    "adex_5_5": (ADEX, 5.0, 5.0, 8.0, 7.4),
}


def _source(K: int, nu: float, J: float, tau: float, E_rev: float, V: float | None) -> dict[str, Any]:
    """Conductances of J [nS], tau [ms]; or, at V [V], currents of their charge."""
    head = {"K": K, "nu": f"{nu} Hz", "tau_syn": f"{tau} ms"}
    if V is None:
        return head | {"synapse": "conductance", "J": f"{J} nS", "E_rev": f"{E_rev} V"}
    return head | {"synapse": "exponential", "J": f"{J * 1e-9 * tau * (E_rev - V) / 200e-12} mV"}


def population(case: str, V: float | None = None) -> Network:
    """One population of a case; its rate steps up and down with the rate of its sources."""
    neuron, tau_E, tau_I, g_E, g_I = CASES[case]
    sources = [
        _source(3600, 5.0, g_E / (18.0 * tau_E), tau_E, E_E, V),
        _source(300, 20.0, g_I / (6.0 * tau_I), tau_I, E_I, V),
    ]
    steps = [
        {"kind": "step", "target": "nu", "at": f"{at} ms", "amplitude": f"{size} Hz"}
        for at, size in ((1000, 0.4), (1250, -0.8), (1500, 0.4), (1600, 0.3), (1700, -0.3))
    ]
    return load({
        "schema": 1,
        "populations": {"A": {"size": SIZE, "neuron": neuron, "noise": SILENT, "poisson": sources, "initial": START}},
        "protocols": {"steps": {"duration": "2 s", "transient": "500 ms", "stimulus": steps}},
    })  # fmt: skip


def sparse(E: tuple[dict[str, Any], float] = (ADEX, 9.2), I: tuple[dict[str, Any], float] = (LIF, 7.0)) -> Network:  # noqa: E741
    """2,000 adapting and 500 LIF neurons, or others, that hear 160 and 40 of them through conductances, and 800 sources
    of the given rate [Hz]."""

    def wires(pre: str, post: str) -> dict[str, Any]:
        K, J, tau, E_rev = (160, 0.5, 2, E_E) if pre == "E" else (40, 2.0, 5, E_I)
        return {
            "pre": pre, "post": post, "rule": "fixed_indegree", "K": K, "multapses": False, "autapses": False,
            "synapse": "conductance", "J": f"{J} nS", "tau_syn": f"{tau} ms", "E_rev": f"{E_rev} V", "delay": "1.5 ms",
        }  # fmt: skip

    kinds = (("E", 2000, *E), ("I", 500, *I))
    populations = {
        name: {
            "size": size, "neuron": neuron, "noise": SILENT, "initial": START,
            "poisson": [_source(800, nu, 0.5, 2.0, E_E, None)],
        }
        for name, size, neuron, nu in kinds
    }  # fmt: skip
    connections = [wires(pre, post) for pre in "EI" for post in "EI"]
    protocols = {"constant": {"duration": "2 s", "transient": "600 ms"}}
    return load({"schema": 1, "populations": populations, "connections": connections, "protocols": protocols})


def stepping(case: str) -> record.Values:
    """Rate before the steps (truth, density, naive) [1/s], and the density's nrmse over the steps; recorded."""
    return record.once("conductances", case, lambda: _stepping(case))


def _stepping(case: str) -> record.Values:
    truth = simulate(population(case), "steps", seed=SEED, dt=DT, groups=10)
    density = CoupledDensity(population(case))
    trace = density.simulate("steps")
    V = float(trace.V_mean.sel(time=slice(0.0, 1.0)).mean())
    naive = CoupledDensity(population(case, V)).rates()["A"]
    first = [float(x.rate.sel(time=slice(0.0, 1.0)).mean()) for x in (truth, trace)]
    found = compare(truth, trace, bin=5e-3).populations["A"]
    return {
        "truth": first[0], "density": first[1], "naive": naive, "nrmse": found.nrmse, "bias": found.bias,
        "nrmse_interval": list(found.nrmse_interval), "mass_error": trace.attrs["mass_error"],
        "V_mean": [float(x.V_mean.sel(time=slice(0.0, 1.0)).mean()) for x in (truth, trace)],
    }  # fmt: skip


def network() -> record.Values:
    """Rates of the sparse network [1/s]: two networks of neurons, N -> infinity, finite size; recorded."""
    return record.once("conductances", "sparse", _network)


def _network() -> record.Values:
    truth = simulate(sparse(), "constant", seed=SEED, dt=5e-5, groups=2, workers=1)
    mean = truth.rate.sel(time=slice(0.0, None)).mean("time").values
    return {
        "truth": mean.mean(axis=0).tolist(), "apart": abs(mean[0] - mean[1]).tolist(),
        "infinite": list(CoupledDensity(sparse()).rates().values()),
        "finite": list(CoupledDensity(sparse(), finite=True).rates().values()),
    }  # fmt: skip


if __name__ == "__main__":
    for name in CASES:
        print(name, stepping(name), flush=True)
    print(network())

"""Cohorts against neurons with escape noise in steps: trajectories, fluctuations of a finite population, heterogeneity.

    pytest -m slow tests/verification/test_escape_rows.py

The neuron has tau_m 15 ms, Delta_V 3 mV, t_ref 4 ms and adapts within 30 and 500 ms by its threshold (3, 0.6 mV) or by
currents that would move V by (3, 1 mV). The drive is the protocols' of popdyn, V starts at V_reset.
"""

from __future__ import annotations

from dataclasses import replace

import cases
import escape_steps as steps
import numpy as np
import record
import xarray as xr
from scipy.signal import welch
from scipy.stats import qmc

from popdyn.comparison import compare, spectrum_error
from popdyn.results import make_dataset
from popdyn.rungs.choose import density_rung
from popdyn.rungs.cohort_density import CohortDensity
from popdyn.spec import load
from popdyn.spec.network import Initial, Network, Population, Protocol
from popdyn.stimuli import drive

TAU, C_M = 15.0, 150.0  # [ms], [pF]
TRACES = {"thresholds": {"sfa": [(30.0, 3.0), (500.0, 0.6)]}, "currents": {"stc": [(30.0, 3.0), (500.0, 1.0)]}}
BLOCK = 2.5  # [s] of the bootstrap: five of the longest time constant
TRANSIENT = 1.0  # [s]


def network(traces: str = "thresholds", size: int = 10_000, **neuron: object) -> Network:
    """gif_two_time_scales with the traces of this case, V at V_reset to begin with, nothing spread but `neuron`."""
    base = cases.entry("gif_two_time_scales")
    parameters: dict[str, object] = {
        "model": "gif", "C_m": f"{C_M} pF", "g_L": f"{C_M / TAU} nS", "E_L": "0 mV", "V_reset": "0 mV",
        "V_T_star": "15 mV", "Delta_V": "3 mV", "lambda_0": "10 Hz", "t_ref": "4 ms",
    }  # fmt: skip
    for name, unit, factor in (("sfa", "mV", 1.0), ("stc", "pA", C_M / TAU)):
        own = TRACES[traces].get(name, [])
        parameters |= {
            f"tau_{name}": [f"{tau} ms" for tau, _ in own],
            f"q_{name}": [f"{factor * q} {unit}" for _, q in own],
        }
    mu = neuron.pop("mu", "1.2 mV/ms")
    document = {"size": size, "neuron": parameters | neuron, "noise": {"mu": mu}}
    (population,) = load({"schema": 1, "populations": {"E": document}}).populations.values()
    start = Initial(population.neuron.parameters["V_reset"], 0.0)
    protocols = {name: replace(p, transient=TRANSIENT) for name, p in base.protocols.items()}
    return replace(base, name=traces, populations={"E": replace(population, initial=start)}, protocols=protocols)


def drive_of(population: Population, protocol: Protocol) -> np.ndarray:
    """tau mu [mV] in the middle of every step of the simulation."""
    count = round((protocol.transient + protocol.duration) * 1e3 / steps.STEP)
    middle = (np.arange(count) + 0.5) * steps.STEP * 1e-3 - protocol.transient
    return np.asarray(drive(population, protocol, middle)[0] * TAU)


def spiking(of: Network, protocol: str, seeds: int, traces: str, spread: steps.Spread | None = None) -> xr.Dataset:
    """One run for every seed, bins of 1 ms."""
    (population,), chosen = of.populations.values(), of.protocols[protocol]
    mu, every = drive_of(population, chosen), round(1.0 / steps.STEP)
    neuron = steps.neuron(**TRACES[traces])
    every_spread = spread or steps.same(neuron, population.size)
    counts = [steps.simulate(neuron, every_spread, mu, every, seed) for seed in range(1, seeds + 1)]
    rate = np.array(counts)[:, :, None] / (population.size * 1e-3)
    time = (np.arange(rate.shape[1]) + 0.5) * 1e-3 - chosen.transient
    return make_dataset(time, ["E"], rate, attrs={"rung": "spiking", "protocol": protocol})


def trajectory(traces: str, protocol: str, seeds: int) -> record.Values:
    """Noise-corrected error of a protocol in bins of 5 ms, N = 10,000."""
    return record.once(
        "escape trajectory", f"{traces} {protocol} {seeds}", lambda: _trajectory(traces, protocol, seeds)
    )


def _trajectory(traces: str, protocol: str, seeds: int) -> record.Values:
    of = network(traces)
    return _compared(spiking(of, protocol, seeds, traces), CohortDensity(of).simulate(protocol))


def _compared(truth: xr.Dataset, model: xr.Dataset) -> record.Values:
    found = compare(truth, model, bin=5e-3, block=BLOCK).populations["E"].to_dict()
    kept = ("nrmse", "nrmse_interval", "bias", "bias_interval", "resolution", "ceiling", "correlation", "truth_mean")
    return {name: found[name] for name in kept} | {"groups": found["groups"], "verdict": found["verdict"]}


NEURONS, LASTS = 500, 2000.0  # [s]
MU, J, TAU_SYN, DELAY = 20.0, -250.0, 5.0, 2.0  # [mV], [mV ms], [ms], [ms]
RUNS = 10


def inhibited() -> Network:
    """500 neurons that hear each other: J over their number, the same jump of V in all."""
    base = network(size=NEURONS, mu=f"{MU / TAU} mV/ms")
    wire = {"pre": "E", "post": "E", "rule": "all_to_all", "J": f"{J / NEURONS / TAU} mV", "synapse": "exponential",
            "tau_syn": f"{TAU_SYN} ms", "delay": f"{DELAY} ms"}  # fmt: skip
    bare = {"size": NEURONS, "neuron": {"model": "poisson", "V_T_star": "15 mV"}, "noise": {"mu": "0 mV/ms"}}
    wires = load({"schema": 1, "populations": {"E": bare}, "connections": [wire]}).connections
    return replace(base, name="inhibited", connections=wires)


def _activity(counts: np.ndarray) -> record.Values:
    """Of spikes (run, step): rate, s.d. in bins of 5 ms and spectrum, with their errors over the runs."""
    rate = counts.reshape(len(counts), -1, round(1.0 / steps.STEP)).sum(axis=2) / (NEURONS * 1e-3)
    frequency, power = welch(rate, fs=1e3, nperseg=1000, axis=1)
    coarse = rate.reshape(len(rate), -1, 5).mean(axis=2)
    spread = [float(run.std()) for run in coarse]
    return {
        "rate": [float(run.mean()) for run in rate], "sd": spread, "frequency": frequency.tolist(),
        "power": power.mean(axis=0).tolist(),
    }  # fmt: skip


def inhibited_spiking() -> record.Values:
    def measure() -> record.Values:
        neuron, each = steps.neuron(**TRACES["thresholds"]), 1e3 * (LASTS / RUNS + 3.0)
        skip = round(3e3 / steps.STEP)
        made = [steps.inhibited(neuron, NEURONS, MU, J, TAU_SYN, DELAY, each, seed)[skip:] for seed in range(RUNS)]
        return _activity(np.array(made))

    return record.once("escape inhibited", f"spiking {LASTS} {RUNS}", measure)


def inhibited_density() -> record.Values:
    def measure() -> record.Values:
        rung = CohortDensity(inhibited(), finite=True)
        chosen = Protocol("rest", LASTS / RUNS, 3.0, 0)
        runs = [rung.run(chosen, seed).rate[0, round(3.0 / rung.dt) :] for seed in range(RUNS)]
        return _activity(np.array(runs) * NEURONS * rung.dt)

    return record.once("escape inhibited", f"density {LASTS} {RUNS}", measure)


def band_errors() -> list[tuple[float, float, float, float]]:
    """(low, high [Hz], relative error of the power, standard error of truth and density together) from 5 to 300 Hz."""
    truth, model = inhibited_spiking(), inhibited_density()
    inside = np.array(truth["frequency"]) <= 300.0
    given = (np.array(x)[inside] for x in (truth["frequency"], truth["power"], model["power"]))
    bands = spectrum_error(*given, duration=LASTS, low=5.0)
    return [(b.low, b.high, b.relative, float(np.sqrt(2.0) * b.standard_error)) for b in bands]


ADAPTING = {"V_T_star": {"normal": ["15 mV", "2.5 mV"]}, "adaptation_scale": {"lognormal": ["1", "0.5"]}}
SPREADS: dict[str, dict[str, object]] = {
    "frozen": {**ADAPTING, "V_reset": {"normal": ["0 mV", "2 mV"]}, "mu": {"normal": ["1.2 mV/ms", "0.15 mV/ms"]}},
    "nodes": {**ADAPTING, "C_m": {"lognormal": ["150 pF", "45 pF"]}, "I_e": {"normal": ["180 pA", "36 pA"]},
              "mu": "0 mV/ms"},
}  # fmt: skip
DRAWN, SEEDS, STEPPED = 8192, 10, 20
HELD = {"16 mV": (0.6, 1.0), "23 mV": (1.6, 2.0), "11 mV": (3.6, 4.0)}  # [s] of the steps where the drive has stayed


def heterogeneous(kind: str) -> record.Values:
    """Four spread parameters: the OU protocol; at three drives error of the rate, s.e., that of equal neurons."""
    return record.once(
        "escape heterogeneous", f"{SPREADS[kind]} {DRAWN} {SEEDS} {STEPPED}", lambda: _heterogeneous(kind)
    )


def drawn(population: Population) -> steps.Spread:
    """Parameters of every neuron by the strata of a Sobol sequence; drive: what it has more than the mean [mV]."""
    names, u = sorted(population.spread), qmc.Sobol(len(population.spread), seed=1).random(population.size)
    values = {name: population.spread[name].quantile(u[:, k]) for k, name in enumerate(names)}
    p, mu = population.neuron.parameters | {"mu": population.noise.mu}, population.noise.mu
    of = {name: values.get(name, np.full(population.size, p[name])) for name in (*values, *p)}
    tau = 1e3 * of["C_m"] / p["g_L"]
    more = tau * (of["mu"] - mu) + 1e3 * (of["I_e"] - p["I_e"] * of["C_m"] / p["C_m"]) / p["g_L"]
    return steps.Spread(tau, 1e3 * of["V_reset"], 1e3 * of["V_T_star"], tau / TAU, more, of["adaptation_scale"])


def _heterogeneous(kind: str) -> record.Values:
    of = network(size=DRAWN, **SPREADS[kind])
    spread, rung = drawn(of.populations["E"]), density_rung(of) if kind == "nodes" else CohortDensity(of)
    found = _compared(spiking(of, "ou", SEEDS, "thresholds", spread), rung.simulate("ou"))
    alone = replace(of, populations={"E": replace(of.populations["E"], spread={})})
    traces = (
        spiking(of, "steps", STEPPED, "thresholds", spread),
        rung.simulate("steps"),
        density_rung(alone).simulate("steps"),
    )
    for name, (low, high) in HELD.items():
        truth, model, equal = (x["rate"].sel(time=slice(low, high)).mean(("time", "population")).values for x in traces)
        mean, error = truth.mean(), truth.std(ddof=1) / truth.size**0.5
        found[name] = [float(x) for x in (model[0] / mean - 1.0, error / mean, equal[0] / mean - 1.0)]
    return found | {"nodes": rung.simulate("ou").attrs.get("nodes", 1)}

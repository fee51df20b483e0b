"""Row: the ground truth of neurons with escape noise against the simulation in continuous time, and its step.

    pytest -m slow tests/verification/test_hazard_driven.py

Each comparison fails by chance once in 2000 (3.5 standard errors of both together, over the neurons).
"""

import hazard_driven
import numpy as np
import pytest
import record

from popdyn.ground_truth import simulate
from popdyn.spec import load

C_M, TAU = 150.0, 15.0  # pF, ms: g_L 10 nS
CASES = {
    "renewal": {"drive": 23.0},
    "thresholds": {"drive": 23.0, "sfa": [(30.0, 3.0), (500.0, 0.6)]},
    "currents": {"drive": 20.0, "stc": [(30.0, 3.0), (500.0, 1.0)]},
    "both": {"drive": 25.0, "sfa": [(15.0, 4.0), (100.0, 0.5), (800.0, 0.3)], "stc": [(100.0, 1.0), (800.0, 0.4)]},
    "fast": {"drive": 30.0, "sfa": [(10.0, 6.0)], "stc": [(15.0, -8.0)], "t_ref": 0.7, "Delta": 1.0},
    "noisy": {"drive": 20.0, "sfa": [(30.0, 3.0), (200.0, 1.0)], "sigma": 1.0},
}
LENGTH, TRANSIENT = 6000.0, 3000.0  # ms
STEPS = {"0.1 ms": 1e-4, "0.5 ms": 5e-4}
BIAS = {"0.1 ms": 0.0, "0.5 ms": 3e-3}


def independent(case, neurons, seed=1):
    """(rate, standard error) [1/s] in continuous time."""
    own = {k: v for k, v in CASES[case].items() if k not in ("drive", "sigma")}
    drive = np.full(2, CASES[case]["drive"])
    counts = hazard_driven.simulate(
        hazard_driven.neuron(**own), drive, LENGTH / 2, CASES[case].get("sigma", 0.0), neurons, seed
    )[:, 1]
    rates = counts / (LENGTH / 2) * 1e3
    return rates.mean(), rates.std(ddof=1) / neurons**0.5


def network(case, neurons):
    given = CASES[case]
    lists = {"sfa": ("mV", 1.0), "stc": ("pA", 10.0)}
    neuron = {"model": "gif", "C_m": f"{C_M} pF", "tau_m": f"{TAU} ms", "E_L": "0 mV", "V_reset": "0 mV",
              "V_T_star": "15 mV", "Delta_V": f"{given.get('Delta', 3.0)} mV", "lambda_0": "10 Hz",
              "t_ref": f"{given.get('t_ref', 4.0)} ms"}  # fmt: skip
    for name, (unit, factor) in lists.items():
        neuron[f"tau_{name}"] = [f"{tau} ms" for tau, _ in given.get(name, ())]
        neuron[f"q_{name}"] = [f"{factor * q!r} {unit}" for _, q in given.get(name, ())]
    noise = {"mu": f"{given['drive'] / TAU!r} mV/ms", "sigma": f"{given.get('sigma', 0.0)} mV/sqrt(ms)"}
    protocol = {"duration": f"{LENGTH - TRANSIENT} ms", "transient": f"{TRANSIENT} ms"}
    population = {"size": neurons, "neuron": neuron, "noise": noise}
    return load({"populations": {"E": population}, "protocols": {"p": protocol}})


def truth(case, neurons, dt):
    made = simulate(network(case, neurons), "p", dt=dt, seed=2, backend="cpp_standalone", workers=1)
    rates = made["neuron_rate_E"].values.ravel()
    return rates.mean(), rates.std(ddof=1) / rates.size**0.5


def measured(case):
    """Rates and standard errors [1/s]: in continuous time, and of the truth at each step."""
    neurons = 2000 if case == "noisy" else 6000
    found = {"continuous": independent(case, neurons)}
    return found | {step: truth(case, 2 * neurons, dt) for step, dt in STEPS.items()}


@pytest.mark.slow
@pytest.mark.parametrize("case", CASES)
def test_rate_of_the_truth(case):
    values = record.once("hazard_driven", case, lambda: measured(case))
    rate, error = values["continuous"]
    for step in STEPS:
        found, own = values[step]
        together = (error**2 + own**2) ** 0.5
        assert together < (4e-3 if case == "noisy" else 2.5e-3) * rate
        assert abs(found - rate) < 3.5 * together + BIAS[step] * rate, step

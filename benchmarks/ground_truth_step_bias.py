"""How the mean rate of AdEx populations moves with the step and the scheme: why 0.02 ms and Heun are the defaults.

    python benchmarks/ground_truth_step_bias.py [dt in ms ...]

Cases aug and strong at constant drive, 20,000 neurons for 5 s: standard error about 0.03 %.
"""

import sys

import numpy as np

from popdyn.ground_truth import mean_rates, simulate
from popdyn.spec import Initial, Network, Neuron, Population, Protocol, WhiteNoise

AUG = {
    "C_m": 200e-12, "g_L": 10e-9, "E_L": -65e-3, "V_th": -50e-3, "V_reset": -70e-3, "t_ref": 0.0, "I_e": 0.0,
    "Delta_T": 1.5e-3, "V_peak": -40e-3, "a": 4e-9, "b": 40e-12, "tau_w": 0.2, "E_w": -80e-3,
}  # fmt: skip
CASES = {"aug": AUG, "strong": {**AUG, "tau_w": 0.06, "b": 80e-12}}


def main(steps):
    noise = WhiteNoise(1.5, 2e-3 / np.sqrt(1e-3))
    protocol = Protocol("constant", 5.0, 1.0, 0)
    for dt in steps:
        for name, numbers in CASES.items():
            one = Population("E", 20_000, Neuron("adex", numbers), noise, (), Initial(-60e-3, 3e-3, 100e-12, 20e-12))
            for method in ("heun", "euler"):
                network = Network(name, {"E": one}, {"constant": protocol})
                result = simulate(network, protocol, seed=11, dt=dt, method=method, backend="cpp_standalone")
                rate = mean_rates(result)["E"]
                print(f"{name} {method} dt {1e3 * dt:g} ms: {rate.mean:.4f} ± {rate.standard_error:.4f} Hz", flush=True)


if __name__ == "__main__":
    main([1e-3 * float(word) for word in sys.argv[1:]] or [5e-5, 2e-5, 1e-5])

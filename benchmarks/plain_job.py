"""What a user would write for one job: python plain_job.py NUMBERS.json RESULT.h5. Brian2 and h5py, no popdyn."""

import json
import sys

import brian2 as b2
import h5py
import numpy as np


def main(numbers, result):
    b2.prefs.codegen.target = "numpy"
    b2.seed(numbers["seed"])
    b2.defaultclock.dt = numbers["dt"] * b2.second
    equations = """dV/dt = (g_L * (E_L - V)) / C_m + mu + sigma * xi : volt (unless refractory)"""
    namespace = {
        "g_L": 10 * b2.nS, "C_m": 200 * b2.pF, "E_L": -65 * b2.mV, "V_th": -50 * b2.mV, "V_reset": -70 * b2.mV,
        "mu": numbers["mu"] * b2.volt / b2.second, "sigma": numbers["sigma"] * b2.volt / b2.second**0.5,
    }  # fmt: skip
    neurons = b2.NeuronGroup(
        numbers["size"], equations, threshold="V > V_th", reset="V = V_reset", refractory=2 * b2.ms, method="heun",
        namespace=namespace,
    )  # fmt: skip
    neurons.V = -65 * b2.mV
    spikes = b2.SpikeMonitor(neurons)
    potential = b2.StateMonitor(neurons, "V", record=True, dt=1 * b2.ms)
    b2.run(numbers["duration"] * b2.second, namespace={})
    groups, bins = 10, round(numbers["duration"] * 1e3)
    own = np.asarray(spikes.i) * groups // numbers["size"]
    counts, _, _ = np.histogram2d(own, np.asarray(spikes.t), (groups, bins), [[0, groups], [0, numbers["duration"]]])
    rate = counts / (numbers["size"] / groups * 1e-3)
    mean = np.asarray(potential.V).reshape(groups, -1, bins).mean(axis=1)
    with h5py.File(result, "w") as file:
        for name, values in (("rate", rate), ("V_mean", mean)):
            file.create_dataset(name, data=values, compression="gzip", shuffle=True)


if __name__ == "__main__":
    with open(sys.argv[1]) as given:
        main(json.load(given), sys.argv[2])

"""What the truth of a network costs: compilation, simulated seconds, memory, against what the estimate of memory says.

    python benchmarks/ground_truth_networks.py

Brunel's model A (2000) at g = 5, nu_ext = 2 nu_thr: 12,500 LIF neurons, 15.6 million delta synapses, dt 0.1 ms; eight
populations, 64 connections of drawn weights and delays; AdEx neurons of unequal thresholds with exponential currents.
CPU seconds of the worker processes, one worker; a cold cache of programs.
"""

import json
import os
import resource
import tempfile

import numpy as np

from popdyn.distributions import Distribution
from popdyn.ground_truth import job, memory, run
from popdyn.spec import Initial, Network, Neuron, PoissonDrive, Population, Protocol, WhiteNoise
from popdyn.spec.network import Connection, Synapse

LIF = {"C_m": 250e-12, "g_L": 12.5e-9, "E_L": 0.0, "V_th": 20e-3, "V_reset": 10e-3, "t_ref": 2e-3, "I_e": 0.0}
ADEX = {
    "C_m": 200e-12, "g_L": 10e-9, "E_L": -65e-3, "V_th": -50e-3, "V_reset": -70e-3, "t_ref": 2e-3, "I_e": 0.0,
    "Delta_T": 1.5e-3, "V_peak": -40e-3, "a": 4e-9, "b": 20e-12, "tau_w": 0.2, "E_w": -80e-3,
}  # fmt: skip


def brunel(duration):
    drive = PoissonDrive(1000, 20.0, 0.1e-3)
    members = {
        name: Population(name, size, Neuron("lif", LIF), WhiteNoise(), (drive,), Initial(10e-3, 5e-3))
        for name, size in (("E", 10_000), ("I", 2500))
    }
    links = tuple(
        Connection(pre, post, "fixed_indegree", Synapse("delta", J, delay=1.5e-3), K=K)
        for pre, K, J in (("E", 1000, 0.1e-3), ("I", 250, -0.5e-3))
        for post in members
    )
    return Network("brunel", members, {"p": Protocol("p", duration, 0.0, 1)}, links)


def columns(duration):
    drive = PoissonDrive(2000, 8.0, 0.15e-3, Synapse("exponential", 0.15e-3, tau_syn=0.5e-3))
    members, links = {}, []
    for k in range(8):
        members[f"p{k}"] = Population(f"p{k}", 500, Neuron("lif", LIF), WhiteNoise(), (drive,), Initial(10e-3, 5e-3))
    for k, pre in enumerate(members):
        J, delay = ((0.15e-3, 1.5e-3), (-0.6e-3, 0.8e-3))[k % 2]
        weight, delays = (
            Distribution("normal", (J, 0.1 * abs(J))),
            Distribution("normal", (delay, 0.5 * delay), low=1e-4),
        )
        synapse = Synapse("exponential", J, tau_syn=0.5e-3, delay=delay, weight=weight, delays=delays)
        links += [Connection(pre, post, "fixed_total_number", synapse, number=50_000) for post in members]
    return Network("columns", members, {"p": Protocol("p", duration, 0.0, 1)}, tuple(links))


def unequal(duration):
    spread = {"V_th": Distribution("normal", (-50e-3, 1e-3))}
    noise, start = WhiteNoise(1.2, 1.5e-3 / np.sqrt(1e-3)), Initial(-60e-3, 4e-3)
    one = Population("E", 10_000, Neuron("adex", ADEX), noise, (), start, spread)
    link = Connection("E", "E", "fixed_indegree", Synapse("exponential", -0.1e-3, tau_syn=5e-3, delay=1e-3), K=100)
    return Network("unequal", {"E": one}, {"p": Protocol("p", duration, 0.0, 1)}, (link,))


def used():
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def cost(make, dt, short, long):
    """Cold start, then CPU per simulated second from two durations."""
    spent = []
    for duration in (short, short, long):
        decided = job(make(duration), "p", dt=dt, backend="cpp_standalone", groups=1)
        before = used()
        result = run(decided, workers=1)
        spent.append(used() - before)
    per_second = (spent[2] - spent[1]) / (long - short)
    neurons = sum(one.size for one in decided.network.populations.values())
    return {
        "compile_cpu_s": round(spent[0] - spent[1], 1),
        "cpu_s_per_simulated_s": round(per_second, 2),
        "ns_per_neuron_step": round(1e9 * per_second * dt / neurons, 1),
        "mean_rate_hz": round(float(result["rate"].mean()), 2),
        "memory_estimate_mb": round(sum(memory.needed(decided)) / 2**20),
        "largest_process_mb": round(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024),
    }


def main():
    with tempfile.TemporaryDirectory() as cache:
        os.environ["XDG_CACHE_HOME"] = cache
        print(json.dumps({
            "unequal_adex_dt_0.05": cost(unequal, 5e-5, 0.1, 1.1),
            "eight_populations_dt_0.1": cost(columns, 1e-4, 0.1, 1.1),
            "brunel_dt_0.1": cost(brunel, 1e-4, 0.1, 1.1),
        }, indent=1))  # fmt: skip


if __name__ == "__main__":
    main()

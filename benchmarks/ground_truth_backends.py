"""What each backend of the ground truth costs: the figures of popdyn/ground_truth/cost.py.

    python benchmarks/ground_truth_backends.py [backend ...]

AdEx, Heun steps, CPU seconds of the worker processes, one worker; the first run of a backend has a cold compile cache.
"""

import os
import resource
import sys
import tempfile
import time

import numpy as np

from popdyn.ground_truth import job, run
from popdyn.spec import Initial, Network, Neuron, Population, Protocol, WhiteNoise

AUG = {
    "C_m": 200e-12, "g_L": 10e-9, "E_L": -65e-3, "V_th": -50e-3, "V_reset": -70e-3, "t_ref": 0.0, "I_e": 0.0,
    "Delta_T": 1.5e-3, "V_peak": -40e-3, "a": 4e-9, "b": 40e-12, "tau_w": 0.2, "E_w": -80e-3,
}  # fmt: skip
DT = 2e-5
SIZES = {"numpy": (1000, 20_000), "cython": (1000, 20_000), "cpp_standalone": (1000, 20_000)}
DURATIONS = {"numpy": (0.02, 0.12), "cython": (0.02, 0.12), "cpp_standalone": (0.2, 1.2)}


def network(size, duration):
    noise = WhiteNoise(1.5, 2e-3 / np.sqrt(1e-3))
    one = Population("E", size, Neuron("adex", AUG), noise, (), Initial(-60e-3, 4e-3, 150e-12, 30e-12))
    return Network("benchmark", {"E": one}, {"p": Protocol("p", duration, 0.0, 0)})


def cpu_of(size, duration, backend):
    def used():
        usage = resource.getrusage(resource.RUSAGE_CHILDREN)
        return usage.ru_utime + usage.ru_stime

    decided = job(network(size, duration), "p", dt=DT, backend=backend)
    before, started = used(), time.perf_counter()
    run(decided, workers=1)
    return used() - before, time.perf_counter() - started, decided.grid.steps, decided.chunks


def main(backends):
    with tempfile.TemporaryDirectory() as cache:
        os.environ["XDG_CACHE_HOME"] = cache
        for backend in backends:
            small, large = SIZES[backend]
            short, long = DURATIONS[backend]
            cold, cold_wall, *_ = cpu_of(small, short, backend)
            warm, warm_wall, *_ = cpu_of(small, short, backend)
            cpu_of(large, short, backend)
            few_short, _, steps_short, chunks = cpu_of(small, short, backend)
            few, _, steps, _ = cpu_of(small, long, backend)
            many_short, *_ = cpu_of(large, short, backend)
            many, *_ = cpu_of(large, long, backend)
            per_step_few = (few - few_short) / (steps - steps_short)
            per_step_many = (many - many_short) / (steps - steps_short)
            neuron = (per_step_many - per_step_few) / (large - small)
            step = (per_step_few - neuron * small) / chunks
            print(
                f"{backend}: compile {cold - warm:.1f} CPU s ({cold_wall - warm_wall:.1f} s wall), "
                f"start {(warm - per_step_few * steps_short) / chunks:.2f} s, step {1e6 * step:.2f} us, "
                f"neuron-step {1e9 * neuron:.1f} ns; {large} neurons: {1e9 * per_step_many / large:.1f} ns in all"
            )


if __name__ == "__main__":
    main(sys.argv[1:] or list(SIZES))

"""Cost of a step of cohorts with conductances, and of the same without: CPU microseconds per step, best of five.

    python benchmarks/cohort_conductances.py

Claim: two conductances cost two to three times what two filtered currents do; populations without take the kernel that
they had.
"""

from __future__ import annotations

import time
from dataclasses import replace

import numpy as np

from popdyn.theory.cohort_march import march, start
from popdyn.theory.gif_problem import GifProblem

STEPS, DT = 40_000, 5e-4
PLAIN = GifProblem(20e-3, -70e-3, -60e-3, 2e-3, 20.0, 2e-3, -50e-3, C_m=200e-12, mu=1.1, colours=(2e-3, 5e-3))
ADAPTING = replace(PLAIN, tau_sfa=(30e-3, 300e-3), q_sfa=(2e-3, 1e-3))


def cost(problem: GifProblem, D: list[float]) -> float:
    """Best of five, after a warm-up."""
    mu, noise, best = np.full(STEPS, problem.mu), np.tile(D, (STEPS, 1)), np.inf
    for _ in range(6):
        cohorts = start(problem, dt=DT)
        began = time.process_time()
        march(cohorts, mu, noise)
        best = min(best, time.process_time() - began)
    return best / STEPS * 1e6


def main() -> None:
    for name, problem in (("no adaptation", PLAIN), ("two thresholds", ADAPTING)):
        currents = cost(problem, [0.0, 2e-4, 2e-4])
        opened = replace(problem, reversals=(0.0, -75e-3), shunt=86.0, mu=2.57)
        conductances = cost(opened, [0.0, 0.04, 0.09])
        print(f"{name}: currents {currents:.2f}, conductances {conductances:.2f} us per step")


if __name__ == "__main__":
    main()

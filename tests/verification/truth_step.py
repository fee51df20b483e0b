"""What the truth's own time step does to the stationary rate of lif and eif: exactly, without sampling.

    python tests/verification/truth_step.py > docs/verification/truth_step.csv

V at the steps is a Markov chain: a stochastic Heun step, V_reset where that reaches the barrier. With P the
probabilities from cell to cell, the mean number of steps to a spike solves T = 1 + P T;

    rate = 1/(dt T(V_reset) + t_ref)

at two widths of cells, extrapolated: the scheme's error falls with their square.
"""

from __future__ import annotations

import csv
import sys
import tomllib

import cases
import numpy as np
from scipy import sparse
from scipy.sparse.linalg import spsolve
from scipy.special import ndtr

from popdyn.ground_truth.time_grid import barrier_shift
from popdyn.neurons import MODELS

NAMES = ("lif", "eif")
DTS = (2e-5, 5e-5, 1e-4, 5e-4)  # [s]
CELLS = (6, 12)  # per s.d. of a step's noise
REACH = 8  # s.d. of a step's noise


def rate(name: str, dt: float) -> float:
    """Of the truth at this step [1/s]."""
    coarse, fine = (_rate(name, dt, cells) for cells in CELLS)
    return fine + (fine - coarse) / ((CELLS[1] / CELLS[0]) ** 2 - 1.0)


def exact(name: str) -> float:
    """Of the neuron [1/s]: the extrapolated density of the entry's job."""
    text = (cases.ENTRIES / name / "job.toml").read_text(encoding="utf-8")
    return float(tomllib.loads(text)["density_2d_rate"])


def bias(name: str, dt: float) -> float:
    """rate/exact - 1."""
    return rate(name, dt) / exact(name) - 1.0


def _rate(name: str, dt: float, cells: int) -> float:
    population = cases.entry(name).populations["E"]
    p, noise = population.neuron.parameters, population.noise
    drift = MODELS[population.neuron.model].drift
    kick = noise.sigma * np.sqrt(dt)
    top = p.get("V_peak", p["V_th"]) - barrier_shift(population, dt) * noise.sigma
    tau = p["C_m"] / p["g_L"]
    low = min(p["V_reset"], p["E_L"] + noise.mu * tau) - 6.0 * noise.sigma * np.sqrt(0.5 * tau)
    edges = np.linspace(low, top, int(np.ceil((top - low) / (kick / cells))) + 1)
    centres = 0.5 * (edges[1:] + edges[:-1])

    def step(V: np.ndarray, z: np.ndarray) -> np.ndarray:
        k = dt * (drift(V, p) + noise.mu) + kick * z
        return V + 0.5 * (k + dt * (drift(V + k, p) + noise.mu) + kick * z)

    P = _transitions(step, edges, centres, kick, REACH * cells)
    T = spsolve((sparse.identity(centres.size) - P).tocsc(), np.ones(centres.size))
    return 1.0 / (dt * float(np.interp(p["V_reset"], centres, T)) + p.get("t_ref", 0.0))


def _transitions(step, edges: np.ndarray, centres: np.ndarray, kick: float, reach: int) -> sparse.csr_matrix:
    """Probabilities (from, to) between cells, the lowest of which reflects; what is missing from 1 has fired."""
    middle = step(centres, np.zeros_like(centres))
    first = np.searchsorted(edges, middle)[:, None] - reach
    index = first + np.arange(2 * reach + 1)
    edge = edges[np.clip(index, 0, edges.size - 1)]
    z = _noise_to(step, centres[:, None], edge, (edge - middle[:, None]) / kick)
    below = np.where(index <= 0, 0.0, ndtr(z))
    to = index[:, :-1]
    within = (to >= 0) & (to < centres.size)
    start = np.broadcast_to(np.arange(centres.size)[:, None], to.shape)
    return sparse.csr_matrix((np.diff(below, axis=1)[within], (start[within], to[within])), (centres.size,) * 2)


def _noise_to(step, V: np.ndarray, target: np.ndarray, z: np.ndarray, rounds: int = 30) -> np.ndarray:
    """Standard normals that bring V to the target, by Newton's method."""
    limit, h = 2.0 * REACH, 1e-4
    for _ in range(rounds):
        slope = (step(V, z + h) - step(V, z - h)) / (2.0 * h)
        z = np.clip(z - (step(V, z) - target) / slope, -limit, limit)
    return z


def main() -> None:
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(["case", "dt_ms", "rate_Hz", "bias_percent"])
    for name in NAMES:
        for dt in DTS:
            writer.writerow([name, f"{1e3 * dt:g}", f"{rate(name, dt):.5f}", f"{100.0 * bias(name, dt):+.4f}"])


if __name__ == "__main__":
    main()

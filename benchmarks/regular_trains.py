"""Rate of a neuron that hears regular trains: theory.train_noise in its steps, against simulated neurons.

    python benchmarks/regular_trains.py [--neurons 4000] [--duration 8]

An exponential integrate-and-fire neuron far below threshold and one near it (the drives of excitation and inhibition in
set 2 of reference_sims/adex_ei, w held) hear 100 gamma-distributed renewal trains of 17.2 Hz, CV^2 0.24, J = -1.15 mV,
beside white noise. "noise" has in their place white noise with the filter's dip, which theory then knows exactly.
"""

from __future__ import annotations

import argparse

import numpy as np
from numba import njit

from popdyn.spec import load
from popdyn.theory.discretisation import Domain, choose_grid
from popdyn.theory.frozen_response import FrozenNode
from popdyn.theory.jumps import make_jumps
from popdyn.theory.problem import at_drive, density_problem
from popdyn.theory.train_noise import Regularity
from popdyn.theory.train_response import TrainNode

TRAINS, RATE, SHAPE, J, TAU = 100, 17.2, 4.2, -1.15e-3, 20e-3  # [1/s], 1/CV^2, [V], [s]
NEURON = {
    "model": "eif", "C_m": "200 pF", "tau_m": "20 ms", "E_L": "-65 mV", "V_th": "-50 mV", "Delta_T": "1.5 mV",
    "V_peak": "-40 mV", "V_reset": "-70 mV", "t_ref": "2 ms",
}  # fmt: skip
DRIVES = {"far below": 0.299, "near": 0.786}  # [mV/ms] mean input
WHITE = 0.883  # [mV^2/ms] D beside the trains
DT = 0.02  # [ms] of the neurons


def dip() -> tuple[float, float]:
    rho = (1.0 + 1.0 / (TAU * SHAPE * RATE)) ** -SHAPE
    return Regularity(1.0 / SHAPE, 1.0 + 2.0 * (rho / (1.0 - rho) - RATE * TAU), TAU).filter()


def theory(mean: float) -> dict[str, float]:
    """Rates [1/s]: Poisson trains; with the dip."""
    noise = {"mu": f"{mean} mV/ms", "sigma": "1 mV/sqrt(ms)"}
    spec = load({"schema": 1, "populations": {"E": {"size": 1, "neuron": NEURON, "noise": noise}}})
    sigma2 = TRAINS * RATE * J**2
    D = WHITE * 1e-3 + 0.5 * sigma2
    whole = at_drive(density_problem(spec.populations["E"]), mean, D)
    op = choose_grid(whole, Domain(mean, mean, whole.sigma, whole.sigma), tolerance=2e-4).operator
    white = FrozenNode(op, make_jumps(op, []), mean, D, np.zeros(0), whole.t_ref)
    rates = np.array([TRAINS * RATE])
    jumps = make_jumps(op, [[(1.0, J)]])
    plain = FrozenNode(op, jumps, mean - float(rates[0] * J), D - 0.5 * sigma2, rates, whole.t_ref)
    trains = jumps._replace(trains=np.array([[0.0, 1.0 / J], [J, 1.0]]))
    back = FrozenNode(op, trains, plain.mu, plain.D, rates, whole.t_ref)
    beta, gamma = dip()
    return {
        "noise, no dip": white.rate, "noise, one moment": TrainNode(white, beta, gamma, sigma2, 1).rate,
        "noise, two": TrainNode(white, beta, gamma, sigma2, 2).rate, "jumps, Poisson": plain.rate,
        "jumps, a drift taken back": TrainNode(plain, beta, gamma, sigma2).rate,
        "jumps, jumps taken back": TrainNode(back, beta, gamma, sigma2).rate,
    }  # fmt: skip


@njit
def connect(rng, n, pool):  # type: ignore[no-untyped-def]
    """(first target of each train, targets): every neuron hears TRAINS different trains of the pool."""
    sources, count, taken = np.empty((n, TRAINS), np.int64), np.zeros(pool + 1, np.int64), np.full(pool, -1)
    for i in range(n):
        for s in range(TRAINS):
            j = rng.integers(0, pool)
            while taken[j] == i:
                j = rng.integers(0, pool)
            taken[j], sources[i, s] = i, j
            count[j + 1] += 1
    first = np.cumsum(count)
    place, targets = first[:-1].copy(), np.empty(n * TRAINS, np.int64)
    for i in range(n):
        for j in sources[i]:
            targets[place[j]] = i
            place[j] += 1
    return first, targets


@njit
def draw(rng, shape):  # type: ignore[no-untyped-def]
    """An interval of a train [ms]; shape 0: Poisson."""
    return rng.standard_gamma(shape if shape > 0.0 else 1.0) * 1e3 / (RATE * (shape if shape > 0.0 else 1.0))


@njit
def neurons(rng, n, mean, D, beta, gamma, sigma2, jump, shape, steps, skip):  # type: ignore[no-untyped-def]
    """Rate [1/s] of n neurons under the dip's noise (sigma2 > 0) and trains of size `jump` (if not 0); mV, ms."""
    V, z, held = -65.0 + 10.0 * rng.random(n), np.zeros(n), np.zeros(n, np.int64)
    pool = 80 * TRAINS if jump != 0.0 else 0
    first, targets = connect(rng, n, 80 * TRAINS)
    following, fired = np.empty(pool), 0
    for j in range(pool):
        following[j] = -2e3 * rng.random()
        while following[j] < 0.0:
            following[j] += draw(rng, shape)
    arrived, away = np.zeros(n), np.exp(-beta * DT)
    for t in range(steps):
        arrived[:] = 0.0
        for j in range(pool):
            if following[j] <= t * DT:
                for i in targets[first[j] : first[j + 1]]:
                    arrived[i] += jump
                following[j] += draw(rng, shape)
        for i in range(n):
            xi, before = np.sqrt(sigma2 * DT) * rng.standard_normal(), z[i]
            z[i] = before * away
            if held[i] > 0:
                held[i] -= 1
                continue
            z[i] += gamma * xi
            noise, mu = xi + np.sqrt(2.0 * D * DT) * rng.standard_normal(), mean - before
            slope = -(V[i] + 65.0) / 20.0 + 0.075 * np.exp((V[i] + 50.0) / 1.5) + mu
            later = V[i] + slope * DT + noise
            if later < -42.0:  # the second half of Heun's step
                slope += -(later + 65.0) / 20.0 + 0.075 * np.exp((later + 50.0) / 1.5) + mu
                later = V[i] + 0.5 * slope * DT + noise
            V[i] = later + arrived[i]
            if later > -40.0:
                V[i], held[i] = -70.0, round(2.0 / DT)
                fired += t >= skip
    return fired / (n * (steps - skip) * DT * 1e-3)


def simulated(mean: float, n: int, duration: float) -> dict[str, float]:
    beta, gamma = dip()
    steps, skip, rng = round((duration + 0.3) * 1e3 / DT), round(300 / DT), np.random.default_rng(1)
    sigma2, sent = TRAINS * RATE * J**2 * 1e3, mean - TRAINS * RATE * J
    common = (steps, skip)
    return {
        "noise, no dip": neurons(rng, n, mean, WHITE, 1.0, 0.0, sigma2, 0.0, 0.0, *common),
        "noise, two": neurons(rng, n, mean, WHITE, beta * 1e-3, gamma * 1e-3, sigma2, 0.0, 0.0, *common),
        "jumps, Poisson": neurons(rng, n, sent, WHITE, 1.0, 0.0, 0.0, J * 1e3, 0.0, *common),
        "jumps, jumps taken back": neurons(rng, n, sent, WHITE, 1.0, 0.0, 0.0, J * 1e3, SHAPE, *common),
    }  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description="a neuron that hears regular trains")
    parser.add_argument("--neurons", type=int, default=4000)
    parser.add_argument("--duration", type=float, default=8.0, help="s")
    args = parser.parse_args()
    print(f"{'':10} {'input':28} {'theory':>8} {'neurons':>8} [1/s]")
    for name, mean in DRIVES.items():
        truth = simulated(mean, args.neurons, args.duration)
        for kind, rate in theory(mean).items():
            print(f"{name:10} {kind:28} {rate:8.3f} {truth.get(kind, np.nan):8.3f}")


if __name__ == "__main__":
    main()

"""A leaky integrate-and-fire neuron under Poisson input of finite jumps, simulated from event to event: no time step.

Between two input spikes V decays exactly; each of the K_E + K_ext excitatory sources lifts it by J, each of the K_I
inhibitory ones lowers it by g J; V is held at V_reset for t_ref and input is lost meanwhile. Input is stationary
Poisson, so intervals are independent: the rate is 1 / (mean interval), its error CV / sqrt(intervals).

Nothing of the library is used. `siegert` is the diffusion approximation of the same input, beside it.

    python tests/verification/event_driven.py > docs/verification/event_driven.csv

Source: N. Brunel, J. Comput. Neurosci. 8 (2000) 183, model A.
"""

from __future__ import annotations

import csv
import sys
from typing import NamedTuple

import numpy as np
from numba import njit
from scipy.integrate import quad
from scipy.optimize import brentq
from scipy.special import erfcx

TAU, T_REF = 20e-3, 2e-3  # [s]
V_TH, V_RESET, J = 20.0, 10.0, 0.1  # [mV]
K_E, K_I = 1000, 250
NU_THR = V_TH / (K_E * J * TAU)  # 10 / s


class Input(NamedTuple):
    """Rates of all excitatory and of all inhibitory input spikes [1/s]; the inhibitory jump is -g J."""

    excitatory: float
    inhibitory: float
    g: float


class Measured(NamedTuple):
    """Rate and its standard error [1/s], coefficient of variation of the intervals, number of intervals."""

    rate: float
    error: float
    cv: float
    intervals: int


def brunel_input(g: float, eta: float, nu: float) -> Input:
    """Input of a neuron whose network fires at nu and whose K_E external sources fire at eta nu_thr each."""
    return Input(K_E * (nu + eta * NU_THR), K_I * nu, g)


def siegert(given: Input) -> float:
    """Rate [1/s] with the jumps replaced by white noise of the same mean and variance."""
    mean = TAU * J * (given.excitatory - given.g * given.inhibitory)
    deviation = J * np.sqrt(TAU * (given.excitatory + given.g**2 * given.inhibitory))
    low, high = (V_RESET - mean) / deviation, (V_TH - mean) / deviation
    integral, _ = quad(lambda x: erfcx(-x), low, high, epsabs=0.0, epsrel=1e-12)
    return float(1.0 / (T_REF + TAU * np.sqrt(np.pi) * integral))


def siegert_fixed_point(g: float, eta: float) -> float:
    """The rate [1/s] at which the diffusion approximation returns what the network feeds back."""
    return float(brentq(lambda nu: siegert(brunel_input(g, eta, nu)) - nu, 0.5, 200.0, xtol=1e-10))


def simulate(given: Input, intervals: int, seed: int) -> Measured:
    durations = np.empty(intervals)
    _intervals(np.random.default_rng(seed), *given, durations)
    mean, deviation = durations.mean(), durations.std(ddof=1)
    cv = deviation / mean
    return Measured(float(1.0 / mean), float(cv / mean / np.sqrt(intervals)), float(cv), intervals)


@njit
def _intervals(rng, excitatory, inhibitory, g, out):  # type: ignore[no-untyped-def]
    total = excitatory + inhibitory
    share, decay = excitatory / total, 1.0 / (total * TAU)
    for i in range(out.size):
        v, elapsed = V_RESET, 0.0
        while v < V_TH:
            waited = rng.standard_exponential()
            elapsed += waited
            v *= np.exp(-waited * decay)
            v += J if rng.random() < share else -g * J
        out[i] = T_REF + elapsed / total


INTERVALS = 1_500_000  # standard error 0.04 to 0.08 %
POINTS: dict[str, tuple[float, float]] = {"AI": (5.0, 2.0), "slow": (4.5, 0.9)}


def measure(point: str, seed: int = 1, intervals: int = INTERVALS) -> dict[str, float]:
    """Event-driven rate at inputs fixed at the Siegert fixed point, which Siegert returns unchanged by construction."""
    g, eta = POINTS[point]
    nu = siegert_fixed_point(g, eta)
    given = brunel_input(g, eta, nu)
    return {"g": g, "eta": eta, "input_rate": nu, "siegert": siegert(given), "seed": seed,
            **simulate(given, intervals, seed)._asdict()}  # fmt: skip


def main() -> None:
    rows = [measure(point) for point in POINTS]
    writer = csv.DictWriter(sys.stdout, rows[0], lineterminator="\n")
    writer.writeheader()
    writer.writerows({k: f"{v:.7g}" for k, v in row.items()} for row in rows)


if __name__ == "__main__":
    main()

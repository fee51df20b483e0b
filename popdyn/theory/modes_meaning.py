"""What the modes of a population are at an operating point: time constants, frequencies, shares, what they follow.

Linearised, a change of the drive goes as exp(lambda t) with det(lambda - F_x - exp(-lambda t_ref) F_late) = 0, and the
response of the rate is H(lambda) = direct + sum_i residue_i/(lambda - lambda_i): mode i holds |residue_i/lambda_i| of
what a constant change of mu ends in.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import eig

from popdyn.kernels import modes as kernel
from popdyn.theory.reduced import Reduced, ReducedState, derivatives, through_past, to_drive

ROUNDS, SETTLED, ROUNDING = 60, 1e-10, 1e-6
WITHIN = 2.0  # time constants in a dead time
MASS = 1e-9  # of the fastest root: what is slower is the mass, which stays
NEAR_RATE = 0.35  # relative distance of a frequency to the rate within which it is the neurons' own rhythm
MOSTLY = 0.5
ADAPTATION, SPREAD, RHYTHM, FILTER = "adaptation", "spread of w between neurons", "refractoriness", "input filter"


@dataclass(frozen=True)
class Mode:
    """One real mode or one pair: time constant [s], frequency [1/s], share of the response to mu, what it follows."""

    tau: float
    frequency: float
    share: float
    follows: str


def meaning(reduced: Reduced, state: ReducedState) -> list[Mode]:
    """The modes at a stationary state, largest share first."""
    modes, K = reduced.modes, state.x.size
    t_ref = float(modes.numbers[kernel.T_REF])
    now, past, out = derivatives(modes, state.x, state.W, state.mu, state.D)
    chain = past @ through_past(out)
    source, direct = to_drive(modes, state)
    found: list[tuple[complex, float, str]] = []
    roots = _roots(now, chain, t_ref)
    slowest = MASS * max(abs(value) for value, _ in roots)
    for value, delay in roots:
        if (
            abs(value) < slowest
            or value.imag < 0.0
            or any(abs(value - other) < 1e-6 * abs(value) for other, _, _ in found)
        ):
            continue  # the mass, the other of a pair, or one met already
        values, left, right = eig(now + delay * chain, left=True)
        at = int(np.argmin(np.abs(values - value)))
        before, after = left[:, at].conj(), right[:, at]
        scale = before @ ((np.eye(K + 1) + t_ref * delay * chain) @ after)
        drive = source[:, 0] + delay * (past[:, :-1] @ direct[:, 0])
        residue = (out[0] @ after) * (before @ drive) / scale
        weight = float(abs(residue / value)) * (2.0 if value.imag > 0.0 else 1.0)
        found.append((value, weight, _follows(reduced, state, value, before, after)))
    total = sum(weight for _, weight, _ in found)
    listed = [Mode(-1.0 / v.real, v.imag / (2.0 * np.pi), weight / total, words) for v, weight, words in found]
    return sorted(listed, key=lambda mode: -mode.share)


def _roots(now: NDArray[np.float64], chain: NDArray[np.float64], t_ref: float) -> list[tuple[complex, complex]]:
    """Roots and exp(-root t_ref); what decays well within the dead time is not reinjected: (root, 0) of F_x alone."""
    found = []
    for start in np.linalg.eigvals(now + chain):
        value = _settle(now, chain, t_ref, complex(start))
        if value is not None:
            found.append((_rounded(value), complex(np.exp(-value * t_ref))))
    fast = [complex(v) for v in np.linalg.eigvals(now) if -v.real * t_ref > WITHIN]
    return found + [(_rounded(value), 0.0j) for value in fast]


def _rounded(value: complex) -> complex:
    return complex(value.real, value.imag if abs(value.imag) > ROUNDING * abs(value) else 0.0)


def _settle(now: NDArray[np.float64], chain: NDArray[np.float64], t_ref: float, value: complex) -> complex | None:
    """The root nearest to the one without dead time; None where it decays within the dead time, or is not found."""
    if t_ref == 0.0:
        return value
    for _ in range(ROUNDS):
        if -value.real * t_ref > WITHIN:
            return None
        values = np.linalg.eigvals(now + np.exp(-value * t_ref) * chain)
        moved = complex(values[np.argmin(np.abs(values - value))])
        done = abs(moved - value) < SETTLED * abs(moved)
        value = 0.5 * (value + moved)
        if done:
            return value
    return None


def _follows(
    reduced: Reduced, state: ReducedState, value: complex, left: NDArray[np.complex128], right: NDArray[np.complex128]
) -> str:
    taking_part = np.abs(left * right)
    if reduced.states > reduced.count and taking_part[-1] == taking_part.max():
        return ADAPTATION
    frequency = value.imag / (2.0 * np.pi)
    if abs(frequency - state.rate) < NEAR_RATE * state.rate and frequency > 0.0:
        return RHYTHM
    x = right[:-1]
    sizes = np.real(np.einsum("i,mij,j->m", x.conj(), reduced.norms, x))
    return SPREAD if sizes[1:].sum() > MOSTLY * sizes.sum() else FILTER

"""Zeros of an analytic function of lambda right of a line: counted by the argument principle, found by Newton's method.

The function is real on the real axis, f(conj lambda) = conj f(lambda): half a contour tells all.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Complex = NDArray[np.complex128]
Function = Callable[[Complex], Complex]

TURN = 0.7  # [rad] largest change of arg f between neighbours on a contour
DEEPEST = 14  # halvings of an interval of the contour
ITERATIONS = 40
SAME = 1e-3  # [1/s] roots nearer than this, or relatively as near, are one


def count_zeros(f: Function, left: float, right: float, top: float, points: int = 120) -> int | None:
    """Zeros with left < Re lambda < right and |Im lambda| < top [1/s], none on the edge and f without poles inside.

    None where arg f cannot be followed: a zero sits on the edge.
    """
    corners = [complex(right, 0.0), complex(right, top), complex(left, top), complex(left, 0.0)]
    counts = [points // 4, points // 4, points]
    path = [np.linspace(a, b, n, endpoint=False) for a, b, n in zip(corners[:-1], corners[1:], counts, strict=True)]
    z = np.append(np.concatenate(path), corners[-1])
    value = f(z)
    for _ in range(DEEPEST):
        if np.any(value == 0.0):
            return None
        turn = np.abs(np.angle(value[1:] / value[:-1]))
        wide = np.flatnonzero(~(turn < TURN))
        if wide.size == 0:
            whole = 2.0 * float(np.sum(np.angle(value[1:] / value[:-1]))) / (2.0 * np.pi)
            return round(whole)
        middle = 0.5 * (z[wide] + z[wide + 1])
        z, value = np.insert(z, wide + 1, middle), np.insert(value, wide + 1, f(middle))
    return None


def refine_zeros(f: Function, starts: Complex, step_limit: float = 200.0, tolerance: float = 1e-8) -> Complex:
    """Zeros in the upper half plane that Newton's method reaches from `starts` [1/s], each once, rightmost first."""
    z = np.array(starts, dtype=complex)
    moving = np.ones(z.size, dtype=bool)
    size = np.full(z.size, np.inf)
    for _ in range(ITERATIONS):
        at = np.flatnonzero(moving)
        if at.size == 0:
            break
        h = 1e-4 * (np.abs(z[at]) + 1.0)
        here, ahead, behind = f(z[at]), f(z[at] + h), f(z[at] - h)
        with np.errstate(all="ignore"):
            move = -here * 2.0 * h / (ahead - behind)
        length = np.abs(move)
        lost = ~np.isfinite(length)
        with np.errstate(all="ignore"):
            move = np.where(length > step_limit, move * (step_limit / length), move)
        z[at] = np.where(lost, z[at], z[at] + move)
        size[at] = np.where(lost, np.inf, length / (np.abs(z[at]) + 1.0))
        moving[at] = ~lost & (size[at] > tolerance)
    found = z[size <= tolerance]
    return distinct(np.where(found.imag < 0, found.conj(), found))


def distinct(zeros: Complex) -> Complex:
    """Each once, rightmost first; a zero within `SAME` of the real axis lies on it."""
    kept: list[complex] = []
    for z in sorted(zeros, key=lambda x: (-x.real, x.imag)):
        zero = complex(z.real, 0.0) if abs(z.imag) < SAME else complex(z)
        if all(abs(zero - other) > SAME * (1.0 + 1e-3 * abs(zero)) for other in kept):
            kept.append(zero)
    return np.array(kept, dtype=complex)

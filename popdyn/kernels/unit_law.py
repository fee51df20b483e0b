"""The law of a cascade unit in one step, as numbers: where it looks up, and what it makes of what it found.

Inlined into the loop over lanes (popdyn.kernels.cascade), where each line becomes one instruction for eight units.
"""

from __future__ import annotations

import numpy as np

from numba import njit

TINY = 1e-300


@njit(cache=True, error_model="numpy", fastmath={"contract"}, _nrt=False, forceinline=True)
def aim(h: float, mu: float, last: float, pulled: float, per_e: float) -> float:
    """Place in the table of the drive e in the middle of the step.

    e = h + (mu - h)(1 - sqrt(1 - last)) - pulled, nearly, with `last` the look-up before's share of a step in the
    filter; pulled, in places, is subtracted last, as it is known last.
    """
    return h * per_e + (mu - h) * ((0.5 * per_e + 0.125 * per_e * last) * last) - pulled


@njit(cache=True, error_model="numpy", fastmath={"contract"}, _nrt=False, forceinline=True)
def cell(x: float, last: float) -> tuple[float, float]:
    """Whole part and rest of a place in 0..last; the end is taken beyond it, 0 of what is no number."""
    x = x if x > 0.0 else 0.0
    x = x if x < last else last
    low = np.floor(x)
    return low, x - low


@njit(cache=True, error_model="numpy", fastmath={"contract"}, _nrt=False, forceinline=True)
def outside(x: float, last: float) -> float:
    """1 where a place is not in 0..last, else 0."""
    return 0.0 if (x >= 0.0) & (x <= last) else 1.0


@njit(cache=True, error_model="numpy", fastmath={"contract"}, _nrt=False, forceinline=True)
def pull(w: float, strength: float, more: float, less: float) -> tuple[float, float]:
    """What w takes off the drive, in the unit of strength w: numerator and denominator."""
    size = abs(w)
    return strength * w * (1.0 + more * size), 1.0 + less * size


@njit(cache=True, error_model="numpy", fastmath={"contract"}, _nrt=False, forceinline=True)
def summed(a: float, b: float, c: float, d: float) -> float:
    """a/b + c/d with one division, which takes longer than all else."""
    return (a * d + c * b) / (b * d)


@njit(cache=True, error_model="numpy", fastmath={"contract"}, _nrt=False, forceinline=True)
def louder(sigma: float, new: float) -> float:
    """Change of ln sigma."""
    return 2.0 * (new - sigma) / max(new + sigma, TINY)


@njit(cache=True, error_model="numpy", fastmath={"contract"}, _nrt=False, forceinline=True)
def readout(x: float) -> float:
    """1 + x, bent below 0 so that it ends in 0 at -2."""
    bent = 1.0 + 0.5 * (x if x > -2.0 else -2.0)
    return 1.0 + x if x >= 0.0 else bent * bent


@njit(cache=True, error_model="numpy", fastmath={"contract"}, _nrt=False, forceinline=True)
def turned(
    re: float, im: float, decay_re: float, decay_im: float, kick_re: float, kick_im: float
) -> tuple[float, float]:
    """y decay + kick (1 + decay)/2: a mode after a step in which its drive grows by a kick evenly."""
    grown, part = 0.5 + 0.5 * decay_re, 0.5 * decay_im
    return (
        re * decay_re - im * decay_im + (kick_re * grown - kick_im * part),
        re * decay_im + im * decay_re + (kick_re * part + kick_im * grown),
    )


@njit(cache=True, error_model="numpy", fastmath={"contract"}, _nrt=False, forceinline=True)
def squared(re: float, im: float, damping: float) -> tuple[float, float]:
    """What the harmonic decays by: the square of what the mode does, and more."""
    return damping * (re * re - im * im), damping * 2.0 * re * im


@njit(cache=True, error_model="numpy", fastmath={"contract"}, _nrt=False, forceinline=True)
def remembered(w: float, kept: float, rest: float, by_V: float, V: float, by_rate: float, rate: float) -> float:
    """w after a step towards a (V - E) + b tau rate."""
    return kept * w + rest + by_V * V + by_rate * rate

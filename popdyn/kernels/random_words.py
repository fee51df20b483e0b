"""Random numbers from four words of state: xoshiro256++ (Blackman and Vigna 2021), uniform, binomial, Poisson."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

Words = NDArray[np.uint64]

MANY = 30.0  # mean above which a binomial number is a skewed normal one
INVERSE = 1.0 / np.maximum(np.arange(512), 1)  # of numbers that inversion reaches: MANY plus 80 standard deviations


@njit(cache=True, error_model="numpy", _nrt=False, forceinline=True)
def next_word(words: Words) -> np.uint64:
    """64 random bits."""
    s0, s1, s2, s3 = words[0], words[1], words[2], words[3]
    total = s0 + s3
    x = ((total << np.uint64(23)) | (total >> np.uint64(41))) + s0
    t = s1 << np.uint64(17)
    s2 ^= s0
    s3 ^= s1
    s1 ^= s2
    s0 ^= s3
    s2 ^= t
    words[0], words[1], words[2] = s0, s1, s2
    words[3] = (s3 << np.uint64(45)) | (s3 >> np.uint64(19))
    return x


@njit(cache=True, error_model="numpy", _nrt=False, forceinline=True)
def uniform(words: Words) -> float:
    """In (0, 1)."""
    return (np.float64(next_word(words) >> np.uint64(11)) + 0.5) * 2.0**-53


@njit(cache=True, error_model="numpy", _nrt=False, forceinline=True)
def binomial(count: float, p: float, words: Words) -> float:
    """How many of `count` (whole) succeed; one draw.

    By inversion up to MANY of the rarer outcome, exactly; above, a normal number with the binomial's mean, variance
    and skewness, rounded.
    """
    if count < 1.0 or p <= 0.0:
        return 0.0
    if p >= 1.0:
        return count
    rare = min(p, 1.0 - p)
    if count * rare > MANY:
        found = _large(count, rare, words)
    else:
        left, ratio, found = uniform(words), rare / (1.0 - rare), 0.0
        chance = 1.0 - count * rare  # at most that of none: mostly all that has to be known
        if left > chance:
            chance = np.exp(count * _log_of_others(rare))
        while left > chance and found < count:
            left -= chance
            found += 1.0
            chance *= ratio * (count - found + 1.0) * INVERSE[min(int(found), INVERSE.size - 1)]
    return found if p <= 0.5 else count - found


@njit(cache=True, error_model="numpy", _nrt=False, forceinline=True)
def _log_of_others(p: float) -> float:
    """ln(1 - p), by its series where that is exact: a call of log1p takes as long as all else of a draw."""
    if p > 0.01:
        return np.log1p(-p)
    low = 1.0 + p * (1.0 / 2.0 + p * (1.0 / 3.0 + p * 0.25))
    high = 1.0 / 5.0 + p * (1.0 / 6.0 + p * (1.0 / 7.0 + p * (1.0 / 8.0 + p * (1.0 / 9.0))))
    p_2 = p * p
    return -p * (low + p_2 * p_2 * high)


@njit(cache=True, error_model="numpy", _nrt=False)
def poisson(mean: float, words: Words) -> float:
    """A Poisson number: exactly, by inversion, up to MANY; above, a rounded skewed normal number."""
    if mean > MANY:
        return _large(mean * 2.0**40, 2.0**-40, words)
    left, chance, found = uniform(words), np.exp(-mean), 0.0
    while left > chance and chance > 0.0:
        left -= chance
        found += 1.0
        chance *= mean / found
    return found


@njit(cache=True, error_model="numpy", _nrt=False)
def _large(count: float, p: float, words: Words) -> float:
    spread = np.sqrt(count * p * (1.0 - p))
    z = np.sqrt(-2.0 * np.log(uniform(words))) * np.cos(2.0 * np.pi * uniform(words))
    skewed = z + (1.0 - 2.0 * p) / spread * (z * z - 1.0) / 6.0
    return min(max(np.floor(count * p + spread * skewed + 0.5), 0.0), count)

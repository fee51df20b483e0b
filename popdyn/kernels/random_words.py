"""Random numbers from four words of state: xoshiro256++ (Blackman and Vigna 2021), uniform, binomial, Poisson."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

Words = NDArray[np.uint64]

MANY = 30.0  # mean above which a binomial number is a skewed normal one


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
            chance = np.exp(count * np.log1p(-rare))
        while left > chance and found < count:
            left -= chance
            found += 1.0
            chance *= ratio * (count - found + 1.0) / found
    return found if p <= 0.5 else count - found


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

"""Seed words by purpose and place, so that no result depends on the order or the number of workers."""

from __future__ import annotations

import numpy as np

INITIAL, NOISE, DRAWS, EDGES, PATIENCE = range(5)
"""Purposes: initial values of a block of neurons; noise and Poisson jumps of a chunk (blocks run together); spread
parameters of a block; synapses of a connection in a chunk; waits for the first spikes of a block."""


def sequence(seed: int, purpose: int, index: int) -> np.random.SeedSequence:
    return np.random.SeedSequence(entropy=seed, spawn_key=(purpose, index))


def words64(seed: int, purpose: int, index: int) -> list[int]:
    """Four 64-bit words, the state of a xoshiro256++ generator."""
    return [int(word) for word in sequence(seed, purpose, index).generate_state(4, np.uint64)]


def word32(seed: int, purpose: int, index: int) -> int:
    """One 32-bit word, all that `brian2.seed` takes."""
    return int(sequence(seed, purpose, index).generate_state(1, np.uint32)[0])

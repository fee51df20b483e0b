"""What the modes of an escape-noise population are at an operating point: time constants, frequencies, shares.

A change of the drive goes as z^n with z an eigenvalue of a step; lambda = ln z/dt. The response of the rate is
H(z) = direct + sum_i residue_i/(z - z_i): mode i holds |residue_i/(1 - z_i)| of what a constant change of mu ends in.
"""

from __future__ import annotations

import numpy as np
from scipy.linalg import eig

from popdyn.kernels import gated as kernel
from popdyn.theory.gated import Gated, GatedRest, linearised
from popdyn.theory.modes_meaning import ADAPTATION, FILTER, MOSTLY, NEAR_RATE, RHYTHM, Mode

AGES = "time since the last spike"


def meaning(reduced: Gated, rest: GatedRest) -> list[Mode]:
    """The modes at a stationary state, largest share first; h is one of them, by itself."""
    step, enter = linearised(reduced, rest)
    n, K, J, dt = reduced.modes.numbers, reduced.count, reduced.modes.traces.shape[1], reduced.dt
    size, decay = len(step) + 1, float(n[kernel.H_DECAY])
    whole = np.zeros((size, size))
    whole[:-1, :-1], whole[:-1, -1], whole[-1, -1] = step, enter * decay, decay
    drive = np.append(enter, 1.0) * n[kernel.H_DRIVE]
    values, left, right = eig(whole, left=True)
    found: list[tuple[complex, float, str]] = []
    for i, z in enumerate(values):
        before, after = left[:, i].conj(), right[:, i]
        taking_part = np.abs(before * after)
        if z.imag < 0.0 or abs(z - 1.0) < 1e-9 or taking_part[K + J : -1].sum() > MOSTLY * taking_part.sum():
            continue  # the other of a pair, the mass, the memory of the dead time
        residue = after[K + J] * (before @ drive) / (before @ after)
        weight = float(abs(residue / (1.0 - z))) * (2.0 if z.imag > 0.0 else 1.0)
        words = AGES
        frequency = float(np.angle(z)) / (2.0 * np.pi * dt)
        if taking_part[-1] > MOSTLY * taking_part.sum():
            words = FILTER
        elif taking_part[K : K + J].sum() > MOSTLY * taking_part.sum():
            words = ADAPTATION
        elif frequency > 0.0 and abs(frequency - rest.rate) < NEAR_RATE * rest.rate:
            words = RHYTHM
        found.append((complex(z), weight, words))
    total = sum(weight for _, weight, _ in found)
    listed = [
        Mode(-dt / float(np.log(abs(z))), float(np.angle(z)) / (2.0 * np.pi * dt), weight / total, words)
        for z, weight, words in found
    ]
    return sorted(listed, key=lambda mode: -mode.share)

"""How uncertain least-squares estimates are when their residuals are neither independent nor of one size.

    c_i = J (J'J)^-1 e_i,  U_b = sum over block b of c_i r,  D_b = (1 - J (J'J)^-1 J') (c_i within block b)
    M = D R D',  inflation_i = (sum U_b^2 / (s^2 tr M)) (c_i' R c_i / c_i' c_i),  degrees_i = (tr M)^2 / tr M^2

U and D less their means over the blocks of the same target: targets that pull a parameter different ways are no noise.
s^2 = r'r/(n - k). R is a working correlation, that of neighbouring residuals to the power of the lag: it makes the
variance unbiased where it is right, and where it is not, long blocks make up for it. The variance of estimate i is
inflation_i s^2 ((J'J)^-1)_ii; a rise of the sum of squares along its profile is divided by s^2 inflation_i and compared
with Student's t^2 of degrees_i. For independent residuals of one size the inflation is one on average.

Valid when: blocks are several correlation times long and ten or more. A recording that is too short for both gets its
ten, too short ones, and says so (`Block.too_short`): its intervals are too narrow.
Source: scaled likelihood ratio of one parameter, Kent 1982, Biometrika 69:19; block-robust variance with a working
correlation and its degrees of freedom, Bell and McCaffrey 2002, Survey Methodology 28:169.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from scipy.signal import lfilter
from scipy.stats import t as student

from popdyn.types import FloatArray, IntArray

CORRELATION_TIMES = 6.0
LEAST_BLOCKS, MOST_BLOCKS = 12, 200
WINDOW, MOST_KEPT = 5.0, 0.98


class Calibration(NamedTuple):
    """Per parameter: variance over that of independent residuals, degrees of freedom; s^2 of the residuals."""

    inflation: FloatArray
    degrees: FloatArray
    variance: float

    def rise(self, level: float) -> FloatArray:
        """By how much the sum of squares rises at the ends of each parameter's interval."""
        return self.variance * self.inflation * student.ppf(0.5 + 0.5 * level, self.degrees) ** 2


class Block(NamedTuple):
    """Bins of a block, and how many the correlation of the residuals asks for."""

    used: int
    wanted: int

    @property
    def too_short(self) -> bool:
        """Whether the recording is too short for its correlations."""
        return self.used < self.wanted


def block_ids(lengths: Sequence[int], block: int) -> IntArray:
    """Number of the block that each bin belongs to; blocks of about `block` bins that no target's end cuts."""
    ids, count = [], 0
    for length in lengths:
        own = max(1, round(length / block))
        ids.append(count + np.arange(length) * own // length)
        count += own
    return np.concatenate(ids)


def correlation_bins(residuals: FloatArray, lengths: Sequence[int]) -> float:
    """Integrated autocorrelation time [bins], at least 1, summed over WINDOW times itself (Sokal 1997)."""
    most = max(lengths)
    total = np.zeros(most)
    for part in np.split(residuals, np.cumsum(lengths)[:-1]):
        spectrum = np.abs(np.fft.rfft(part, 2 * len(part))) ** 2
        total[: len(part)] += np.fft.irfft(spectrum)[: len(part)]
    ratio = total / total[0] if total[0] > 0 else np.zeros(most)
    summed = 2 * np.cumsum(ratio) - 1
    enough = np.arange(most) >= WINDOW * np.maximum(summed, 1.0)
    return max(1.0, float(summed[np.argmax(enough)] if enough.any() else summed[-1]))


def data_block(residuals: FloatArray, lengths: Sequence[int]) -> Block:
    """Of noisy data: CORRELATION_TIMES of the residuals, but LEAST_BLOCKS to MOST_BLOCKS in all.

    Valid when: the residuals show their correlation. What is slower than the recording, they do not.
    """
    wanted = int(np.ceil(CORRELATION_TIMES * correlation_bins(residuals, lengths)))
    used = max(1, min(max(wanted, sum(lengths) // MOST_BLOCKS), sum(lengths) // LEAST_BLOCKS))
    return Block(used, wanted)


def calibrate(residuals: FloatArray, jacobian: FloatArray, lengths: Sequence[int], block: int) -> Calibration:
    """From residuals (bin,), their slopes (bin, parameter), the bins of each target, and those of a block."""
    count, k = jacobian.shape
    ids, keep = block_ids(lengths, block), neighbours(residuals, lengths)
    inverse = np.linalg.pinv(jacobian.T @ jacobian, hermitian=True)
    variance = float(residuals @ residuals) / max(count - k, 1)
    inflation, degrees = np.ones(k), np.ones(k)
    own, centre = np.arange(ids.max() + 1)[:, None] == ids, centring(ids, lengths)
    for i, c in enumerate((jacobian @ inverse).T):
        within = np.where(own, c, 0.0)
        D = centre @ (within - (within @ jacobian) @ inverse @ jacobian.T)
        Y, whole = coloured(D, keep, lengths), coloured(c[None], keep, lengths)
        M, sums = Y @ Y.T, centre @ (within @ residuals)
        if np.trace(M) > 0 and variance > 0:
            stretch = float(np.sum(whole**2)) / float(c @ c)
            inflation[i] = float(sums @ sums) / (variance * float(np.trace(M))) * stretch
            degrees[i] = max(float(np.trace(M)) ** 2 / float(np.sum(M * M)), 1.0)
    return Calibration(inflation, degrees, variance)


def centring(ids: IntArray, lengths: Sequence[int]) -> FloatArray:
    """(block, block): takes off the mean over the blocks of the same target."""
    begins = np.cumsum([0, *lengths[:-1]])
    target = np.searchsorted(ids[begins], np.arange(ids.max() + 1), side="right")
    same = target[:, None] == target
    return np.eye(len(target)) - same / same.sum(axis=1)


def neighbours(residuals: FloatArray, lengths: Sequence[int]) -> float:
    """Correlation of neighbouring residuals, 0 to MOST_KEPT."""
    parts = np.split(residuals, np.cumsum(lengths)[:-1])
    power = sum(float(part @ part) for part in parts)
    shared = sum(float(part[1:] @ part[:-1]) for part in parts)
    return min(max(shared / power, 0.0), MOST_KEPT) if power > 0 else 0.0


def coloured(rows: FloatArray, keep: float, lengths: Sequence[int]) -> FloatArray:
    """Y with Y Y' = rows R rows', R_st = keep^|s - t| within each target and 0 between them; rows (row, bin)."""
    parts = []
    for part in np.split(rows, np.cumsum(lengths)[:-1], axis=1):
        summed = lfilter([1.0], [1.0, -keep], part[:, ::-1], axis=1)[:, ::-1]
        first = summed[:, :1]
        parts.append(np.concatenate([first, np.sqrt(1 - keep**2) * summed[:, 1:]], axis=1))
    return np.concatenate(parts, axis=1)

"""How uncertain least-squares estimates are when their residuals are neither independent nor of one size.

    c_i = J (J'J)^-1 e_i,  U_b = sum over block b of c_i r,  M_bb' = sum over b of c_i (1 - J (J'J)^-1 J') c_i over b'
    inflation_i = sum U_b^2 / (s^2 tr M),  degrees_i = (tr M)^2 / tr M^2,  s^2 = r'r/(n - k)

The variance of estimate i is inflation_i s^2 ((J'J)^-1)_ii; a rise of the sum of squares along its profile is divided
by s^2 inflation_i and compared with Student's t^2 of degrees_i. For independent residuals of one size the inflation is
one on average.

Valid when: blocks are several correlation times long and ten or more.
Source: scaled likelihood ratio of one parameter, Kent 1982, Biometrika 69:19; block-robust variance with its degrees
of freedom, Bell and McCaffrey 2002, Survey Methodology 28:169.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from scipy.stats import t as student

from popdyn.types import FloatArray, IntArray

CORRELATION_TIMES = 6.0
LEAST_BLOCKS = 12


class Calibration(NamedTuple):
    """Per parameter: variance over that of independent residuals, degrees of freedom; s^2 of the residuals."""

    inflation: FloatArray
    degrees: FloatArray
    variance: float

    def rise(self, level: float) -> FloatArray:
        """By how much the sum of squares rises at the ends of each parameter's interval."""
        return self.variance * self.inflation * student.ppf(0.5 + 0.5 * level, self.degrees) ** 2


def block_ids(lengths: Sequence[int], block: int) -> IntArray:
    """Number of the block that each bin belongs to; blocks of about `block` bins that no target's end cuts."""
    ids, count = [], 0
    for length in lengths:
        own = max(1, round(length / block))
        ids.append(count + np.arange(length) * own // length)
        count += own
    return np.concatenate(ids)


def correlation_bins(residuals: FloatArray, lengths: Sequence[int]) -> float:
    """Integrated autocorrelation time [bins], at least 1, summed to the first lag at which it is not positive."""
    most = max(lengths)
    total = np.zeros(most)
    for part in np.split(residuals, np.cumsum(lengths)[:-1]):
        spectrum = np.abs(np.fft.rfft(part, 2 * len(part))) ** 2
        total[: len(part)] += np.fft.irfft(spectrum)[: len(part)]
    ratio = total / total[0] if total[0] > 0 else np.zeros(most)
    end = int(np.argmax(ratio <= 0)) if np.any(ratio <= 0) else most
    return max(1.0, float(2 * ratio[:end].sum() - 1))


def data_block(residuals: FloatArray, lengths: Sequence[int]) -> int:
    """Bins of a block for noisy data: CORRELATION_TIMES of the residuals, but LEAST_BLOCKS in all."""
    wanted = int(np.ceil(CORRELATION_TIMES * correlation_bins(residuals, lengths)))
    return max(1, min(wanted, sum(lengths) // LEAST_BLOCKS))


def calibrate(residuals: FloatArray, jacobian: FloatArray, ids: IntArray) -> Calibration:
    """From residuals (bin,), their slopes (bin, parameter) and the block of each bin."""
    count, k = jacobian.shape
    inverse = np.linalg.pinv(jacobian.T @ jacobian, hermitian=True)
    variance = float(residuals @ residuals) / max(count - k, 1)
    blocks = int(ids.max()) + 1
    normal = np.zeros((blocks, k, k))
    np.add.at(normal, ids, jacobian[:, :, None] * jacobian[:, None, :])
    inflation, degrees = np.ones(k), np.ones(k)
    influence = jacobian @ inverse
    for i in range(k):
        shares = normal @ inverse[:, i]
        M = np.diag(np.bincount(ids, influence[:, i] ** 2, blocks)) - shares @ inverse @ shares.T
        sums = np.bincount(ids, influence[:, i] * residuals, blocks)
        if np.trace(M) > 0 and variance > 0:
            inflation[i] = float(sums @ sums) / (variance * float(np.trace(M)))
            degrees[i] = max(float(np.trace(M)) ** 2 / float(np.sum(M * M)), 1.0)
    return Calibration(inflation, degrees, variance)

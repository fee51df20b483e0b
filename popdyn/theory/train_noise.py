"""The noise of spike trains that are more regular than Poisson: what K independent renewal inputs sum up to.

A renewal train of rate r has the spectrum S(w) = r (1 - |rho|^2)/|1 - rho|^2, with a dip at low frequency where neurons
are regular (CV < 1). The input of a neuron is then white noise xi of the same intensity minus a low-pass of itself:

    sigma_r (xi - y),   y' = -beta y + gamma xi,   S(w)/r = ((beta - gamma)^2 + w^2) / (beta^2 + w^2)

matched to S(0)/r = CV^2 and to the variance that a membrane of time constant tau takes from it,

    F = 1 + 2 (rho(1/tau) / (1 - rho(1/tau)) - r tau),   rho(s) = <exp(-s T)> over the intervals T.

In the density z = sigma_r y is carried by its first moment y_1(V) = int z p dz, closed by <z^2 | V> = S_z:

    q_0' = L q_0 + d_V y_1,     y_1' = (L - beta) y_1 + (S_z - X) d_V q_0,   X = gamma sigma_r^2,
    S_z' = -2 beta S_z + gamma^2 sigma_r^2,   z relaxing through the dead time.

White noise of the same intensity (Poisson input) is gamma = 0. Checked against networks without a time step:
docs/verification.md.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import solve_banded

from popdyn.kernels.operators import Operator
from popdyn.theory.grid import frozen_state

Array = NDArray[np.float64]
Places = NDArray[np.signedinteger]
LEAST_DIP = 1e-3  # of F and CV^2 below one, under which a train counts as Poisson


@dataclass(frozen=True)
class Regularity:
    """How a train differs from Poisson: CV^2 of its intervals, and F, the share of a Poisson train's variance that a
    membrane of time constant tau [s] takes from it."""

    cv2: float
    F: float
    tau: float

    def filter(self) -> tuple[float, float]:
        """beta [1/s] and gamma [1/s]; (0, 0) for trains that are as good as Poisson."""
        if self.F > 1.0 - LEAST_DIP or self.cv2 > 1.0 - LEAST_DIP:
            return 0.0, 0.0
        part = min(max((1.0 - self.F) / (1.0 - self.cv2), 0.02), 0.98)
        beta = part / (1.0 - part) / self.tau
        return beta, beta * (1.0 - float(np.sqrt(self.cv2)))


def regularity(op: Operator, u: float, D: float, t_ref: float, tau: float) -> Regularity:
    """Of neurons without adaptation (or with w held) at drift offset u [V/s] and diffusion D [V^2/s].

    Transform of the first-passage density from the reset, and its derivatives at zero for mean and variance.
    """
    up = op.up[0] + u * op.up[1] + D * op.up[2]
    down = op.down[0] + u * op.down[1] + D * op.down[2]

    def survivors(s: float, source: Array) -> Array:
        band = np.zeros((3, up.size))
        band[1] = s * op.width + up
        band[1, 1:] += down[:-1]
        band[0, 1:], band[2, :-1] = -down[:-1], -up[:-1]
        return np.asarray(solve_banded((1, 1), band, source))

    first = survivors(0.0, op.reset)  # its integral is the mean passage time, that of its own source half the square
    passage = float(first @ op.width)
    square = 2.0 * float(survivors(0.0, first * op.width) @ op.width)
    mean = passage + t_ref
    rho = float(up[-1] * survivors(1.0 / tau, op.reset)[-1]) * np.exp(-t_ref / tau)
    return Regularity((square - passage**2) / mean**2, 1.0 + 2.0 * float(rho / (1.0 - rho) - tau / mean), tau)


def coloured_rate(op: Operator, u: float, D: float, t_ref: float, beta: float, gamma: float, sigma2: float) -> float:
    """Stationary rate [1/s] without adaptation where sigma2 [V^2/s] of 2 D has the dip (beta, gamma)."""
    if beta == 0.0:
        return frozen_state(op, u, D, t_ref)[0]
    n = op.width.size
    up = op.up[0] + u * op.up[1] + D * op.up[2]
    down = op.down[0] + u * op.down[1] + D * op.down[2]
    X, S = gamma * sigma2, gamma**2 * sigma2 / (2.0 * beta)
    band = np.zeros((7, 2 * n))  # unknowns interleaved: q_0, y_1 of each cell; three diagonals on either side

    def add(row: Places, column: Places, value: Array) -> None:
        band[3 + row - column, column] += value

    i, j = np.arange(n), np.arange(n - 1)
    for field, partner, weight in ((0, 1, -1.0), (1, 0, X - S)):
        for a, b, one, two in ((field, field, up, down), (field, partner, weight * op.up[1], weight * op.down[1])):
            add(2 * i + a, 2 * i + b, one)
            add(2 * j + 2 + a, 2 * j + b, -one[:-1])
            add(2 * j + a, 2 * j + 2 + b, -two[:-1])
            add(2 * j + 2 + a, 2 * j + 2 + b, two[:-1])
    add(2 * i + 1, 2 * i + 1, beta * op.width)
    right = np.zeros((2 * n, 2))
    right[0::2, 0], right[1::2, 1] = op.reset, op.reset
    found = solve_banded((3, 3), band, right)
    flux = up[-1] * found[2 * n - 1] + (X - S) * op.up[1, -1] * found[2 * n - 2]  # of y_1, per source
    decay = np.exp(-beta * t_ref)
    share = decay * flux[0] / (1.0 - decay * flux[1])  # y_1 reinjected per neuron reinjected
    q = found[0::2, 0] + share * found[0::2, 1]
    fired = up[-1] * q[-1] - op.up[1, -1] * (found[2 * n - 1] @ np.array([1.0, share]))
    return float(fired / (float(q @ op.width) + t_ref * fired))

"""The noise of spike trains that are more regular than Poisson: what K independent renewal inputs sum up to.

A renewal train of rate r has the spectrum S(w) = r (1 - |rho|^2)/|1 - rho|^2, with a dip at low frequency where neurons
are regular (CV < 1). The input of a neuron is then white noise xi of the same intensity minus a low-pass of itself:

    sigma_r (xi - y),   y' = -beta y + gamma xi,   S(w)/r = ((beta - gamma)^2 + w^2) / (beta^2 + w^2)

matched to S(0)/r = CV^2 and to the variance that a membrane of time constant tau takes from it,

    F = 1 + 2 (rho(1/tau) / (1 - rho(1/tau)) - r tau),   rho(s) = <exp(-s T)> over the intervals T.

In the density z = sigma_r y is carried by its first Hermite moments given V, h_n(V) = int He_n(z) p dz (He_1 = z,
He_2 = z^2 - S_z), h_0 = q_0, without the third:

    h_0' = L h_0 + G h_1
    h_1' = (L - beta) h_1 + (S_z - X) G h_0 + G h_2 - gamma T h_1
    h_2' = (L - 2 beta) h_2 + 2 (S_z - X) G h_1 + gamma (X - 2 S_z) T h_0 + K_z G h_0
           - 2 gamma T h_2 - gamma^2 (T_J + <J>) h_1
    S_z' = -2 beta S_z + gamma^2 sigma_r^2,   X = gamma sigma_r^2,   z relaxing through the dead time.

What comes as diffusion has G = d_V and no T. Trains that come by finite jumps J_c (share f_c of sigma_r^2) take back
jumps: with T_c q = q(V - J_c) - q(V) each, G = -sum f_c/J_c T_c, T = sum f_c T_c, T_J = sum f_c J_c T_c and
<J> = sum f_c J_c, and z has the third cumulant K_z = gamma^2 <J> (X - 3 S_z)/(3 beta).
White noise of the same intensity (Poisson input) is gamma = 0.

A train takes back spikes at the rate at which its population fires: the second of two spikes that a neuron does not
fire would have come at r(t), and while the others are silent it takes back none. So gamma is gamma m(t), with
m = sigma_r^2(t)/sigma_r^2 over that of the working point, and beta - gamma, the recovery, stays:

    z' = -(beta + (m - 1) gamma) z + gamma sigma_r xi,   - m z in the place of - z;

in the equations above m comes with every z that drifts and jumps take back. Checked against simulated neurons and
networks without a time step: docs/verification.md.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import solve_banded

from popdyn.kernels.operators import Operator

Array = NDArray[np.float64]
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

    def at_rate(self, ratio: float) -> Regularity:
        """Of neurons that fire `ratio` times as often: gamma in proportion, the recovery beta - gamma held."""
        beta, gamma = self.filter()
        if gamma == 0.0:
            return self
        before, after = (self._of_filter(beta + (x - 1.0) * gamma, beta - gamma) for x in (1.0, ratio))
        return Regularity(self.cv2 + after.cv2 - before.cv2, self.F + after.F - before.F, self.tau)

    def _of_filter(self, beta: float, recovery: float) -> Regularity:
        cv2 = (recovery / beta) ** 2
        return Regularity(cv2, 1.0 - (1.0 - cv2) * beta * self.tau / (1.0 + beta * self.tau), self.tau)


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

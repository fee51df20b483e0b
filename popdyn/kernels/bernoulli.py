"""The Bernoulli function of exponentially fitted faces, B(z) = z/(exp(z) - 1), without a call of exp in the loop.

    B(z) = y coth y - y,   y = z/2,   y coth y = 1 + y^2/(3 + y^2/(5 + ...))

The continued fraction (Lambert 1768), cut after 25, is a ratio of two polynomials of degree 6 in y^2: within 3e-15 of B
for |z| <= NEAR, and the compiler vectorises it over cells.
"""

from __future__ import annotations

import numpy as np
from numba import njit

NEAR = 4.0
FARTHEST = 500.0  # beyond which exp would overflow
ABOVE = (7905853580625.0, 3794809718700.0, 252070693875.0, 5237832600.0, 41351310.0, 120120.0, 91.0)
BELOW = (7905853580625.0, 1159525191825.0, 41247931725.0, 523783260.0, 2552550.0, 4095.0, 1.0)


@njit(cache=True, error_model="numpy", fastmath={"contract"}, _nrt=False, inline="always")
def near(z: float) -> float:
    """B(z) for |z| <= NEAR."""
    s = 0.25 * z * z
    above = ABOVE[4] + s * (ABOVE[5] + s * ABOVE[6])
    below = BELOW[4] + s * (BELOW[5] + s * BELOW[6])
    above = ABOVE[0] + s * (ABOVE[1] + s * (ABOVE[2] + s * (ABOVE[3] + s * above)))
    below = BELOW[0] + s * (BELOW[1] + s * (BELOW[2] + s * (BELOW[3] + s * below)))
    return above / below - 0.5 * z


@njit(cache=True, error_model="numpy", fastmath={"contract"}, _nrt=False)
def far(z: float) -> float:
    """B(z) where it is not `near`."""
    return z / np.expm1(min(z, FARTHEST))

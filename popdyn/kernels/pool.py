"""The refractory pool kept equal to what fired within the dead time, where the time stepping changed its scheme.

BDF2 and backward Euler count the same flux R differently over a step, so that a switch in the middle of a burst leaves
neurons in the pool, or takes them out, for good: total mass stays one, but not the share of the active ones.
"""

from __future__ import annotations

from numba import njit

from popdyn.kernels.density_state import I_2, I_3, PEAK, PV, P, Q, State
from popdyn.kernels.operators import Hierarchy


@njit(cache=True, error_model="numpy", fastmath={"contract"}, _nrt=False)
def fired_within(state: State, t_ref: float, dt: float) -> float:
    """Integral of R_0 over the last t_ref, trapezoidal."""
    length, now = state.past.shape[0], state.done[0] - 1
    whole = int(t_ref / dt)
    part = t_ref / dt - whole
    total = 0.0
    for k in range(whole):
        total += 0.5 * (state.past[(now - k) % length, 0] + state.past[(now - k - 1) % length, 0])
    if part > 0.0:
        first, second = state.past[(now - whole) % length, 0], state.past[(now - whole - 1) % length, 0]
        total += part * (first + 0.5 * part * (second - first))
    return total * dt


@njit(cache=True, error_model="numpy", fastmath={"contract"}, _nrt=False)
def settle_pool(h: Hierarchy, state: State, dt: float) -> None:
    """Move neurons between the pool and the active density, in proportion, so that the pool is what fired."""
    now = (state.done[0] - 1) % 3
    excess = state.scalars[now, Q] - fired_within(state, h.t_ref, dt)
    if not abs(excess) < 0.5 * state.scalars[now, P]:
        return
    for level in range(3):  # each level keeps its own mass
        t = state.scalars[level]
        factor = (t[P] + excess) / t[P]
        for i in range(state.fields.shape[1]):
            for k in range(state.fields.shape[2]):
                state.fields[level, i, k] *= factor
        t[Q] -= excess
        for k in (P, PV, I_2, I_3, PEAK):
            t[k] *= factor

"""Linear response of a synapse: from a small change of the presynaptic rate to those of its mean and variance.

For nu(t) = nu + nu_1 exp(lambda t) a projection's u and v (popdyn.theory.synaptic) change by T_u nu_1 and T_v nu_1:

    delta         u_1 = v_1 = nu_1
    exponential   u_1 = v_1 = nu_1 / (1 + lambda tau),       alpha: the same, squared
    saturating    s_1 (lambda + 1/tau + alpha nu) = alpha (1 - s) nu_1,   u = s / tau,   v = alpha (1 - s) u
    Tsodyks-Markram   u-_1 (lambda + 1/tau_fac + U nu) = U (1 - u-) nu_1,   u+_1 = (1 - U) u-_1
                      x_1 (lambda + 1/tau_rec + u+ nu) = -(u+_1 x nu + u+ x nu_1),   c = u+ x,
                      u_1 = (c_1 nu + c nu_1) / (1 + lambda tau),   v_1 = c u_1 + c_1 u

then times <exp(-lambda delay)> over the synapses.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from popdyn.distributions import Distribution
from popdyn.errors import UsageError
from popdyn.spec.network import Synapse

Array = NDArray[np.float64]
Complex = NDArray[np.complex128]
DELAYS = 60  # Gauss nodes over the quantiles of a distribution of delays


def synaptic_response(synapse: Synapse, nu: float, lambdas: NDArray[Any]) -> tuple[Complex, Complex]:
    """T_u and T_v, (lambda,) each, at stationary presynaptic rate nu [1/s] and complex lambda [1/s], delay included."""
    if synapse.kind not in _KINDS:
        raise UsageError(f"synapse: got {synapse.kind!r}; a linear response exists for {', '.join(_KINDS)}")
    z = np.asarray(lambdas, dtype=complex)
    to_mean, to_variance = _KINDS[synapse.kind](synapse, nu, z)
    late = delay_factor(synapse, z)
    return to_mean * late, to_variance * late


def delay_factor(synapse: Synapse, lambdas: Complex) -> Complex:
    """<exp(-lambda delay)> over the synapses, (lambda,)."""
    if synapse.delays is None:
        return np.asarray(np.exp(-lambdas * synapse.delay))
    values, shares = _rule(synapse.delays)
    return np.asarray(np.exp(-lambdas[:, None] * values) @ shares)


@lru_cache(maxsize=256)
def _rule(delays: Distribution) -> tuple[Array, Array]:
    """Values and shares that stand for the distribution."""
    nodes, weights = np.polynomial.legendre.leggauss(DELAYS)
    return np.asarray(delays.quantile(0.5 * (1.0 + nodes))), np.asarray(0.5 * weights)


def _delta(synapse: Synapse, nu: float, z: Complex) -> tuple[Complex, Complex]:  # noqa: ARG001
    return np.ones_like(z), np.ones_like(z)


def _exponential(synapse: Synapse, nu: float, z: Complex) -> tuple[Complex, Complex]:  # noqa: ARG001
    filtered = 1.0 / (1.0 + z * synapse.tau_syn)
    return filtered, filtered


def _alpha(synapse: Synapse, nu: float, z: Complex) -> tuple[Complex, Complex]:  # noqa: ARG001
    filtered = (1.0 + z * synapse.tau_syn) ** -2
    return filtered, filtered


def _saturating(synapse: Synapse, nu: float, z: Complex) -> tuple[Complex, Complex]:
    tau, alpha = synapse.tau_syn, synapse.alpha
    s = alpha * tau * nu / (1.0 + alpha * tau * nu)
    s_1 = alpha * (1.0 - s) / (z + 1.0 / tau + alpha * nu)
    return s_1 / tau, alpha * (1.0 - 2.0 * s) * s_1 / tau


def _tsodyks_markram(synapse: Synapse, nu: float, z: Complex) -> tuple[Complex, Complex]:
    U = synapse.U
    before, before_1 = 0.0, np.zeros_like(z)
    if synapse.tau_fac > 0.0:
        before = U * synapse.tau_fac * nu / (1.0 + U * synapse.tau_fac * nu)
        before_1 = U * (1.0 - before) / (z + 1.0 / synapse.tau_fac + U * nu)
    use, use_1 = before + U * (1.0 - before), (1.0 - U) * before_1
    left, left_1 = 1.0, np.zeros_like(z)
    if synapse.tau_rec > 0.0:
        left = 1.0 / (1.0 + use * synapse.tau_rec * nu)
        left_1 = -left * (use_1 * nu + use) / (z + 1.0 / synapse.tau_rec + use * nu)
    charge, charge_1 = use * left, use_1 * left + use * left_1
    to_mean = (charge_1 * nu + charge) / (1.0 + z * synapse.tau_syn)
    return to_mean, charge * to_mean + charge_1 * charge * nu


_KINDS: dict[str, Callable[[Synapse, float, Complex], tuple[Complex, Complex]]] = {
    "delta": _delta,
    "exponential": _exponential,
    "alpha": _alpha,
    "saturating": _saturating,
    "tsodyks_markram": _tsodyks_markram,
}

"""The small-signal response of a cascade unit about a stationary state."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from popdyn.rungs.static_gain import AdaptationVariable
from popdyn.types import ComplexArray, FloatArray


class Laws(NamedTuple):
    """tau_h [s], alpha [1/s], omega [1/s] along a gain curve; kappa and eta [1] but for their complex factors."""

    tau_h: FloatArray
    alpha: FloatArray
    omega: FloatArray
    kappa: FloatArray
    eta: FloatArray


class Point(NamedTuple):
    """rate [1/s], V_mean [V]; slopes of ln rate and V_mean over e [s/V], [s] and over sigma [sqrt(s)/V], [sqrt(s)]."""

    rate: float
    V_mean: float
    slope: float
    V_slope: float
    sigma_slope: float
    V_sigma_slope: float


class Working(NamedTuple):
    """A unit about a stationary state: parameters, laws and gain there, sigma [V/sqrt(s)], what adapts.

    pulls: slopes d pull/d w [1/F] of the variables; moved: sigma [V/sqrt(s)] per unit of the spread of w, 0 where it is
    not followed (then the pull does not pass the input's filter either).
    """

    parameters: Mapping[str, float]
    laws: Laws
    at: Point
    sigma: float
    adaptation: Sequence[AdaptationVariable]
    pulls: Sequence[float]
    moved: float


def response(of: Working, s: ComplexArray, target: str) -> ComplexArray:
    """d A/d mu [1/V] or d A/d D [s/V^2] at s = 2 pi i frequency.

    dA = F' de + F_sigma dsigma + dA_kicked, and e and sigma hear A again: e through w, sigma through its spread.
    """
    at, filtered = of.at, 1.0 / (1.0 + s * of.laws.tau_h)
    gain, sigma_gain = at.rate * at.slope, at.rate * at.sigma_slope
    drive, louder, direct = _driven(of, s, target, filtered)
    by_rate, by_gain = _spread(of, s)
    louder = louder - by_gain * direct
    direct, own = direct + sigma_gain * louder, 1.0 / (1.0 - sigma_gain * (by_rate + by_gain))
    late, feedback = filtered if "spread_time" in of.parameters else 1.0, np.ones_like(s)
    for v, pull in zip(of.adaptation, of.pulls, strict=True):
        weight = late * pull / (1.0 + s * v.tau)
        by_A = v.b * v.tau + v.a * at.V_sigma_slope * (by_rate + by_gain)
        feedback += weight * (v.a * at.V_slope + by_A * own * gain)
        drive = drive - weight * (v.a * at.V_sigma_slope * louder + by_A * own * direct)
    return np.asarray(own * (gain * drive / feedback + direct))


def _driven(
    of: Working, s: ComplexArray, target: str, filtered: ComplexArray
) -> tuple[ComplexArray, ComplexArray, ComplexArray]:
    """What the input changes of e [V/s] and sigma, both filtered, and of A by the kicks of the modes."""
    p, laws = of.parameters, of.laws
    if target == "mu":
        kappa, eta = (complex(p[f"{name}_re"], p[f"{name}_im"]) for name in ("kappa", "harmonic"))
        kicks = _kicked(of, s, kappa * float(laws.kappa), eta * float(laws.eta))
        return filtered, 0.0 * s, of.at.rate * of.at.slope * kicks * filtered
    louder = 1.0 / (1.0 + s * p["tau_sigma"]) / of.sigma
    kappa, eta = (complex(p[f"{name}_sigma_re"], p[f"{name}_sigma_im"]) for name in ("kappa", "harmonic"))
    return 0.0 * s, louder, of.at.rate * _kicked(of, s, kappa, eta) * louder / of.sigma


def _kicked(of: Working, s: ComplexArray, kappa: complex, eta: complex) -> ComplexArray:
    """Re y + Re z per kick of the two."""
    alpha, omega = float(of.laws.alpha), float(of.laws.omega)
    pairs = ((kappa, complex(alpha, omega)), (eta, complex(of.parameters["harmonic_damping"] * alpha, 2.0 * omega)))
    one, two = (0.5 * s * (k / (s + d) + np.conj(k) / (s + np.conj(d))) for k, d in pairs)
    return np.asarray(one + two)


def _spread(of: Working, s: ComplexArray) -> tuple[ComplexArray, float]:
    """What the spread of w makes of a change of A [V/sqrt(s) s], and what it takes off for one of F."""
    if of.moved == 0.0:
        return 0.0 * s, 0.0
    forgotten = 2.0 / of.adaptation[0].tau
    back = forgotten + of.parameters["spread_loss"] * of.at.rate
    moved = of.moved * forgotten / back
    return moved / (s + back), -moved / back

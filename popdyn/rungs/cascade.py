"""One population as a cascade unit: input filter, exact static gain, one complex mode, one ODE per adaptation time.

    tau_h(e) dh/dt = mu - h,    e = h - s sum_j w_j / C_m
    A = F(e, sigma_h) exp(Re y),  dy/dt = -(alpha(e) + i omega(e)) y + kappa(e) d ln F/dt + kappa_sigma d ln sigma_h/dt
    tau_j dw_j/dt = a_j (V(e) - E_j) - w_j + b_j tau_j A,  tau_sigma_ratio tau_h(e) dsigma_h/dt = sigma - sigma_h

with x = ln((F + F_0)/(F_ref + F_0)), F_0 = F_ref/20, and
    tau_h(e) = tau_h (d ln F/de) / (d ln F/de)_ref exp(-p_tau x)
    alpha(e) = alpha exp(p_alpha x),  omega(e) = 2 pi c F(e),  kappa(e) = (kappa_re + i kappa_im) exp(p_kappa x)

F and V are the stationary rate and mean potential of the density over mu, re-expressed over e, so that the statics are
exact whatever the other parameters are. The mode acts on ln A: the rate cannot become negative, and to first order
it is the additive mode of the linear cascade. tau_h follows the slope of the gain because the response of an
exponential integrate-and-fire population falls as r/(Delta_T i omega), and (dF/de)/(i omega tau_h) has that tail when
tau_h = Delta_T d ln F/de.

Source: linear-nonlinear cascades of Ostojic and Brunel 2011, PLoS Comput Biol 7:e1001056; adaptation as in Augustin et
al. 2017, PLoS Comput Biol 13:e1005545.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from scipy.optimize import brentq

from popdyn.errors import DomainError, NumericsError
from popdyn.kernels import cascade as kernel
from popdyn.rungs.cascade_parameters import CascadeParameters
from popdyn.rungs.static_gain import SILENT_RATE, AdaptationVariable, GainCurve, StaticGain
from popdyn.theory.discretisation import Domain
from popdyn.types import ComplexArray, FloatArray

TABLE_SIZE = 2048
FLOOR = 0.05
"""F_0 / F_ref: below it the exponents stop acting, so that a silent population keeps finite time constants."""


class Trace(NamedTuple):
    """rate [1/s], V_mean [V], w_mean [A], each (bin,); how many steps left the gain table."""

    rate: FloatArray
    V_mean: FloatArray
    w_mean: FloatArray
    outside: int


class Laws(NamedTuple):
    """tau_h [s], alpha [1/s], omega [1/s], kappa [1] along a gain curve."""

    tau_h: FloatArray
    alpha: FloatArray
    omega: FloatArray
    kappa: ComplexArray


class Point(NamedTuple):
    """rate [1/s], V_mean [V]; slopes of ln rate and V_mean over e [s/V], [s] and over sigma [sqrt(s)/V], [sqrt(s)]."""

    rate: float
    V_mean: float
    slope: float
    V_slope: float
    sigma_slope: float
    V_sigma_slope: float


@dataclass(frozen=True)
class CascadePopulation:
    """Numbers of one unit, SI. `reference_rate` [1/s] is where tau_h, alpha and kappa are quoted."""

    name: str
    C_m: float
    adaptation: tuple[AdaptationVariable, ...]
    gain: StaticGain
    parameters: CascadeParameters
    reference_rate: float
    reference_sigma: float
    domain: Domain

    @property
    def strength(self) -> float:
        """Effective s / C_m [1/F]."""
        return self.parameters.adaptation_strength / self.C_m

    def curves(self) -> tuple[GainCurve, ...]:
        return tuple(row.curve(self.adaptation, self.strength) for row in self.gain.rows)

    def span(self, curves: tuple[GainCurve, ...]) -> tuple[float, float]:
        """Effective drives [V/s] that the gain serves; below the nodes only where the population is silent."""
        low, high = min(c.nodes[0] for c in curves), max(c.nodes[-1] for c in curves)
        if all(row.rate[0] < SILENT_RATE for row in self.gain.rows):
            low -= 2 * (high - low)
        return low, high

    def reference_slope(self, curves: tuple[GainCurve, ...]) -> float:
        """d ln F / d e [s/V] where the rate is the reference rate, at the sigma of the spec."""
        nearest = int(np.argmin([abs(row.sigma - self.reference_sigma) for row in self.gain.rows]))
        curve = curves[nearest]
        log_rate = curve.log_rate(curve.nodes)
        e = np.interp(np.log(self.reference_rate), log_rate, curve.nodes)
        return float(curve.slope(np.asarray(e)))

    def laws(self, rate: FloatArray, slope: FloatArray, reference_slope: float) -> Laws:
        p = self.parameters
        floor = FLOOR * self.reference_rate
        x = np.log((rate + floor) / (self.reference_rate + floor))
        kappa = (p.kappa_re + 1j * p.kappa_im) * np.exp(p.kappa_exponent * x)
        return Laws(
            tau_h=p.tau_h * slope / reference_slope * np.exp(-p.tau_h_exponent * x),
            alpha=p.alpha * np.exp(p.alpha_exponent * x),
            omega=2 * np.pi * p.omega_ratio * rate,
            kappa=kappa,
        )

    def table(self, dt: float) -> kernel.Table:
        """The kernel's table for a step dt [s]."""
        curves = self.curves()
        reference_slope = self.reference_slope(curves)
        e = np.linspace(*self.span(curves), TABLE_SIZE)
        values = np.empty((len(curves), TABLE_SIZE, kernel.COLUMNS))
        for columns, curve in zip(values, curves, strict=True):
            log_rate = curve.log_rate(e)
            rate = np.exp(log_rate)
            laws = self.laws(rate, curve.slope(e), reference_slope)
            decay = np.exp(-(laws.alpha + 1j * laws.omega) * dt)
            columns[:, kernel.RATE], columns[:, kernel.LOG_RATE] = rate, log_rate
            columns[:, kernel.V_MEAN] = curve.V_mean(e)
            columns[:, kernel.FILTER] = -np.expm1(-dt / laws.tau_h)
            columns[:, kernel.SIGMA_FILTER] = -np.expm1(-dt / (laws.tau_h * self.parameters.tau_sigma_ratio))
            columns[:, kernel.DECAY_RE], columns[:, kernel.DECAY_IM] = decay.real, decay.imag
            columns[:, kernel.KAPPA_RE], columns[:, kernel.KAPPA_IM] = laws.kappa.real, laws.kappa.imag
        p = self.parameters
        return kernel.Table(
            e[0], e[1] - e[0], self.gain.rows[0].sigma, self.gain.sigma_step, values, p.kappa_sigma_re, p.kappa_sigma_im
        )

    def integrate(
        self, mu: FloatArray, sigma: FloatArray, w: FloatArray, *, dt: float, steps_per_bin: int,
        table: kernel.Table | None = None,
    ) -> Trace:  # fmt: skip
        """Runs through the drive at the middle of each step, from h = mu[0], y = 0 and w [A] (adaptation variable,).

        `table`: that of `table(dt)`, when it is at hand.
        """
        steps = len(mu) // steps_per_bin * steps_per_bin
        rate, V_mean, w_mean = np.empty((3, steps // steps_per_bin))
        outside = kernel.integrate(
            table or self.table(dt), self._adaptation(dt), mu[:steps], sigma[:steps], steps_per_bin,
            float(mu[0]), w.copy(), rate, V_mean, w_mean,
        )  # fmt: skip
        if outside == kernel.NOT_FINITE:
            raise NumericsError(f"populations.{self.name}: the unit's rate is not finite; take dt below {dt:g} s")
        return Trace(rate, V_mean, w_mean, outside)

    def _adaptation(self, dt: float) -> kernel.Adaptation:
        columns = (
            [self.strength] * len(self.adaptation),
            [v.a for v in self.adaptation],
            [v.E for v in self.adaptation],
            [v.b * v.tau for v in self.adaptation],
            [-np.expm1(-dt / v.tau) for v in self.adaptation],
        )
        return kernel.Adaptation(*(np.array(column, dtype=np.float64) for column in columns))

    def point(self, e: float, sigma: float) -> Point:
        """Gain and its slopes, as the table blends them over sigma."""
        curves = self.curves()
        at = np.asarray(e)
        rates = [float(np.exp(c.log_rate(at))) for c in curves]
        V = [float(c.V_mean(at)) for c in curves]
        slopes = [float(c.slope(at)) for c in curves]
        V_slopes = [float(c.V_slope(at)) for c in curves]
        if len(curves) == 1:
            return Point(rates[0], V[0], slopes[0], V_slopes[0], 0.0, 0.0)
        step = self.gain.sigma_step
        place = (sigma - self.gain.rows[0].sigma) / step
        i = min(max(int(place), 0), len(curves) - 2)
        f = place - i
        rate, V_mean, slope, V_slope = ((1 - f) * x[i] + f * x[i + 1] for x in (rates, V, slopes, V_slopes))
        return Point(rate, V_mean, slope, V_slope, (rates[i + 1] - rates[i]) / step / rate, (V[i + 1] - V[i]) / step)

    def stationary(self, mu: float, sigma: float) -> tuple[float, Point]:
        """Effective drive e [V/s] and the gain there, at constant input.

        Raises DomainError where the gain was not tabulated.
        """

        def excess(e: float) -> float:
            at = self.point(e, sigma)
            return e + self.strength * sum(v.stationary(at.rate, at.V_mean) for v in self.adaptation) - mu

        low, high = self.span(self.curves())
        if excess(low) > 0 or excess(high) < 0:
            raise DomainError(f"populations.{self.name}: no stationary state tabulated at mu {mu:.4g} V/s")
        e = float(brentq(excess, low, high, xtol=1e-13))
        return e, self.point(e, sigma)

    def linear_response(self, frequencies: FloatArray, mu: float, sigma: float, target: str = "mu") -> ComplexArray:
        """d A / d mu [1/V] or d A / d D [s/V^2], D = sigma^2/2, about the stationary state; frequencies [1/s]."""
        _, at = self.stationary(mu, sigma)
        laws = self.laws(np.asarray(at.rate), np.asarray(at.slope), self.reference_slope(self.curves()))
        s = 2j * np.pi * np.asarray(frequencies, dtype=np.float64)
        decay = laws.alpha + 1j * laws.omega

        def real_part(kappa: complex) -> ComplexArray:
            return 0.5 * s * (kappa / (s + decay) + np.conj(kappa) / (s + np.conj(decay)))

        gain = at.rate * (1 + real_part(complex(laws.kappa)))
        if target == "mu":
            drive, direct, V_mean = 1 / (1 + s * laws.tau_h), 0.0 * s, 0.0 * s
        elif len(self.gain.rows) > 1:
            through = 1 / (1 + s * laws.tau_h * self.parameters.tau_sigma_ratio) / sigma
            kappa_sigma = self.parameters.kappa_sigma_re + 1j * self.parameters.kappa_sigma_im
            direct = (gain * at.sigma_slope + at.rate / sigma * real_part(kappa_sigma)) * through
            drive, V_mean = 0.0 * s, at.V_sigma_slope * through
        else:
            raise DomainError(f"populations.{self.name}: the unit was fitted at one sigma; fit it on a range of sigma")
        feedback = np.ones_like(s)
        for v in self.adaptation:
            weight = self.strength / (1 + s * v.tau)
            feedback += weight * (v.a * at.V_slope + v.b * v.tau * gain * at.slope)
            drive = drive - weight * (v.a * V_mean + v.b * v.tau * direct)
        return gain * at.slope * drive / feedback + direct

"""One population as a cascade unit: input filter, exact static gain, a complex mode with its harmonic, adaptation ODEs.

    tau_h(e) dh/dt = mu - h,    e = h - sum_j g_j(w_j),    g_j(w) = s_j w/C_m (1 + c_j)/(1 + c_j |w|/w_ref_j)
    A = F(e, sigma_h) R(Re y + Re z),   R(x) = 1 + x for x >= 0, (1 + max(x, -2)/2)^2 below
    dy/dt = -(alpha(e) + i omega(e)) y + kappa(e) (d ln F/de) dh/dt + kappa_sigma d ln sigma_h/dt
    dz/dt = -(d alpha(e) + 2 i omega(e)) z + eta(e) (d ln F/de) dh/dt + eta_sigma d ln sigma_h/dt
    tau_j dw_j/dt = a_j (V(e) - E_j) - w_j + b_j tau_j A,  tau_sigma dsigma_h/dt = sigma - sigma_h

with x = ln((F + F_0)/(F_ref + F_0)), F_0 = F_ref/20 and F at most 10 F_ref, q = ln(sigma/sigma_ref), and
    tau_h(e) = tau_h (d ln F/de) / (d ln F/de)_ref exp(-p_tau x + n_tau q)
    alpha(e) = alpha exp(p_alpha x + n_alpha q),  omega(e) = 2 pi r F(e) exp(p_omega x)
    kappa(e) = (kappa_re + i kappa_im) exp(p_kappa x + n_kappa q),  eta(e) likewise with an exponent p of its own

(g_j with c_j < 0: s_j w/C_m (1 - c_j |w|/w_ref_j)/(1 - c_j).) F and V are the stationary rate and mean potential of the
density over mu, re-expressed over e, so that the statics are exact whatever the other parameters are.

A unit with `spread_time` (of a network's node, docs/theory/units.md) follows var(w) over the neurons, S b^2, too:
    e = h - g,  tau_h(e) dg/dt = sum_j s_j w_j/C_m - g,   dS/dt = -2 S/tau_w + (1 - spread_loss S) A
    F at sigma_h + spread_time (b/C_m)^2 (S - S_0)/sigma_ref,   S_0 = F/(2/tau_w + spread_loss F)

The harmonic: eigenvalues of a population that fires nearly regularly lie at k i omega - k^2 alpha. Only the input kicks
the modes, not the adaptation, which is part of how each neuron goes on after its spike. The pull of w saturates, as
neurons that are about to fire are those with little w; it grows where a threshold moves, as V has less time to follow
the input at high rates. tau_h follows the slope of the gain because the response of an exponential integrate-and-fire
population falls as r/(Delta_T i omega), and (dF/de)/(i omega tau_h) has that tail when tau_h = Delta_T d ln F/de.

Source: linear-nonlinear cascades of Ostojic and Brunel 2011, PLoS Comput Biol 7:e1001056; adaptation as in Augustin et
al. 2017, PLoS Comput Biol 13:e1005545; modes of spiking populations: Mattia and Del Giudice 2002, Phys Rev E 66:051917.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
from scipy.optimize import brentq

from popdyn.errors import DomainError, NumericsError
from popdyn.kernels import cascade_slots as kernel
from popdyn.kernels.cascade import NOT_FINITE
from popdyn.kernels.few_units import CHUNK, integrate
from popdyn.kernels.lanes import LANES, aligned
from popdyn.kernels.unit_law import TINY
from popdyn.rungs.cascade_parameters import Fitted, fitted, of_variable
from popdyn.rungs.static_gain import SILENT_RATE, AdaptationVariable, GainCurve, Pull, StaticGain
from popdyn.rungs.unit_response import Laws, Point, Working, response
from popdyn.theory.discretisation import Domain
from popdyn.types import ComplexArray, FloatArray

TABLE_SIZE = 2048
FLOOR = 0.05
"""F_0 / F_ref: below it the exponents stop acting, so that a silent population keeps finite time constants."""
CEILING = 10.0
"""F/F_ref above which they stop, so that rates beyond those of the fit are not kicked by powers of them."""
LEAST_W = 1e-15
"""Least w_ref [A]."""


class Trace(NamedTuple):
    """rate [1/s], V_mean [V], w_mean [A], each (bin,); how many steps left the gain table."""

    rate: FloatArray
    V_mean: FloatArray
    w_mean: FloatArray
    outside: int


@dataclass(frozen=True)
class CascadePopulation:
    """Numbers of one unit, SI. `parameters`: by the names of `cascade_parameters.fitted`.

    `reference_rate` [1/s] and `reference_sigma` [V/sqrt(s)] are where tau_h, alpha, kappa and eta are quoted.
    """

    name: str
    C_m: float
    adaptation: tuple[AdaptationVariable, ...]
    gain: StaticGain
    parameters: Mapping[str, float]
    reference_rate: float
    reference_sigma: float
    domain: Domain

    @property
    def spreads(self) -> bool:
        """Whether it follows the spread of w over the neurons."""
        return "spread_time" in self.parameters

    @property
    def fitted(self) -> Mapping[str, Fitted]:
        """Of each of its parameters what it is."""
        return fitted(len(self.adaptation), self.spreads)

    @cached_property
    def reference_w(self) -> tuple[float, ...]:
        """Stationary w of each variable at the reference rate and sigma [A]."""
        row = self.gain.rows[self._reference_row]
        V_mean = float(np.interp(self.reference_rate, row.rate, row.V_mean))
        return tuple(max(abs(v.stationary(self.reference_rate, V_mean)), LEAST_W) for v in self.adaptation)

    @property
    def pulls(self) -> tuple[Pull, ...]:
        """What every w takes off the drive."""
        made = []
        for j, w in enumerate(self.reference_w):
            strength = of_variable(self.parameters, "adaptation_strength", j)
            bend = 0.0 if self.spreads else of_variable(self.parameters, "adaptation_saturation", j)
            more, less = max(-bend, 0.0), max(bend, 0.0)
            made.append(Pull(strength / self.C_m * (1.0 + less) / (1.0 + more), more / w, less / w))
        return tuple(made)

    @property
    def _reference_row(self) -> int:
        return int(np.argmin([abs(row.sigma - self.reference_sigma) for row in self.gain.rows]))

    def curves(self) -> tuple[GainCurve, ...]:
        return tuple(row.curve(self.adaptation, self.pulls) for row in self.gain.rows)

    def span(self, curves: tuple[GainCurve, ...]) -> tuple[float, float]:
        """Effective drives [V/s] that the gain serves; below the nodes only where the population is silent."""
        low, high = min(c.nodes[0] for c in curves), max(c.nodes[-1] for c in curves)
        if all(row.rate[0] < SILENT_RATE for row in self.gain.rows):
            low -= 2 * (high - low)
        return low, high

    def reference_slope(self, curves: tuple[GainCurve, ...]) -> float:
        """d ln F / d e [s/V] where the rate is the reference rate, at the sigma of the spec."""
        curve = curves[self._reference_row]
        log_rate = curve.log_rate(curve.nodes)
        e = np.interp(np.log(self.reference_rate), log_rate, curve.nodes)
        return float(curve.slope(np.asarray(e)))

    def laws(self, rate: FloatArray, slope: FloatArray, sigma: float, reference_slope: float) -> Laws:
        p = self.parameters
        floor = FLOOR * self.reference_rate
        capped = np.minimum(rate, CEILING * self.reference_rate)
        x = np.log((capped + floor) / (self.reference_rate + floor))
        q = float(np.log(sigma / self.reference_sigma)) if sigma != self.reference_sigma else 0.0
        louder = np.exp(p["kappa_sigma_exponent"] * q)
        tau_h = p["tau_h"] * slope / reference_slope * np.exp(p["tau_h_sigma_exponent"] * q - p["tau_h_exponent"] * x)
        return Laws(
            tau_h=tau_h,
            alpha=p["alpha"] * np.exp(p["alpha_exponent"] * x + p["alpha_sigma_exponent"] * q),
            omega=2 * np.pi * p["omega_ratio"] * rate * np.exp(p["omega_exponent"] * x),
            kappa=louder * np.exp(p["kappa_exponent"] * x),
            eta=louder * np.exp(p["harmonic_exponent"] * x),
        )

    def table(self, dt: float) -> kernel.Unit:
        """The kernel's numbers of this unit for a step dt [s]."""
        p, curves, between = self.parameters, self.curves(), self.gain.between
        reference_slope = self.reference_slope(curves)
        e = np.linspace(*self.span(curves), TABLE_SIZE)
        values = np.empty((max(len(between), 2), TABLE_SIZE, LANES))
        sampled = np.array([(c.log_rate(e), c.V_mean(e), c.slope(e)) for c in curves])
        log_rate, V_mean, slopes = np.tensordot(between, sampled, 1).transpose(1, 0, 2)
        for columns, level, V, slope, sigma in zip(values, log_rate, V_mean, slopes, self.gain.sigmas, strict=False):
            rate = np.exp(level)
            laws = self.laws(rate, slope, float(sigma), reference_slope)
            decay = np.exp(-(laws.alpha + 1j * laws.omega) * dt)
            columns[:, kernel.RATE], columns[:, kernel.V_MEAN] = rate, V
            columns[:, kernel.FILTER] = -np.expm1(-dt / laws.tau_h)
            columns[:, kernel.DECAY_RE], columns[:, kernel.DECAY_IM] = decay.real, decay.imag
            columns[:, kernel.KICK], columns[:, kernel.HARMONIC] = slope * laws.kappa, slope * laws.eta
            columns[:, kernel.DAMPING] = np.exp(-(p["harmonic_damping"] - 2.0) * laws.alpha * dt)
        values[:, -1, [kernel.KICK, kernel.HARMONIC]] = 0.0  # beyond its end the gain is that of its end
        if len(curves) == 1:
            values[1] = values[0]
        return kernel.Unit(self._numbers(dt, e), aligned(values), self._adaptation(dt, e[1] - e[0]))

    def _numbers(self, dt: float, e: FloatArray) -> FloatArray:
        p, sigmas = self.parameters, self.gain.sigmas
        per_e, per_sigma = 1.0 / (e[1] - e[0]), 1.0 / self.gain.sigma_step if len(sigmas) > 1 else 0.0
        last = np.nextafter([len(e) - 1.0, len(sigmas) - 1.0], 0.0)  # so that every place has a next one
        kicks = [0.5 * p[f"{kind}_{part}"] for kind in ("kappa", "harmonic") for part in ("re", "im")]
        louder = [p[f"{kind}_sigma_{part}"] for kind in ("kappa", "harmonic") for part in ("re", "im")]
        of_sigma = (sigmas[0] * per_sigma, 0.5 * per_sigma, last[1], -np.expm1(-dt / p["tau_sigma"]))
        return np.array([e[0] * per_e, per_e, last[0], *of_sigma, *kicks, *louder, *self._spread(dt, per_sigma)])

    def _spread(self, dt: float, per_sigma: float) -> tuple[float, ...]:
        """Numbers of the kernel from LAG on."""
        if not self.spreads:
            return (0.0, 0.0, 0.0, 0.0, 0.0)
        tau = 0.5 * self.adaptation[0].tau
        part = -np.expm1(-dt / tau)
        return (1.0, self._moved() * per_sigma, 1.0 - part, tau * part, tau * part * self.parameters["spread_loss"])

    def _moved(self) -> float:
        """sigma [V/sqrt(s)] per unit of the spread of w; 0 where it is not followed."""
        if not self.spreads:
            return 0.0
        per_spike = self.adaptation[0].b / self.C_m
        return self.parameters["spread_time"] * per_spike**2 / self.reference_sigma

    def _adaptation(self, dt: float, e_step: float) -> FloatArray:
        parts = [-np.expm1(-dt / v.tau) for v in self.adaptation]
        rows = [
            (p.strength / e_step, p.more, p.less, 1.0 - f, -f * v.a * v.E, f * v.a, f * v.b * v.tau)
            for p, v, f in zip(self.pulls, self.adaptation, parts, strict=True)
        ]
        return np.array(rows, dtype=np.float64).reshape(-1, kernel.ADAPTATION)

    def integrate(
        self, mu: FloatArray, sigma: FloatArray, w: FloatArray, *, dt: float, steps_per_bin: int,
        table: kernel.Unit | None = None,
    ) -> Trace:  # fmt: skip
        """Runs through the drive at the middle of each step, from h = mu[0], y = z = 0 and w [A] (variable,).

        `table`: that of `table(dt)`, when it is at hand.
        """
        bins = len(mu) // steps_per_bin
        rate, V_mean, traces = np.empty(bins), np.empty(bins), np.empty((bins, len(self.adaptation)))
        unit, column = table or self.table(dt), np.empty(kernel.slots(len(w)))
        kernel.start(*unit, float(mu[0]), float(sigma[0]), w, 0, column)
        (lanes,), (flat, row) = kernel.in_lanes(column[None]), (unit.table.reshape(-1), unit.table[0].size)
        work, seen = np.empty(CHUNK * steps_per_bin), np.empty(CHUNK * kernel.seen_numbers(len(w)))
        outside = integrate(flat, row, lanes, mu, sigma, steps_per_bin, work, seen, rate, V_mean, traces)
        if outside == NOT_FINITE:
            raise NumericsError(f"populations.{self.name}: the unit's rate is not finite; take dt below {dt:g} s")
        return Trace(rate, V_mean, traces @ np.array([v.current for v in self.adaptation]), outside)

    def point(self, e: float, sigma: float) -> Point:
        """Gain and its slopes, as the table blends them over sigma; those over sigma across one row of the table."""
        curves, at, sigmas = self.curves(), np.asarray(e), self.gain.sigmas
        sampled = np.array([(c.log_rate(at), c.V_mean(at), c.slope(at), c.V_slope(at)) for c in curves], dtype=float)
        if len(sigmas) == 1:
            level, V_mean, slope, V_slope = (float(x) for x in sampled[0])
            return Point(float(np.exp(level)), V_mean, slope, V_slope, 0.0, 0.0)
        rows = self.gain.between @ sampled
        rows[:, 0] = np.exp(rows[:, 0])
        within = float(np.clip(sigma, sigmas[0], sigmas[-1]))
        rate, V_mean, slope, V_slope = (float(np.interp(within, sigmas, row)) for row in rows.T)
        around = np.clip(within + 0.5 * self.gain.sigma_step * np.array([-1.0, 1.0]), sigmas[0], sigmas[-1])
        rise, V_rise = (float(np.diff(np.interp(around, sigmas, row))[0] / np.ptp(around)) for row in rows.T[:2])
        return Point(rate, V_mean, slope, V_slope, rise / max(rate, TINY), V_rise)

    def stationary(self, mu: float, sigma: float) -> tuple[float, Point]:
        """Effective drive e [V/s] and the gain there, at constant input.

        Raises DomainError where the gain was not tabulated.
        """

        def excess(e: float) -> float:
            at = self.point(e, sigma)
            pulled = (p(v.stationary(at.rate, at.V_mean)) for p, v in zip(pulls, self.adaptation, strict=True))
            return e + sum(pulled) - mu

        pulls = self.pulls
        low, high = self.span(self.curves())
        if excess(low) > 0 or excess(high) < 0:
            raise DomainError(f"populations.{self.name}: no stationary state tabulated at mu {mu:.4g} V/s")
        e = float(brentq(excess, low, high, xtol=1e-13))
        return e, self.point(e, sigma)

    def linear_response(
        self, frequencies: FloatArray, mu: float, sigma: float, target: str = "mu", at: Point | None = None
    ) -> ComplexArray:
        """d A / d mu [1/V] or d A / d D [s/V^2], D = sigma^2/2, about the stationary state; frequencies [1/s].

        `at`: that of `stationary(mu, sigma)`, when it is at hand.
        """
        if target != "mu" and len(self.gain.rows) == 1:
            raise DomainError(f"populations.{self.name}: the unit was fitted at one sigma; fit it on a range of sigma")
        at = at or self.stationary(mu, sigma)[1]
        laws = self.laws(np.asarray(at.rate), np.asarray(at.slope), sigma, self.reference_slope(self.curves()))
        slopes = [p.slope(v.stationary(at.rate, at.V_mean)) for p, v in zip(self.pulls, self.adaptation, strict=True)]
        state = Working(self.parameters, laws, at, sigma, self.adaptation, slopes, self._moved())
        return response(state, np.asarray(2j * np.pi * np.asarray(frequencies), dtype=np.complex128), target)

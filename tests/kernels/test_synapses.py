"""Synapses in the mean field: every kind against an exact solution, delays, and charge that is not lost."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.integrate import solve_ivp

from popdyn.distributions import Distribution
from popdyn.kernels import synapses as kernel
from popdyn.spec.network import Synapse
from popdyn.theory.synaptic import KINDS, delay_lags, release

DT = 1e-4
SYNAPSES = {
    "delta": Synapse("delta", 1e-4, delay=1e-3),
    "exponential": Synapse("exponential", 1e-4, tau_syn=4e-3, delay=1e-3),
    "alpha": Synapse("alpha", 1e-4, tau_syn=3e-3, delay=1e-3),
    "conductance": Synapse("conductance", 1e-9, tau_syn=4e-3, delay=1e-3, E_rev=0.0),
    "saturating": Synapse("saturating", 1e-4, tau_syn=30e-3, delay=1e-3, alpha=0.5),
    "tsodyks_markram": Synapse(
        "tsodyks_markram", 1e-4, tau_syn=3e-3, delay=1e-3, U=0.2, tau_rec=200e-3, tau_fac=100e-3
    ),
}


def one_projection(synapse, dt=DT):
    shares = np.array([delay_lags(synapse, dt)])
    state = np.zeros((1, kernel.STATES))
    state[0, kernel.LEFT] = 1.0
    numbers = np.array([[synapse.tau_syn, synapse.alpha, synapse.U, synapse.tau_rec, synapse.tau_fac]])
    first = np.array([int(np.flatnonzero(shares[0])[0])])
    place = np.zeros(1, np.int64)
    return kernel.Projections(
        place,
        np.array([KINDS[synapse.kind]]),
        numbers,
        shares,
        first,
        first + (np.count_nonzero(shares) - 1),
        state,
        np.zeros(1),
        np.zeros(1),
        place,
        kernel.decay_of(numbers[:, kernel.TAU], dt),
    )


def heard(synapse, rate, dt=DT):
    """u and v [1/s] at the end of every step; rate(t) [1/s] is 0 before t = 0 and known at the ends of the steps."""
    p = one_projection(synapse, dt)
    activity = np.zeros((1, p.lags.shape[1] + 2))
    u, v = np.zeros(len(rate)), np.zeros(len(rate))
    for now, value in enumerate(rate):
        kernel.transmit(p, activity, now, dt)
        u[now], v[now] = p.mean[0], p.variance[0]
        activity[0, now % activity.shape[1]] = value
    return u, v


def ends(count, dt=DT):
    return dt * np.arange(1, count + 1)


def test_every_kind_is_here():
    assert set(SYNAPSES) == set(KINDS)


@pytest.mark.parametrize("kind", ["delta", "exponential", "conductance", "alpha"])
def test_a_ramp_is_filtered_exactly(kind):
    """r = 3000 t /s: s = 3000 (t - n tau + ...) after the delay, to rounding for one filter; second order for two."""
    synapse, slope = SYNAPSES[kind], 3000.0
    t = ends(600)
    u, v = heard(synapse, slope * t)
    late, tau = np.maximum(t - synapse.delay, 0.0), max(synapse.tau_syn, 1e-12)
    exact = {
        "delta": late,
        "exponential": late - tau * -np.expm1(-late / tau),
        "conductance": late - tau * -np.expm1(-late / tau),
        "alpha": late - 2 * tau + (late + 2 * tau) * np.exp(-late / tau),
    }[kind]
    bar = 1e-10 if kind != "alpha" else 2e-3 * slope * tau
    np.testing.assert_allclose(u, slope * exact, atol=bar)
    np.testing.assert_array_equal(u, v)


def test_an_alpha_function_converges_at_second_order():
    errors = []
    for dt in (4e-4, 2e-4, 1e-4):
        t = ends(round(0.03 / dt), dt)
        synapse = Synapse("alpha", 1e-4, tau_syn=3e-3, delay=2e-3)
        late = np.maximum(t - 2e-3, 0.0)
        exact = 3000.0 * (late - 6e-3 + (late + 6e-3) * np.exp(-late / 3e-3))
        errors.append(np.max(np.abs(heard(synapse, 3000.0 * t, dt)[0] - exact)))
    assert errors[0] / errors[1] > 3.5
    assert errors[1] / errors[2] > 3.5


@pytest.mark.parametrize("kind", SYNAPSES)
@pytest.mark.parametrize("nu", [0.5, 10.0, 80.0])
def test_constant_rates_release_what_the_theory_says(kind, nu):
    """u = q nu, v = q^2 nu after 4 s, the slowest time constant being 0.2 s."""
    synapse = SYNAPSES[kind]
    u, v = heard(synapse, np.full(40_000, nu))
    q = release(synapse, nu)
    assert u[-1] == pytest.approx(q * nu, rel=1e-6)
    assert v[-1] == pytest.approx(q**2 * nu, rel=1e-6)


@pytest.mark.parametrize("kind", ["saturating", "tsodyks_markram"])
def test_nonlinear_synapses_follow_their_equations(kind):
    """A rate between 0 and 60 /s at 10 Hz against a Runge-Kutta solution: first order in dt, 0.5 % at 0.1 ms."""
    synapse = SYNAPSES[kind]

    def rate(t):
        return 30.0 * (1.0 - np.cos(2 * np.pi * 10.0 * t))

    def slope(t, y):
        r = rate(t)
        if kind == "saturating":
            return [-y[0] / synapse.tau_syn + synapse.alpha * (1.0 - y[0]) * r]
        use = y[0] + synapse.U * (1.0 - y[0])
        charge = use * y[1]
        return [
            -y[0] / synapse.tau_fac + synapse.U * (1.0 - y[0]) * r,
            (1.0 - y[1]) / synapse.tau_rec - charge * r,
            (charge * r - y[2]) / synapse.tau_syn,
        ]

    start = [0.0] if kind == "saturating" else [0.0, 1.0, 0.0]
    errors = []
    for dt in (2e-4, 1e-4):
        t = ends(round(0.3 / dt), dt)
        u, _ = heard(synapse, rate(t), dt)
        solved = solve_ivp(slope, (0.0, 0.3), start, dense_output=True, rtol=1e-9)
        late = solved.sol(np.maximum(t - synapse.delay, 0.0))
        exact = late[0] / synapse.tau_syn if kind == "saturating" else late[2]
        errors.append(np.max(np.abs(u - exact)) / np.max(exact))
    assert errors[1] < 0.6 * errors[0]
    assert errors[1] < 0.005


@pytest.mark.parametrize("kind", ["delta", "exponential", "alpha"])
def test_a_pulse_arrives_whole(kind):
    """Integral of u is that of the rate: no spike is lost or made, whatever the delays."""
    delays = Distribution("normal", (1.5e-3, 0.5e-3), low=1e-4)
    synapse = Synapse(kind, 1e-4, tau_syn=2e-3 if kind != "delta" else 0.0, delay=1.5e-3, delays=delays)
    rate = np.zeros(1000)
    rate[5:15] = 100.0
    u, _ = heard(synapse, rate)
    assert u.sum() == pytest.approx(rate.sum(), rel=1e-9)
    middle = (u * ends(1000)).sum() / u.sum() - (rate * ends(1000)).sum() / rate.sum()
    filtered = {"delta": 0.0, "exponential": 2e-3, "alpha": 4e-3}[kind]
    assert middle == pytest.approx(delays.moments[0] + filtered, abs=3e-6)


@pytest.mark.parametrize("delay", [1e-4, 1.5e-3, 1.53e-3])
def test_a_delay_is_kept_in_the_mean(delay):
    """A delay between two steps is shared linearly: its mean is exact."""
    shares = np.array(delay_lags(Synapse("delta", 1e-4, delay=delay), DT))
    assert shares.sum() == pytest.approx(1.0)
    assert shares @ np.arange(shares.size) * DT == pytest.approx(delay)
    assert np.count_nonzero(shares) <= 2


def test_a_distribution_of_delays_keeps_mean_and_spread():
    delays = Distribution("normal", (1.5e-3, 0.4e-3), low=1e-4)
    shares = np.array(delay_lags(Synapse("delta", 1e-4, delay=1.5e-3, delays=delays), DT))
    lag = DT * np.arange(shares.size)
    mean, std = delays.moments
    assert shares.sum() == pytest.approx(1.0)
    assert shares @ lag == pytest.approx(mean, rel=1e-3)
    assert np.sqrt(shares @ (lag - mean) ** 2) == pytest.approx(std, rel=2e-2)


@pytest.mark.parametrize("kind", SYNAPSES)
def test_a_block_of_steps_is_its_steps(kind):
    rng, steps = np.random.default_rng(1), 9
    alone, together = one_projection(SYNAPSES[kind]), one_projection(SYNAPSES[kind])
    rate = 20.0 + 5.0 * rng.standard_normal(6 * steps)
    exact = np.zeros((2, rate.size))
    ring = np.zeros((1, alone.lags.shape[1] + 2))
    kept = ring.shape[1]
    past = np.zeros((1, kept + rate.size + kernel.BLOCK))
    for now, value in enumerate(rate):
        kernel.transmit(alone, ring, now, DT)
        exact[:, now] = alone.mean[0], alone.variance[0]
        ring[0, now % kept] = value
    work, brought = np.zeros(kernel.BLOCK), np.zeros(kernel.BROUGHT)
    mean, variance = brought[: kernel.BLOCK], brought[0 if together.kind[0] == kernel.EXPONENTIAL else kernel.BLOCK :]
    for first in range(0, rate.size, steps):
        kernel.transmit_block(together, past, kept + first, steps, DT, work, brought)
        np.testing.assert_allclose(mean[:steps], exact[0, first : first + steps], rtol=1e-12)
        np.testing.assert_allclose(variance[:steps], exact[1, first : first + steps], rtol=1e-12)
        past[0, kept + first : kept + first + steps] = rate[first : first + steps]

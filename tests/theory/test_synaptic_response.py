"""Responses of synapses: the slope of what they release at frequency 0, the marched synapse at others, delays."""

import numpy as np
import pytest

from popdyn.distributions import Distribution
from popdyn.errors import UsageError
from popdyn.kernels import synapses as kernel
from popdyn.spec.network import Synapse
from popdyn.theory.synaptic import KINDS, release
from popdyn.theory.synaptic_response import delay_factor, synaptic_response

ALL = [
    Synapse("delta", 1e-4),
    Synapse("exponential", 1e-4, tau_syn=5e-3),
    Synapse("alpha", 1e-4, tau_syn=3e-3),
    Synapse("saturating", 1e-4, tau_syn=50e-3, alpha=0.6),
    Synapse("tsodyks_markram", 1e-4, tau_syn=3e-3, U=0.4, tau_rec=200e-3),
    Synapse("tsodyks_markram", 1e-4, tau_syn=3e-3, U=0.1, tau_rec=100e-3, tau_fac=500e-3),
]
NAMES = ["delta", "exponential", "alpha", "saturating", "depressing", "facilitating"]


@pytest.mark.parametrize("synapse", ALL, ids=NAMES)
def test_at_frequency_zero_it_is_the_slope(synapse):
    """u = q nu and v = q^2 nu of the stationary state, by differences."""
    nu, step = 12.0, 1e-4
    low, high = (np.array([release(synapse, x) * x, release(synapse, x) ** 2 * x]) for x in (nu - step, nu + step))
    to_mean, to_variance = synaptic_response(synapse, nu, np.zeros(1))
    assert [to_mean[0].real, to_variance[0].real] == pytest.approx((high - low) / (2 * step), rel=1e-6)


@pytest.mark.parametrize("synapse", ALL, ids=NAMES)
@pytest.mark.parametrize("frequency", [3.0, 40.0])
def test_against_the_marched_synapse(synapse, frequency):
    """Fundamental of the kernel's answer to a 1 % sine of the presynaptic rate, within 1 % of the slope at 0."""
    nu, dt, cycles = 12.0, 2e-5, 4
    steps = round((1.5 + cycles / frequency) / dt)
    t = dt * np.arange(steps)
    activity = nu * (1.0 + 0.01 * np.sin(2 * np.pi * frequency * t))
    marched = march(synapse, activity, dt)
    late = slice(steps - round(cycles / frequency / dt), steps)
    wave = np.exp(-2j * np.pi * frequency * t[late])
    measured = 2j * (marched[late] * wave[:, None]).mean(axis=0) / (0.01 * nu)
    for found, response in zip(
        measured, synaptic_response(synapse, nu, np.array([2j * np.pi * frequency])), strict=True
    ):
        assert abs(found - response[0]) < 0.01


def march(synapse, activity, dt):
    one = np.zeros(1)
    numbers = np.array([[synapse.tau_syn, synapse.alpha, synapse.U, synapse.tau_rec, synapse.tau_fac]])
    state = np.zeros((1, kernel.STATES))
    state[0, kernel.LEFT] = 1.0
    zero = np.zeros(1, np.int64)
    kind = np.array([KINDS[synapse.kind]])
    decay = kernel.decay_of(numbers[:, kernel.TAU], dt)
    p = kernel.Projections(zero, kind, numbers, np.ones((1, 1)), zero, zero, state, one.copy(), one.copy(), zero, decay)
    out = np.empty((activity.size, 2))
    for k, rate in enumerate(activity):
        kernel.transmit(p, np.full((1, 1), rate), k, dt)
        out[k] = p.mean[0], p.variance[0]
    return out


def test_delays():
    """One delay is a phase; uniform ones its mean over the range."""
    z = np.array([0.0, 2j * np.pi * 80.0, -20.0 + 300j])
    assert delay_factor(Synapse("delta", 1e-4, delay=2e-3), z) == pytest.approx(np.exp(-2e-3 * z))
    low, high = 1e-3, 4e-3
    spread = Synapse("delta", 1e-4, delay=2.5e-3, delays=Distribution("uniform", (low, high)))
    exact = (np.exp(-z[1:] * low) - np.exp(-z[1:] * high)) / (z[1:] * (high - low))
    assert delay_factor(spread, z)[1:] == pytest.approx(exact, rel=1e-5)
    assert delay_factor(spread, z)[0] == pytest.approx(1.0)
    mean, width = 3e-3, 0.6e-3
    normal = Synapse("delta", 1e-4, delay=mean, delays=Distribution("normal", (mean, width)))
    assert delay_factor(normal, z) == pytest.approx(np.exp(-z * mean + 0.5 * (z * width) ** 2), abs=1e-4)


def test_conductances_are_refused():
    with pytest.raises(UsageError, match="got 'conductance'; a linear response exists for delta, exponential"):
        synaptic_response(Synapse("conductance", 1e-9, tau_syn=5e-3), 5.0, np.zeros(1))

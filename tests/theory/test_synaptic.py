"""Synapses at a stationary rate: releases against simulated synapses, delays as shares of steps."""

import numpy as np
import pytest

from popdyn.distributions import Distribution
from popdyn.spec.network import Synapse
from popdyn.theory.synaptic import KINDS, delay_lags, release

NU = 15.0


def poisson_times(rng, rate, duration):
    return np.cumsum(rng.exponential(1 / rate, int(rate * duration)))


def mean_release(synapse, rate, duration=4000.0, seed=1):
    """Mean charge per spike of one synapse under a Poisson train, each spike by the synapse's own equations."""
    last, gate, u, x, charges = 0.0, 0.0, 0.0, 1.0, []
    for t in poisson_times(np.random.default_rng(seed), rate, duration):
        wait, last = t - last, t
        if synapse.kind == "saturating":
            gate *= np.exp(-wait / synapse.tau_syn)
            charges.append(synapse.alpha * (1.0 - gate))
            gate += charges[-1]
            continue
        x = 1.0 - (1.0 - x) * np.exp(-wait / synapse.tau_rec)
        u = u * np.exp(-wait / synapse.tau_fac) if synapse.tau_fac else 0.0
        u += synapse.U * (1.0 - u)
        charges.append(u * x)
        x -= u * x
    return np.mean(charges)


@pytest.mark.parametrize(
    ("synapse", "within"),
    [
        (Synapse("saturating", 1e-4, tau_syn=50e-3, alpha=0.6), 0.01),
        (Synapse("tsodyks_markram", 1e-4, tau_syn=3e-3, U=0.4, tau_rec=200e-3), 0.01),
        (Synapse("tsodyks_markram", 1e-4, tau_syn=3e-3, U=0.1, tau_rec=50e-3, tau_fac=500e-3), 0.05),
    ],
    ids=["saturating", "depressing", "facilitating"],
)
def test_release_of_a_simulated_synapse(synapse, within):
    """Exact for the gate and for depression alone; facilitation takes u and x as uncorrelated (5 % here)."""
    assert release(synapse, NU) == pytest.approx(mean_release(synapse, NU), rel=within)


@pytest.mark.parametrize("kind", ["delta", "exponential", "alpha", "conductance"])
def test_linear_synapses_release_all(kind):
    assert release(Synapse(kind, 1e-4, tau_syn=5e-3), NU) == 1.0
    assert kind in KINDS


def test_at_rest_a_synapse_has_all_its_resources():
    assert release(Synapse("tsodyks_markram", 1e-4, tau_syn=3e-3, U=0.3, tau_rec=0.2, tau_fac=0.5), 0.0) == 0.3
    assert release(Synapse("saturating", 1e-4, tau_syn=0.1, alpha=0.7), 0.0) == 0.7


@pytest.mark.parametrize("delay", [1e-4, 1.5e-3, 1.53e-3, 1.0001e-3])
def test_shares_of_one_delay_have_its_mean(delay):
    dt = 1e-4
    shares = np.array(delay_lags(Synapse("delta", 1e-4, delay=delay), dt))
    assert shares.sum() == pytest.approx(1.0)
    assert shares @ np.arange(shares.size) * dt == pytest.approx(delay)
    assert np.count_nonzero(shares > 1e-12) <= 2


def test_shares_of_distributed_delays_have_their_moments():
    dt, spread = 1e-4, Distribution("normal", (1.5e-3, 0.3e-3), low=0.5e-3)
    shares = np.array(delay_lags(Synapse("delta", 1e-4, delay=1.5e-3, delays=spread), dt))
    late = np.arange(shares.size) * dt
    mean, std = spread.moments
    assert shares.sum() == pytest.approx(1.0)
    assert shares @ late == pytest.approx(mean, rel=1e-3)
    assert np.sqrt(shares @ (late - mean) ** 2) == pytest.approx(std, rel=0.02)
    assert shares[0] == 0.0

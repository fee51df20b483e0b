"""Whole networks, slow: two models and all that can differ between neurons, without and with a compiler; the limit of a
vanishing step against a simulation without one."""

from dataclasses import replace

import numpy as np
import pytest

from popdyn.distributions import Distribution
from popdyn.ground_truth import cost, extrapolate, simulate
from popdyn.spec import Initial, Network, Neuron, PoissonDrive, Population, Protocol, Stimulus, WhiteNoise
from popdyn.spec.network import Connection, Synapse

from .networks import connected, population

pytestmark = [pytest.mark.slow, pytest.mark.skipif(cost.compiler() is None, reason="no C++ compiler")]

SIGMA = 1.5e-3 / np.sqrt(1e-3)


def mixed():
    """AdEx and LIF neurons, spread parameters, conductances, currents and jumps, delays that differ, a sine on mu, a
    step of sigma and of the external rate."""
    noisy = {"sigma": SIGMA, "V": -60e-3, "V_std": 4e-3}
    source = PoissonDrive(200, 5.0, 0.1e-3, Synapse("exponential", 0.1e-3, tau_syn=2e-3, delay=1e-3))
    E = population("E", "adex", 400, mu=1.2, t_ref=2e-3, b=20e-12, poisson=[source], **noisy)
    fast = population("I", "lif", 100, mu=0.5, t_ref=1e-3, **noisy)
    capacitance, threshold = Distribution("lognormal", (2e-10, 2e-11)), Distribution("normal", (-50e-3, 1e-3))
    dead, drive = Distribution("uniform", (0.5e-3, 1.5e-3)), Distribution("normal", (0.5, 0.1))
    E = replace(E, spread={"V_th": threshold, "C_m": capacitance})
    fast = replace(fast, spread={"mu": drive, "t_ref": dead})
    weight, delays = Distribution("lognormal", (0.15e-3, 0.05e-3)), Distribution("uniform", (1e-3, 2e-3))
    links = [
        Connection("E", "E", "pairwise_bernoulli", Synapse("conductance", 0.5e-9, tau_syn=5e-3, delay=1.5e-3), p=0.1),
        Connection(
            "E", "I", "fixed_indegree", Synapse("delta", 0.15e-3, delay=1.5e-3, weight=weight, delays=delays), K=40
        ),
        Connection("I", "E", "fixed_total_number", Synapse("alpha", -0.3e-3, tau_syn=4e-3, delay=1e-3), number=8000),
        Connection("I", "I", "fixed_outdegree", Synapse("delta", -0.2e-3, delay=1e-3), K=20),
    ]
    stimuli = [
        Stimulus("I", "mu", "sine", {"at": 0.0, "until": 0.4, "frequency": 10.0, "amplitude": 0.2, "phase": 0.0}),
        Stimulus("E", "sigma", "step", {"at": 0.1, "until": 0.2, "amplitude": 0.5 * SIGMA}),
        Stimulus("E", "nu", "step", {"at": 0.2, "until": 0.3, "amplitude": 10.0}),
    ]
    return connected([E, fast], links, duration=0.4, transient=0.1, stimuli=stimuli)


def test_compiled_and_numpy_agree():
    """The same wiring and parameters, other noise: rates per neuron correlate, traces agree to 4.5 standard errors."""
    compiled, numpy = (
        simulate(mixed(), "p", dt=5e-5, groups=10, backend=name, seed=7) for name in ("cpp_standalone", "numpy")
    )
    for name in ("V_th_E", "C_m_E", "mu_I", "t_ref_I"):
        assert np.array_equal(compiled[name], numpy[name])
    for name in ("indegree_E_E", "indegree_I_E", "indegree_I_I"):
        assert np.array_equal(compiled[name], numpy[name])
        assert compiled[name].std() > 2
    assert "indegree_E_I" not in compiled
    for name, wide in (("rate", 10), ("V_mean", 1), ("w_mean", 1)):
        for k in range(2 if name != "w_mean" else 1):
            one, two = (result[name].values[..., k].reshape(10, -1, wide).mean(axis=2) for result in (compiled, numpy))
            error = np.sqrt((one.var(axis=0, ddof=1) + two.var(axis=0, ddof=1)) / 10)
            difference = (one.mean(axis=0) - two.mean(axis=0))[error > 0] / error[error > 0]
            assert np.sqrt(np.mean(difference**2)) < 1.6, (name, k)
    totals = [result["rate"].mean("time").values for result in (compiled, numpy)]
    error = np.hypot(*(total.std(axis=0, ddof=1) / np.sqrt(10) for total in totals))
    assert np.all(np.abs(totals[0].mean(axis=0) - totals[1].mean(axis=0)) < 4.5 * error)
    for name in ("E", "I"):
        rates = [result[f"neuron_rate_{name}"].values.ravel() for result in (compiled, numpy)]
        assert np.corrcoef(*rates)[0, 1] > 0.3


LIF = {"C_m": 250e-12, "g_L": 12.5e-9, "E_L": 0.0, "V_th": 20e-3, "V_reset": 10e-3, "t_ref": 2e-3, "I_e": 0.0}


def brunel():
    """Model A of Brunel 2000 at g = 5, nu_ext = 2 nu_thr: 10,000 and 2,500 neurons."""
    drive = PoissonDrive(1000, 20.0, 0.1e-3)
    members = {
        name: Population(name, size, Neuron("lif", LIF), WhiteNoise(), (drive,), Initial(10e-3, 5e-3))
        for name, size in (("E", 10_000), ("I", 2500))
    }
    links = tuple(
        Connection(pre, post, "fixed_indegree", Synapse("delta", J, delay=1.5e-3), K=K)
        for pre, K, J in (("E", 1000, 0.1e-3), ("I", 250, -0.5e-3))
        for post in members
    )
    return Network("brunel", members, {"p": Protocol("p", 1.5, 0.3, 1)}, links)


def test_the_limit_of_a_vanishing_step_is_the_network_without_one():
    """38.41 +- 0.05 Hz event by event (reference_sims/brunel_a), 37.5 Hz at 0.1 ms. With one to six arrivals per step
    the bias lies between dt and sqrt(dt): so does the exact rate between the two limits, to 2 standard errors."""
    found = extrapolate(brunel(), "p", (1e-4, 5e-5, 2.5e-5), backend="cpp_standalone", groups=2)
    limit, bracket = found.limit["E"], found.bracket["E"]
    assert found.values[0]["E"].mean == pytest.approx(37.55, rel=0.01)
    assert limit.mean - bracket - 2 * limit.standard_error < 38.41 < limit.mean + 2 * limit.standard_error
    assert bracket + 2 * limit.standard_error < 0.03 * 38.41

"""Neurons with escape noise that differ, that are connected, and beside neurons of other kinds."""

from __future__ import annotations

import numpy as np
import pytest

from popdyn.ground_truth import Record, annealed, cost, simulate
from popdyn.results import spike_times

from .escape_cases import FAR, LAMBDA, RESET, TAU, mean, population, renewal_rate, spec

SLOW = [pytest.mark.slow, pytest.mark.skipif(cost.compiler() is None, reason="no C++ compiler")]
BACKENDS = ["numpy", pytest.param("cpp_standalone", marks=SLOW)]
DT = 5e-4
SFA = {"tau_sfa": ["30 ms", "200 ms"], "q_sfa": ["2 mV", "0.5 mV"]}
KINDS = {
    "delta": {"J": "0.1 mV"},
    "exponential": {"J": "0.1 mV", "tau_syn": "4 ms"},
    "alpha": {"J": "0.1 mV", "tau_syn": "4 ms"},
    "conductance": {"J": "0.1 nS", "tau_syn": "4 ms", "E_rev": "60 mV"},
}


@pytest.fixture(scope="module", params=BACKENDS)
def truth(request):
    """A Poisson population that drives four others through each kind of synapse; neurons that differ."""
    different = {
        "V_T_star": {"normal": ["15 mV", "2 mV"]}, "C_m": {"lognormal": ["150 pF", "30 pF"]},
        "t_ref": {"uniform": ["0 ms", "6 ms"]}, "adaptation_scale": {"gamma": [1.0, 0.5]},
    }  # fmt: skip
    scaled = {"adaptation_scale": {"gamma": [1.0, 0.5]}, "tau_stc": ["20 ms"], "q_stc": ["10 pA"]}
    populations = {
        "source": population("poisson", 100, 20.0, mu=20 / 15),
        **{kind: population("gif", 5, 10.0, **RESET, **FAR) for kind in KINDS},
        "different": population("gif", 3000, 0.0, mu=2.0, **{**RESET, **different}),
        "scaled": population("gif", 2000, 0.0, mu=2.0, **RESET, **scaled),
        "lif": {"size": 5, "neuron": {"model": "lif"}, "noise": {"mu": "0.9 mV/ms", "sigma": "1 mV/sqrt(ms)"}},
    }
    links = [
        {"pre": "source", "post": kind, "rule": "all_to_all", "synapse": kind, "delay": "1 ms", **keys}
        for kind, keys in KINDS.items()
    ]
    whole = spec(populations, 1.5, 0.3, connections=links)
    record = Record(spikes=("source",), traces=3)
    return simulate(whole, "p", dt=DT, backend=request.param, groups=1, seed=3, record=record)


def test_each_kind_of_synapse_moves_V_by_its_charge(truth):
    """<V> = K nu J tau_m; of conductances g E_rev/(g_L + g), g = K nu J tau_syn. The rate is the measured one.

    V is sampled just after the jumps of a step: half a step's jumps above its mean over time.
    """
    nu = mean(truth, "source")
    assert nu == pytest.approx(LAMBDA * np.exp(5 / 3), rel=0.05)
    for kind in ("delta", "exponential", "alpha"):
        sampled = 0.5 * DT if kind == "delta" else 0.0
        assert mean(truth, kind, "V_mean") == pytest.approx(100 * nu * 0.1e-3 * (TAU + sampled), rel=5e-3), kind
    g = 100 * nu * 0.1e-9 * 4e-3
    assert mean(truth, "conductance", "V_mean") == pytest.approx(60e-3 * g / (10e-9 + g), rel=1e-2)


def test_neurons_that_differ_have_their_own_renewal_rates(truth):
    """Threshold, C_m (and with it tau_m; mu is a rate of change and stays) and t_ref of every neuron; the sum of the
    rates to 1 % (5 standard errors), each neuron's own by a slope of 1."""
    drawn = [truth[f"{name}_different"].values[0] for name in ("V_T_star", "C_m", "t_ref")]
    expected = np.array(
        [renewal_rate(2.0, t_ref, V_T, C_m / 10e-9, 4001) for V_T, C_m, t_ref in zip(*drawn, strict=True)]
    )
    found = truth["neuron_rate_different"].values[0]
    assert found.mean() == pytest.approx(expected.mean(), rel=1e-2)
    assert expected.std() > 0.2 * expected.mean()
    assert np.polyfit(expected, found, 1)[0] == pytest.approx(1.0, abs=0.04)


def test_the_scale_multiplies_all_jumps_of_a_neuron(truth):
    """<w> = rate q tau scale, neuron by neuron; 1.5 % is 4 standard errors of the traces' starts and ends."""
    scale, rates = truth["adaptation_scale_scaled"].values[0], truth["neuron_rate_scaled"].values[0]
    assert mean(truth, "scaled", "w_mean") == pytest.approx(np.mean(scale * rates) * 10e-12 * 20e-3, rel=1.5e-2)
    assert np.corrcoef(scale, rates)[0, 1] < -0.3


def test_spikes_and_traces_are_recorded(truth):
    times, nodes = spike_times(truth)["source"]
    assert len(times[times > 0]) == pytest.approx(mean(truth, "source") * 1.5 * 100, rel=0.01)
    assert set(nodes) <= set(range(100))
    assert truth["V_trace_source"].values == pytest.approx(20e-3)
    assert "w_trace_source" not in truth
    assert (truth["w_trace_scaled"].values > 0).any()
    assert 0 < mean(truth, "lif") < 200


def recurrent():
    """Excitatory and inhibitory neurons with different numbers of traces in one group."""
    populations = {
        "E": population("gif", 400, 0.0, mu=1.4, **RESET, **SFA),
        "I": population("gif", 100, 0.0, mu=1.2, **RESET),
    }
    links = [
        {"pre": pre, "post": post, "rule": "fixed_indegree", "K": K, "synapse": "exponential", "tau_syn": "3 ms",
         "delay": "1.5 ms", "J": J}
        for pre, K, J in (("E", 40, "0.2 mV"), ("I", 20, "-0.5 mV")) for post in populations
    ]  # fmt: skip
    return spec(populations, 2.0, 1.0, connections=links)


@pytest.mark.slow
def test_the_annealed_network_of_the_same_rates_and_both_backends():
    """Weak synapses: independent inputs change the rates by less than 3 %; backends differ by chance alone."""
    network = recurrent()
    found = simulate(network, "p", backend="cpp_standalone", groups=10)
    rates, own = annealed.matched_rates(found, network.protocols["p"])
    twin = annealed.simulate_annealed(network, "p", rates, source_rates=own, backend="cpp_standalone", groups=10)
    other = simulate(network, "p", backend="numpy", groups=2, seed=7)
    for name in network.populations:
        assert mean(twin, name) == pytest.approx(mean(found, name), rel=3e-2)
        assert mean(other, name) == pytest.approx(mean(found, name), rel=5e-2)


@pytest.mark.slow
@pytest.mark.parametrize("t_ref", ["0 ms", "3 ms"])
def test_jumps_are_kept_through_a_reset_and_lost_in_the_dead_time_alone(t_ref):
    """Driven by jumps alone at 50 Hz and more: losing those in the step of a reset would cost 2.5 % of them at 0.5 ms
    and 0.25 % at 0.05 ms. Five standard errors are 0.6 %."""
    shots = {"K": 100, "nu": "20 Hz", "J": "1.2 mV"}
    network = spec({"E": population("gif", 10_000, 0.0, poisson=[shots], **RESET | {"t_ref": t_ref})}, 2.0, 0.5)
    coarse, fine = (mean(simulate(network, "p", dt=dt, backend="cpp_standalone"), "E") for dt in (5e-4, 5e-5))
    assert fine > 50
    assert coarse == pytest.approx(fine, rel=6e-3)

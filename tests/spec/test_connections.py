"""Connections: rules, synapses, units of J, peaks of PSPs, declared signs."""

from __future__ import annotations

import json
import math
from dataclasses import asdict, replace

import numpy as np
import pytest
from network_parts import network

from popdyn.distributions import Distribution
from popdyn.errors import SpecError
from popdyn.spec import Connection, Synapse, from_dict, load, to_dict
from popdyn.spec.connection import RULES, synapse_count
from popdyn.spec.psp import peak_of_alpha, peak_of_exponential
from popdyn.spec.synapse import SYNAPSES

SIZES = {"E": 100, "I": 40}


def one(**keys: object) -> Connection:
    found = load(network(keys))
    assert from_dict(json.loads(json.dumps(to_dict(found)))) == found
    return found.connections[0]


def weight(**keys: object) -> float:
    return one(**keys).synapse.J


def faults(**keys: object) -> list[tuple[str, str]]:
    with pytest.raises(SpecError) as caught:
        load(network(keys))
    return [(fault.path, str(fault)) for fault in caught.value.faults]


def test_defaults():
    assert one() == Connection("E", "I", "all_to_all", Synapse("delta", 1e-4, delay=1e-3))


@pytest.mark.parametrize(
    ("rule", "keys", "count"),
    [
        ("all_to_all", {}, 4000),
        ("fixed_indegree", {"K": 10}, 400),
        ("fixed_outdegree", {"K": 10}, 1000),
        ("pairwise_bernoulli", {"p": "25 %"}, 1000),
        ("fixed_total_number", {"N": 123}, 123),
        ("fixed_total_number", {"number": 123}, 123),
        ("explicit", {"edges": {"source": [99, 0], "target": [0, 39]}}, 2),
        ("one_to_one", {"pre": "I"}, 40),
        ("all_to_all", {"pre": "I", "autapses": False}, 1560),
    ],
)
def test_rule(rule, keys, count):
    found = one(rule=rule, **keys)
    assert found.rule == rule
    assert synapse_count(found, SIZES) == count
    assert rule in RULES


@pytest.mark.parametrize("keys", [{"K": 9}, {"p": 0.1}, {"N": 5}, {"edges": "a.csv", "weight_unit": "mV", "J": None}])
def test_a_faulty_rule_is_the_only_fault_of_its_keys(keys):
    assert [path for path, _ in faults(rule="fixed_indegre", **keys)] == ["connections[0].rule"]
    assert [path for path, _ in faults(rule="fixed_indegre", k=9)] == ["connections[0].rule", "connections[0].k"]


def test_multapses_and_autapses_are_kept_where_they_mean_something():
    assert one(rule="fixed_indegree", K=9, multapses=False, autapses=False) == replace(
        one(rule="fixed_indegree", K=9), multapses=False
    )
    assert one(pre="I", rule="fixed_indegree", K=9, autapses=False).autapses is False
    assert one(multapses=False).multapses is True
    assert one(pre="I", rule="fixed_indegree", K=40, multapses=False).K == 40
    got = faults(pre="I", rule="fixed_indegree", K=40, multapses=False, autapses=False)
    assert got[0][0] == "connections[0].K"
    assert "at most 39" in got[0][1]


SYNAPSE_KEYS = {
    "delta": {},
    "exponential": {"tau_syn": "5 ms"},
    "alpha": {"tau_syn": "5 ms"},
    "conductance": {"tau_syn": "5 ms", "E_rev": "0 mV", "J": "2 nS"},
    "saturating": {"tau_syn": "100 ms", "alpha": 0.3},
    "tsodyks_markram": {"tau_syn": "3 ms", "U": 0.5, "tau_rec": "800 ms", "tau_fac": "1 s"},
}


@pytest.mark.parametrize("kind", SYNAPSES)
def test_synapse(kind):
    keys = SYNAPSE_KEYS[kind]
    found = asdict(one(synapse=kind, **keys).synapse)
    expected = {"tau_syn": 0.0, "E_rev": 0.0, "alpha": 0.0, "U": 0.0, "tau_rec": 0.0, "tau_fac": 0.0}
    units = {"5 ms": 5e-3, "0 mV": 0.0, "100 ms": 0.1, "3 ms": 3e-3, "800 ms": 0.8, "1 s": 1.0}
    expected |= {key: units.get(value, value) for key, value in keys.items() if key != "J"}
    assert {key: found[key] for key in expected} == expected
    assert found["J"] == (2e-9 if kind == "conductance" else 1e-4)


@pytest.mark.parametrize("kind", SYNAPSES)
def test_a_synapse_takes_no_keys_of_another(kind):
    others = {"tau_syn", "E_rev", "alpha", "U", "tau_rec", "tau_fac"} - set(SYNAPSE_KEYS[kind])
    for key in others:
        value = {"alpha": 0.3, "U": 0.5, "E_rev": "0 mV"}.get(key, "5 ms")
        got = faults(synapse=kind, **SYNAPSE_KEYS[kind], **{key: value})
        assert [path for path, _ in got] == [f"connections[0].{key}"]
        assert "a key of synapse" in got[0][1]


def test_a_current_in_pA_is_its_charge_over_the_capacitance_of_the_target():
    """C_m of I is 100 pF: 40 pA exp(-t/5 ms) carry 0.2 pC, that is 2 mV; an alpha current e times as much."""
    keys = {"J": "40 pA", "tau_syn": "5 ms"}
    assert weight(synapse="exponential", **keys) == pytest.approx(2e-3, rel=1e-12)
    assert weight(synapse="alpha", **keys) == pytest.approx(2e-3 * math.e, rel=1e-12)
    assert weight(synapse="tsodyks_markram", U=0.5, tau_rec="1 s", **keys) == pytest.approx(2e-3, rel=1e-12)
    assert weight(synapse="saturating", alpha=0.5, **keys) == pytest.approx(2e-3, rel=1e-12)
    drawn = one(synapse="exponential", tau_syn="5 ms", J={"normal": ["40 pA", "4 pA"]}).synapse
    assert drawn.weight == Distribution("normal", (pytest.approx(2e-3), pytest.approx(2e-4)))
    assert "a current" in faults(J="40 pA")[0][1]


def simulated_peak(current, tau_m: float, tau_syn: float) -> float:
    """Peak of dV/dt = -V/tau_m + s for unit charge, by the exact convolution on a fine grid."""
    t = np.linspace(0, 30 * max(tau_m, tau_syn), 300_001)
    dt = t[1]
    s = current(t, tau_syn)
    from scipy.signal import lfilter

    decay = math.exp(-dt / tau_m)
    V = lfilter([0.5 * dt * decay, 0.5 * dt], [1.0, -decay], np.concatenate([[0.0], s]))[1:]
    return float(V.max())


@pytest.mark.parametrize("tau_syn", [0.5e-3, 5e-3, 9.999e-3, 10e-3, 10.3e-3, 80e-3])
def test_peak_of_the_psp(tau_syn):
    exponential = simulated_peak(lambda t, tau: np.exp(-t / tau) / tau, 10e-3, tau_syn)
    alpha = simulated_peak(lambda t, tau: t / tau**2 * np.exp(-t / tau), 10e-3, tau_syn)
    assert peak_of_exponential(tau_syn, 10e-3) == pytest.approx(exponential, rel=2e-3)
    assert peak_of_alpha(tau_syn, 10e-3) == pytest.approx(alpha, rel=1e-4)
    found = one(synapse="alpha", tau_syn=f"{tau_syn!r} s", psp_peak="0.15 mV", J=None).synapse
    assert found.J * alpha == pytest.approx(0.15e-3, rel=1e-4)


def test_peak_of_the_psp_in_known_cases():
    """r^(r/(1-r)): potjans and diesmann's 0.15 mV, tau_m 10 ms, tau_syn 0.5 ms, C_m 250 pF is 87.8 pA."""
    charge = 0.15e-3 / peak_of_exponential(0.5e-3, 10e-3)
    assert charge * 250e-12 / 0.5e-3 == pytest.approx(87.8e-12, rel=1e-3)
    assert peak_of_exponential(10e-3, 10e-3) == pytest.approx(1 / math.e, rel=1e-9)
    assert peak_of_alpha(10e-3, 10e-3) == pytest.approx(2 * math.exp(-2), rel=1e-9)
    assert weight(psp_peak="0.15 mV", J=None) == pytest.approx(0.15e-3)


def test_peak_does_not_jump_where_the_formulas_change():
    for peak in (peak_of_exponential, peak_of_alpha):
        near = [peak(10e-3 * (1 + x), 10e-3) for x in np.linspace(-0.02, 0.02, 401)]
        assert np.all(np.diff(near) < 0)
        assert np.abs(np.diff(near, 2)).max() < 1e-2 * np.abs(np.diff(near)).mean()


@pytest.mark.parametrize(
    ("J", "kept"),
    [
        ({"normal": ["-0.4 mV", "0.2 mV"]}, None),
        ({"normal": ["-0.4 mV", "0.2 mV"], "high": "0 mV"}, (-math.inf, 0.0)),
        ({"normal": ["-0.4 mV", "0.1 mV"]}, (-math.inf, 0.0)),
        ({"lognormal": ["-0.4 mV", "0.2 mV"]}, (-math.inf, math.inf)),
        ({"empirical": ["-0.4 mV", "0.1 mV"]}, None),
        ("0.4 mV", None),
    ],
)
def test_declared_inhibitory(J, kept):
    if kept is None:
        path, text = faults(J=J, type="inhibitory")[0]
        assert path == "connections[0].J"
        assert "negative weights, as type says" in text
        assert ("lognormal" in text) == isinstance(J, dict)
    else:
        weight = one(J=J, type="inhibitory").synapse.weight
        assert (weight.low, weight.high) == kept
        assert weight.quantile(1.0) <= 0


def test_a_conductance_declares_its_type_by_its_reversal_potential():
    keys = {"synapse": "conductance", "tau_syn": "5 ms", "J": "1 nS"}
    assert one(type="inhibitory", E_rev="-70 mV", **keys).synapse.E_rev == -0.07
    assert "below V_th" in faults(type="inhibitory", E_rev="0 mV", **keys)[0][1]
    assert "above V_th" in faults(type="excitatory", E_rev="-70 mV", **keys)[0][1]
    assert "above 0" in faults(E_rev="0 mV", **(keys | {"J": "-1 nS"}))[0][1]


def test_delays():
    found = one(delay={"normal": ["1.5 ms", "0.3 ms"]}).synapse
    assert found.delays == Distribution("normal", (1.5e-3, 3e-4), low=0.0)
    assert found.delay == pytest.approx(1.5e-3, rel=1e-6)
    assert "cut it" in faults(delay={"normal": ["1.5 ms", "1 ms"]})[0][1]
    assert one(delay={"lognormal": ["1.5 ms", "1 ms"]}).synapse.delay == 1.5e-3
    assert "above 0 ms" in faults(delay="0 ms")[0][1]


def test_poisson_drive_through_a_synapse():
    source = {"K": 100, "nu": "8 Hz", "J": "50 pA", "synapse": "exponential", "tau_syn": "5 ms"}
    plain = {"K": 100, "nu": "8 Hz", "J": "0.1 mV"}
    drawn = plain | {"J": {"gamma": ["0.1 mV", "0.02 mV"]}}
    found = load(network(poisson=[source, plain, drawn])).populations["E"].poisson
    assert found[0].synapse == Synapse("exponential", pytest.approx(50e-12 * 5e-3 / 200e-12), tau_syn=5e-3)
    assert found[0].J == found[0].synapse.J
    assert found[1].synapse is None
    assert found[2].synapse.weight == Distribution("gamma", (1e-4, 2e-5))
    with pytest.raises(SpecError, match="delta, exponential, alpha, conductance"):
        load(network(poisson=[source | {"synapse": "saturating", "alpha": 0.5}]))


def test_a_million_million_synapses_are_refused_with_the_figure():
    document = network({"pre": "E", "post": "E"}, size=1_000_000)
    with pytest.raises(SpecError, match=r"1e\+12 synapses \(1e\+12 from E to E\)"):
        load(document)


def test_low_rank_is_refused_by_name():
    path, text = faults(rule="low_rank")[0]
    assert path == "connections[0].rule"
    assert "for a later version" in text

"""Distributions in place of values: what they resolve to, their support, relations at their tails, correlations."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest
from network_parts import network

from popdyn.distributions import Distribution
from popdyn.errors import SpecError
from popdyn.neurons import MODELS
from popdyn.quantities import format_quantity
from popdyn.spec import load, to_dict
from popdyn.spec.correlation import correlation_matrix

INF = math.inf


def population(neuron: dict | None = None, **keys: object):
    found = load(network(neuron=neuron, **keys))
    assert load(json.loads(json.dumps(to_dict(found)))) == found
    return found.populations["E"]


def faults(neuron: dict | None = None, folder=None, **keys: object) -> list[str]:
    with pytest.raises(SpecError) as caught:
        load(network(neuron=neuron, **keys), folder=folder)
    return [str(fault) for fault in caught.value.faults]


@pytest.mark.parametrize(
    ("text", "found", "centre"),
    [
        ({"normal": ["-50 mV", "2 mV"]}, Distribution("normal", (-0.05, 0.002)), -0.05),
        ({"lognormal": ["-50 mV", "2 mV"]}, Distribution("lognormal", (-0.05, 0.002)), -0.05),
        ({"gamma": ["-50 mV", "2 mV"]}, Distribution("gamma", (-0.05, 0.002)), -0.05),
        ({"uniform": ["-52 mV", "-48 mV"]}, Distribution("uniform", (-0.052, -0.048)), -0.05),
        (
            {"lorentzian": ["-50 mV", "0.5 mV"], "low": "-55 mV", "high": "-45 mV"},
            Distribution("lorentzian", (-0.05, 0.0005), -0.055, -0.045),
            -0.05,
        ),
        ({"empirical": ["-51 mV", "-49 mV"]}, Distribution("empirical", (-0.051, -0.049)), -0.05),
        ({"empirical": [-49, -51], "unit": "mV"}, Distribution("empirical", (-0.051, -0.049)), -0.05),
        ({"normal": ["-50 mV", "2 mV"], "low": "-54 mV"}, Distribution("normal", (-0.05, 0.002), -0.054), -0.04988952),
    ],
)
def test_family(text, found, centre):
    E = population({"V_th": text})
    assert E.spread == {"V_th": found}
    assert E.neuron.parameters["V_th"] == pytest.approx(centre, rel=1e-6)


def test_every_parameter_and_drive_takes_a_distribution():
    for model in MODELS.values():
        for p in model.parameters:
            value = {"I_e": 5e-12, "t_ref": 1e-3, "a": 4e-9}.get(p.name) or p.default
            value = -65e-3 if isinstance(value, str) else value
            ends = [format_quantity(value * share, p.unit) for share in (0.99, 1.01)]
            table = {
                "model": model.name,
                "E_w": "-70 mV",
                p.name: {"uniform": sorted(ends, key=lambda t: float(t.split()[0]))},
            }
            if model.name != "adex":
                table.pop("E_w")
            assert list(population(table).spread) == [p.name]
    E = population(
        noise={"mu": {"normal": ["1 mV/ms", "0.1 mV/ms"]}, "sigma": {"gamma": ["1 V/sqrt(s)", "0.1 V/sqrt(s)"]}}
    )
    assert set(E.spread) == {"mu", "sigma"}
    assert (E.noise.mu, E.noise.sigma) == (1.0, 1.0)


def test_aliases_and_conventions():
    E = population({"v_thresh": {"normal": ["-50 mV", "1 mV"]}})
    assert E.spread == {"V_th": Distribution("normal", (-0.05, 1e-3))}
    noise = {"convention": "brunel", "mu": {"normal": ["10 mV", "1 mV"]}, "sigma": "5 mV"}
    E = population({"C_m": "200 pF", "g_L": "10 nS"}, noise=noise)
    assert E.spread == {"mu": Distribution("normal", (pytest.approx(0.5), pytest.approx(0.05)))}
    assert E.noise.mu == pytest.approx(0.5)
    assert "give mu in mV/ms" in faults({"g_L": {"gamma": ["10 nS", "1 nS"]}}, noise=noise)[0]


def test_wrong_support():
    """10 nS ± 4 nS: 0.6 % at or below zero; 4 mV: the 99.9 % quantile of V_th lies above V_peak = -40 mV."""
    got = faults({"g_L": {"normal": ["10 nS", "4 nS"]}})[0]
    assert got.startswith("populations.E.neuron.g_L: got a distribution with 0.0062 of its probability elsewhere")
    assert "low = … and high = …, or use lognormal or gamma" in got
    assert population({"g_L": {"normal": ["10 nS", "4 nS"], "low": "1 nS"}}).spread["g_L"].low == 1e-9
    assert population({"g_L": {"lognormal": ["10 nS", "4 nS"]}}).spread["g_L"].low == -INF
    got = faults({"V_th": {"normal": ["-50 mV", "4 mV"]}})[0]
    assert got.startswith("populations.E.neuron.V_th: got V_th = -37.639")
    assert "V_th < V_peak" in got
    assert "cut the distribution" in got
    assert population({"V_th": {"normal": ["-50 mV", "4 mV"], "low": "-60 mV", "high": "-41 mV"}})
    assert "at most" in faults({"tau_w": {"empirical": ["1 ms", "101 s"]}})[0]


def test_a_tail_beyond_the_bounds_is_cut():
    """10 nS ± 2.7 nS: 1.1e-4 below zero is too much; ± 2.6 nS: 6e-5, cut at the bound; ± 1 nS: nothing to cut."""
    assert "elsewhere" in faults({"g_L": {"normal": ["10 nS", "2.7 nS"]}, "C_m": "1 pF"})[0]
    noise = {"sigma": {"normal": ["10 V/sqrt(s)", "1 V/sqrt(s)"]}}
    assert "elsewhere" in faults(noise=noise)[0]
    noise = {"sigma": {"normal": ["1 V/sqrt(s)", "0.26 V/sqrt(s)"]}}
    assert population(noise=noise).spread["sigma"].low == 0.0
    assert population(noise={"sigma": {"normal": ["1 V/sqrt(s)", "0.1 V/sqrt(s)"]}}).spread["sigma"].low == -INF


def test_two_spread_parameters_of_one_relation_meet_at_their_tails():
    low, high = {"normal": ["-56 mV", "1 mV"]}, {"normal": ["-50 mV", "1 mV"]}
    assert "V_reset < V_th" in faults({"model": "lif", "V_reset": low, "V_th": high})[0]
    assert population({"model": "lif", "V_reset": {"normal": ["-58 mV", "1 mV"]}, "V_th": high})


def test_tau_m_is_not_distributed():
    got = faults({"model": "lif", "tau_m": {"normal": ["20 ms", "2 ms"]}})[0]
    assert "distribute g_L" in got
    assert "write the two of them" in faults({"model": "lif", "tau_m": "20 ms", "g_L": {"gamma": ["10 nS", "1 nS"]}})[0]


def test_a_default_that_follows_a_spread_parameter_has_to_be_given():
    spread = {"E_L": {"normal": ["-65 mV", "1 mV"]}}
    assert faults(spread)[0].startswith("populations.E.neuron.E_w: got nothing, while its default E_L is")
    assert population(spread | {"E_w": "-65 mV"})
    assert population(spread | {"a": "0 nS"})


def test_columns_of_a_file(tmp_path):
    (tmp_path / "cells.csv").write_text('id,"V_th",b\n1,-50,30\n2,-49.5,40\n\n3,-51,5e1\n')
    neuron = {"b": {"empirical": "cells.csv", "column": "b", "unit": "pA", "low": "35 pA"}}
    found = load(network(neuron=neuron), folder=tmp_path).populations["E"]
    assert found.spread["b"] == Distribution("empirical", (3e-11, 4e-11, 5e-11), low=3.5e-11)
    assert found.neuron.parameters["b"] == pytest.approx(4.5e-11)
    for change, says in (
        ({"column": "V_TH"}, 'did you mean "V_th"?'),
        ({"column": None}, "got nothing"),
        ({"unit": "mV"}, "A, mA, uA"),
        ({"empirical": "../cells.csv"}, "inside it"),
        ({"empirical": "none.csv"}, "no file"),
    ):
        table = {k: v for k, v in (neuron["b"] | change).items() if v is not None}
        assert says in faults({"b": table}, folder=tmp_path)[0]
    (tmp_path / "cells.csv").write_text("V_th\n-50\n=1+1\n")
    bad = {"V_th": {"empirical": "cells.csv", "column": "V_th", "unit": "mV"}}
    assert "in line 3" in faults(bad, folder=tmp_path)[0]
    assert "the spec is not one itself" in faults(bad)[0]


@pytest.mark.parametrize(
    ("value", "says"),
    [
        ({"normal": ["-50 mV"]}, "[mean, std]"),
        ({"normal": ["-50 mV", "0 mV"]}, "above 0 mV"),
        ({"normal": ["-50 mV", "-1 mV"]}, "above 0 mV"),
        ({"normal": ["-50 mV", "1 mV"], "uniform": ["-50 mV", "-40 mV"]}, "normal and uniform"),
        ({"normal": ["-50 mV", "1 mV"], "lo": "-50 mV"}, "did you mean"),
        ({"normal": ["-50 mV", "1 mV"], "low": "-45 mV", "high": "-55 mV"}, "low < high"),
        ({"normal": ["-50 mV", "1 mV"], "low": "-40 mV"}, "next to nothing left"),
        ({"normals": ["-50 mV", "1 mV"]}, 'did you mean "normal"?'),
        ({"truncated_normal": ["-50 mV", "1 mV"]}, "low = …, high = …"),
        ({"uniform": ["-40 mV", "-50 mV"]}, "exchange them"),
        ({"lognormal": ["0 mV", "1 mV"]}, "a mean that is not zero"),
        ({"empirical": ["-50 mV", "-50 mV"]}, "at least two"),
        ({"empirical": ["-50 mV"]}, "2 to 10000 values"),
        ({"empirical": [-50, "x"], "unit": "mV"}, "numbers"),
        ({"empirical": [-50, True], "unit": "mV"}, "numbers"),
        ({"normal": ["1e300 V", "1 mV"]}, "at most"),
    ],
)
def test_refused(value, says):
    got = faults({"V_th": value})
    assert any(says in fault and fault.startswith("populations.E.neuron.V_th") for fault in got), got


SPREAD = {
    "V_th": {"normal": ["-50 mV", "1 mV"]},
    "b": {"gamma": ["40 pA", "9 pA"]},
    "tau_w": {"gamma": ["0.2 s", "20 ms"]},
}


def pair(first: str, second: str, coefficient: object) -> dict:
    return {"between": [first, second], "coefficient": coefficient}


def test_correlations():
    E = population(SPREAD, correlations=[pair("b", "V_th", 0.3), pair("tau_w", "b", "-20 %")])
    assert E.correlations == (("V_th", "b", 0.3), ("b", "tau_w", -0.2))
    names, matrix = correlation_matrix(E.correlations)
    assert names == ("V_th", "b", "tau_w")
    assert matrix.tolist() == [[1, 0.3, 0], [0.3, 1, -0.2], [0, -0.2, 1]]
    again = population(SPREAD, correlations=[pair("b", "tau_w", -0.2), pair("V_th", "b", 0.3)])
    assert again == E


@pytest.mark.parametrize(
    ("pairs", "says"),
    [
        ([pair("b", "V_th", 0.9), pair("tau_w", "b", 0.9), pair("tau_w", "V_th", -0.9)], "positive definite"),
        ([pair("b", "V_th", 1)], "positive definite"),
        ([pair("b", "V_th", 1.2)], "at most 1"),
        ([pair("b", "a", 0.5)], "parameters given as distributions: V_th, b, tau_w"),
        ([pair("b", "v_th", 0.5)], 'did you mean "V_th"?'),
        ([pair("b", "b", 0.5)], "two different"),
        ([pair("b", "V_th", 0.5), pair("V_th", "b", 0.4)], "more than once"),
        ([{"between": "b", "coefficient": 0.5}], "two names"),
        ([{"between": ["b", "V_th"]}], "got nothing"),
        ([pair("b", "V_th", 0.5) | {"rho": 1}], "unknown key"),
    ],
)
def test_correlations_refused(pairs, says):
    got = faults(SPREAD, correlations=pairs)
    assert any(says in fault and ".correlations" in fault for fault in got), got


def test_the_hash_sees_distributions():
    documents = [
        network(neuron={"V_th": {"normal": ["-50 mV", "1 mV"]}}),
        network(neuron={"V_th": {"normal": ["-50 mV", "1.1 mV"]}}),
        network(neuron={"V_th": {"normal": ["-50 mV", "1 mV"], "low": "-60 mV"}}),
        network(neuron={"V_th": {"gamma": ["-50 mV", "1 mV"]}}),
        network(neuron=SPREAD),
        network(neuron=SPREAD, correlations=[pair("b", "V_th", 0.5)]),
        network(),
        network({"delay": "2 ms"}),
        network({}),
    ]
    assert len({load(document).spec_hash for document in documents}) == len(documents)
    same = load(network(neuron={"V_th": {"normal": ["-0.05 V", "1000 uV"]}}))
    assert same.spec_hash == load(documents[0]).spec_hash


def test_numbers_of_a_distribution_are_plain_floats():
    E = population(SPREAD)
    assert {type(x) for d in E.spread.values() for x in (*d.parameters, d.low, d.high)} == {float}
    assert type(E.neuron.parameters["b"]) is float
    assert not np.isnan(E.neuron.parameters["b"])

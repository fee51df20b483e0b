"""Networks of densities and cohorts: against Brian2, against each kind by itself, finite size, what is refused."""

from dataclasses import replace

import numpy as np
import pytest
from mixed_networks import ADEX, GIF, alone, document

from popdyn.rungs.choose import density_rung
from popdyn.rungs.cohort_density import CohortDensity
from popdyn.rungs.coupled import CoupledDensity
from popdyn.rungs.mixed import MixedDensity
from popdyn.spec import load

TRUTH = {
    "fixed_indegree": {"E": 9.965, "I": 12.556},
    "pairwise_bernoulli": {"E": 9.946, "I": 12.589},
}
"""Rates [Hz] of ten Brian2 networks, standard errors 0.017, 0.012; 0.035, 0.021: tests/verification/mixed_rows.py."""
BOTH = ("rate", "V_mean", "w_mean")
NONE = 1e-20  # of a weight: a spec allows no zero


@pytest.fixture(scope="module")
def rung():
    return density_rung(load(document()))


@pytest.mark.parametrize("rule", TRUTH)
def test_rates_are_those_of_the_spiking_network(rule, rung):
    made = rung if rule == "fixed_indegree" else density_rung(load(document(rule)))
    assert isinstance(made, MixedDensity)
    assert made.rates() == pytest.approx(TRUTH[rule], rel=1.5e-2)
    assert list(made.rates()) == ["I", "E"]


def test_the_working_point_is_where_the_march_stays(rung):
    at = dict(zip(rung.derivation.problem.names, rung.derivation.point.rates, strict=True))
    assert rung.rates() == pytest.approx(at, rel=1e-2)


def test_neither_hears_the_other_at_zero_weight():
    """The cohorts are then those of an inhibitory population by itself, the densities those of an excitatory one."""
    mixed = MixedDensity(load(document(across=NONE, within=NONE)))
    trace = mixed.simulate("short")
    for name, kind in (("E", CoupledDensity), ("I", CohortDensity)):
        own = kind(load(alone(name, within=NONE)), dt=mixed.dt).simulate("short")
        for variable in BOTH:
            found, expected = (x[variable].sel(population=name).values for x in (trace, own))
            assert np.max(np.abs(found - expected)) <= 1e-12 * np.max(np.abs(expected)), (name, variable)


@pytest.mark.parametrize("finite", [False, True])
def test_nor_at_the_same_working_point_with_recurrence(finite):
    """Each kind by itself, at the working point and with the noise of trains that the mixed network derived."""
    mixed = MixedDensity(load(document(across=NONE)), finite=finite)
    trace = mixed.simulate("short", seed=3)
    derived = mixed.derivation
    densities = CoupledDensity(load(alone("E")), finite=finite)
    of_E = [k for k, p in enumerate(derived.problem.projections) if p.pre == p.post == "E"]
    problem = replace(densities.derivation.problem, nodes=derived.problem.nodes)
    point = replace(derived.point, rates=derived.point.rates[:1], squares=derived.point.squares[:1])
    assert problem.projections == tuple(derived.problem.projections[k] for k in of_E)
    densities.derivation = replace(derived, problem=problem, point=point)
    cohorts = CohortDensity(load(alone("I")), dt=mixed.dt, finite=finite, settle=False)
    share = mixed.heard.share[[p.pre == "I" for p in mixed.heard.coupling.projections]]
    cohorts.share, cohorts.moments = share, tuple(x[:1] for x in mixed.heard.moments)
    for name, own in (("E", densities.simulate("short", seed=3)), ("I", cohorts.simulate("short", seed=3))):
        found, expected = (x["rate"].sel(population=name).values for x in (trace, own))
        if finite and name == "I":  # spikes are drawn from another stream
            assert abs(found.mean() / expected.mean() - 1.0) < 0.3
        else:
            assert np.max(np.abs(found - expected)) <= 1e-12 * np.max(np.abs(expected)), name


def test_what_one_kind_does_the_other_hears_after_delay_and_filter():
    """A step of E's drive, and one of I's, move the other after 1 ms of delay: nothing in the first bin, then more."""
    for moved, other, sign in (("E", "I", 1.0), ("I", "E", -1.0)):
        step = {"population": moved, "target": "mu", "kind": "step", "at": "0 ms", "amplitude": "2 mV/ms"}
        protocols = {"p": {"duration": "20 ms", "transient": "200 ms", "stimulus": [step]}}
        protocols["q"] = protocols["p"] | {"stimulus": []}
        rung = MixedDensity(load(document() | {"protocols": protocols}))
        with_step, without = (rung.simulate(name)["rate"].sel(time=slice(0.0, None)).isel(run=0) for name in "pq")
        change = sign * (with_step - without).sel(population=other).values
        assert change[0] == 0.0
        assert 0.0 < change[1] < change[3]
        assert change[3:].max() > 1.0  # [Hz]


def test_finite_size_fluctuates_about_the_same_rates_and_seeds_are_reproducible(rung):
    finite = density_rung(load(document()), finite=True)
    once, again, other = (finite.simulate("short", seed=seed) for seed in (1, 1, 2))
    assert all(np.array_equal(once[k], again[k]) for k in BOTH)
    assert not np.array_equal(once["rate"], other["rate"])
    assert finite.rates() == pytest.approx(rung.rates(), rel=1.5e-2)  # s.e. over 5 s below 0.5 %
    counts = finite.simulate("short", seed=1)["rate"].sel(population="I").values * 250 * 1e-3
    assert np.max(np.abs(counts - np.round(counts))) < 1e-9
    assert once.attrs["mass_error"] < 1e-10


def test_both_kinds_have_responses_and_equations(rung):
    for name in ("E", "I"):
        H = rung.linear_response(np.array([1.0, 200.0]), population=name)
        assert abs(H[1]) < abs(H[0])
    text = rung.equations()
    assert "E: one node" in text
    assert "population I: " in text


def test_conductances_onto_cohorts_beside_currents():
    """The march stays at the working point; where E opens larger conductances of I, it is held down more."""
    spec = document()
    wire = {"synapse": "conductance", "J": "0.2 nS", "E_rev": "0 mV", "tau_syn": "2 ms"}
    spec["connections"] = [c | wire if c["post"] == "I" and c["pre"] == "E" else c for c in spec["connections"]]
    made = density_rung(load(spec))
    at = dict(zip(made.derivation.problem.names, made.derivation.point.rates, strict=True))
    assert made.rates() == pytest.approx(at, rel=1e-2)
    wire["J"] = "0.3 nS"
    spec["connections"] = [c | wire if c["post"] == "I" and c["pre"] == "E" else c for c in spec["connections"]]
    assert density_rung(load(spec)).rates()["E"] < made.rates()["E"]


def test_without_connections_both_kinds_march():
    spec = document() | {"connections": []}
    rates = density_rung(load(spec)).rates()
    assert rates["I"] == pytest.approx(density_rung(load(alone("I") | {"connections": []})).rates()["I"], rel=1e-4)
    assert {ADEX["model"], GIF["model"]} == {"adex", "gif"}

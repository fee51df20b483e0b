"""The density of a network: its limits, what it refuses, what it conserves."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from popdyn.errors import ResourceError, SpecError, UsageError
from popdyn.rungs import coupled_limits
from popdyn.rungs.choose import density_rung, is_coupled
from popdyn.rungs.coupled import CoupledDensity
from popdyn.rungs.density import Density
from popdyn.spec import load
from popdyn.spec.network import Protocol

LIF = {"model": "lif", "t_ref": "2 ms"}
ADEX = {"model": "adex", "t_ref": "2 ms", "tau_w": "60 ms", "b": "40 pA", "a": "4 nS"}
NOISE = {"mu": "0.9 mV/ms", "sigma": "2 mV/sqrt(ms)"}
STEP = Protocol("p", 0.25, 0.25, 0)


def population(neuron, size=1000, **more):
    start = {"V": {"normal": ["-62 mV", "1 mV"]}}
    return {"size": size, "neuron": neuron, "noise": NOISE, "initial": start, **more}


def network(populations, connections=()):
    step = {"population": "E", "target": "mu", "kind": "step", "at": "100 ms", "amplitude": "0.3 mV/ms"}
    protocols = {"step": {"duration": "200 ms", "transient": "1 s", "stimulus": [step]}}
    return load({"schema": 1, "populations": populations, "connections": list(connections), "protocols": protocols})


def wire(pre, post, J, **more):
    rule = {"rule": "fixed_indegree", "K": 100, "delay": "1.5 ms"}
    return {"pre": pre, "post": post, "J": J, **rule, **more}


def balanced(**more):
    wires = [
        wire("E", "E", "0.1 mV", synapse="exponential", tau_syn="2 ms"), wire("E", "I", "0.1 mV"),
        wire("I", "E", "-0.2 mV"), wire("I", "I", "-0.2 mV"),
    ]  # fmt: skip
    return network({"E": population(ADEX, 800, **more), "I": population(LIF, 200)}, wires)


@pytest.mark.parametrize("names", ["EI", "IE"])
def test_a_population_that_hears_no_trains_takes_nothing_back(names):
    """Beside one whose inputs are regular, in either order."""
    wires = [wire("I", "I", "-0.3 mV")]
    strong = population(LIF) | {"noise": {"mu": "3 mV/ms", "sigma": "0.5 mV/sqrt(ms)"}}
    populations = {"E": population(LIF), "I": strong}
    together = CoupledDensity(network({name: populations[name] for name in names}, wires))
    assert sorted(grid.beta > 0.0 for grid in together.derivation.grids) == [False, True]
    alone = CoupledDensity(network({"E": populations["E"]}))
    found = together.simulate(STEP).rate.sel(population="E").values
    assert found == pytest.approx(alone.simulate(STEP).rate.sel(population="E").values, rel=1e-9)


@pytest.mark.parametrize("neuron", [LIF, ADEX], ids=["lif", "adex"])
def test_an_uncoupled_population_is_that_of_the_density_rung(neuron):
    """On the same grid, by the same scheme, to 1e-5, after a step of mu to 2e-4; on grids of their own to 4e-3.

    The step is taken by backward Euler: when the single population goes back to BDF2, dt (R - R_in)/2 of the neurons
    stay in its refractory pool; networks settle theirs.
    """
    alone = network({"E": population(neuron)})
    assert not is_coupled(alone)
    one, many = density_rung(alone), CoupledDensity(alone)
    assert isinstance(one, Density)
    after = slice(-0.05, None)
    own, found = (rung.simulate("step").sel(time=after) for rung in (one, many))
    node = many.derivation.grids[0]
    one.grids["E"], one.scheme = replace(one.grids["E"], operator=node.operator), node.scheme
    same = one.simulate("step").sel(time=after)
    for name in ("rate", "V_mean", "w_mean"):
        scale = float(np.abs(same[name]).max())
        for span, bar in ((slice(None, 0.1), 1e-5), (slice(0.1, None), 2e-4)):
            both = (run[name].sel(time=span).values for run in (found, same))
            np.testing.assert_allclose(*both, atol=bar * scale)
        np.testing.assert_allclose(found[name].values, own[name].values, atol=4e-3 * scale)


def test_nothing_is_lost_in_a_network():
    for finite in (False, True):
        run = CoupledDensity(balanced(), finite=finite).simulate("step", seed=1)
        assert run.attrs["mass_error"] < 1e-9
        assert np.all(np.isfinite(run["rate"].values))
        if not finite:
            assert run["rate"].values.min() > 0.0
            assert run.attrs["positive_steps"] == 0


def test_rates_are_where_a_trajectory_settles():
    density = CoupledDensity(balanced())
    settled = density.simulate(Protocol("p", 0.3, 0.7, 0))["rate"].sel(time=slice(0.0, None)).mean(("run", "time"))
    assert list(density.rates().values()) == pytest.approx(list(settled.values), rel=1e-4)
    at_point = dict(zip(density.network.populations, density.derivation.point.rates, strict=True))
    assert density.rates() == pytest.approx(at_point, rel=0.02)


def test_inhibition_lowers_and_excitation_raises_rates():
    alone = CoupledDensity(network({"E": population(LIF)})).rates()["E"]
    more = CoupledDensity(network({"E": population(LIF)}, [wire("E", "E", "0.05 mV")])).rates()["E"]
    less = CoupledDensity(network({"E": population(LIF)}, [wire("E", "E", "-0.05 mV")])).rates()["E"]
    assert less < 0.99 * alone < alone < 0.99 * more


def test_a_heterogeneous_population_is_the_sum_of_homogeneous_ones():
    """Nodes do not hear each other without connections: their weighted rates are the population's."""
    spread = {**LIF, "V_th": {"normal": ["-50 mV", "1 mV"]}}
    mixed = CoupledDensity(network({"E": population(spread)}))
    nodes = mixed.derivation.problem.nodes
    assert len(nodes) > 1
    assert sum(node.weight for node in nodes) == pytest.approx(1.0)
    run = mixed.simulate(STEP)
    total = 0.0
    for node, (name, weight, rate) in zip(nodes, json.loads(run.attrs["node_rates"]), strict=True):
        one = CoupledDensity(network({"E": population({**LIF, "V_th": f"{node.problem.barrier} V"})}))
        own = float(one.simulate(STEP)["rate"].sel(time=slice(0.0, None)).mean())
        assert (name, weight) == ("E", node.weight)
        assert rate == pytest.approx(own, rel=2e-3)
        total += weight * own
    assert float(run["rate"].sel(time=slice(0.0, None)).mean()) == pytest.approx(total, rel=2e-3)


def test_a_finite_population_has_the_mean_of_the_infinite_one_and_its_seed():
    density, infinite = CoupledDensity(balanced(), finite=True), CoupledDensity(balanced(), closure="hermite2")
    assert density.closure == "hermite2"
    first, again, other = (density.simulate(STEP, seed=s)["rate"].values for s in (1, 1, 2))
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, other)
    smooth = infinite.simulate(STEP)["rate"].values
    late = slice(250, None)
    np.testing.assert_allclose(first[0, late].mean(axis=0), smooth[0, late].mean(axis=0), rtol=0.1)


def test_without_finite_size_seeds_change_nothing():
    density = CoupledDensity(balanced())
    np.testing.assert_array_equal(density.simulate(STEP, seed=1)["rate"], density.simulate(STEP, seed=2)["rate"])


def test_equations_name_every_population_and_projection():
    text = CoupledDensity(balanced()).equations()
    assert text.count("from E") == 2
    assert text.count("from I") == 2
    assert "exponential" in text


def test_a_delay_below_the_step_is_refused():
    short = replace(balanced().connections[0].synapse, delay=2e-5)
    early = replace(balanced(), connections=(replace(balanced().connections[0], synapse=short),))
    with pytest.raises(SpecError, match=r"connections\[0\]\.delay"):
        CoupledDensity(early)


def test_more_memory_than_the_cap_is_refused_with_the_figure(monkeypatch):
    monkeypatch.setattr(coupled_limits, "CAP", 1 << 16)
    with pytest.raises(ResourceError, match="GiB"):
        CoupledDensity(balanced())


@pytest.mark.parametrize(("options", "word"), [({"closure": "none"}, "closure"), ({"dt": 3e-5}, "dt")])
def test_options_are_checked(options, word):
    with pytest.raises(UsageError, match=word):
        CoupledDensity(balanced(), **options)
    with pytest.raises(UsageError, match="protocol"):
        CoupledDensity(network({"E": population(LIF)})).simulate("absent")


def test_a_step_of_mu_is_the_same_drift_for_neurons_of_every_capacitance():
    neuron = {"model": "lif", "t_ref": "2 ms", "C_m": {"normal": ["200 pF", "40 pF"], "low": "100 pF"}}

    def population(mu):
        return {"size": 100, "neuron": neuron, "noise": {"mu": f"{mu} mV/ms", "sigma": "2 mV/sqrt(ms)"}}

    step = {"population": "A", "target": "mu", "kind": "step", "at": "0 ms", "amplitude": "0.4 mV/ms"}
    moved = load({
        "schema": 1, "populations": {"A": population(0.6)},
        "protocols": {"p": {"duration": "0.8 s", "transient": "0.1 s", "stimulus": [step]}},
    })  # fmt: skip
    late = CoupledDensity(moved).simulate("p")["rate"].sel(time=slice(0.6, None)).mean().item()
    there = CoupledDensity(load({"schema": 1, "populations": {"A": population(1.0)}}))
    assert late == pytest.approx(there.rates()["A"], rel=5e-3)

"""Networks of cascade units made by hand: what travels, when it arrives, where they rest, and sweeps of them."""

from __future__ import annotations

import json
from copy import copy, deepcopy
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from popdyn.errors import DomainError, SpecError, UsageError
from popdyn.rungs.cascade import CascadePopulation
from popdyn.rungs.cascade_parameters import starting_values
from popdyn.rungs.coupled import CoupledDensity
from popdyn.rungs.coupled_units import CoupledUnits
from popdyn.rungs.domain import DomainWarning
from popdyn.rungs.model_file import read_any_model, write_model
from popdyn.rungs.modes_nodes import groups_of
from popdyn.rungs.static_gain import GainRow, StaticGain
from popdyn.rungs.unit_sweep import sweep
from popdyn.spec import load
from popdyn.spec.network import Protocol, Stimulus
from popdyn.theory.discretisation import Domain
from popdyn.workflows.rates import rates
from popdyn.workflows.source import Source, derived_rung, open_source

NEURON = {"model": "lif", "t_ref": "2 ms"}
NOISE = {"mu": "0.8 mV/ms", "sigma": "2 mV/sqrt(ms)"}
SYNAPSE = {"rule": "fixed_indegree", "K": 50, "J": "0.1 mV", "delay": "2.5 ms"}
STEP = Stimulus("E", "mu", "step", {"at": 0.1, "until": 0.2, "amplitude": 0.2})
PROTOCOL = Protocol("step", 0.2, 0.2, 0, (STEP,))


def network(**synapse):
    wires = [{"pre": "E", "post": post, **SYNAPSE, **synapse} for post in ("E", "I")]
    population = {"size": 1000, "neuron": NEURON, "noise": NOISE}
    return load({"schema": 1, "populations": {"E": population, "I": population}, "connections": wires})


def unit(name):
    e = np.linspace(-1.0, 3.0, 60)
    rows = [
        GainRow(s, e, 80.0 / (1.0 + np.exp(-(e - 1.0 - 3.0 * s) / 0.3)), -0.06 + 0.0 * e) for s in (0.05, 0.07, 0.09)
    ]
    return CascadePopulation(
        name, 2.5e-10, (), StaticGain(tuple(rows)), starting_values(0), 15.0, 0.07, Domain(0.0, 2.5, 0.05, 0.09)
    )


def units_of(spec, dt=1e-4):
    density = CoupledDensity(spec)
    groups = groups_of(density.derivation)
    return CoupledUnits(density, groups, [unit(n) for n in spec.populations], dt)


@pytest.fixture(scope="module")
def delta():
    return units_of(network())


def test_without_weights_every_population_is_its_unit_alone(delta):
    alone = replace_gains(delta, 0.0)
    found = alone.simulate(replace(PROTOCOL, transient=1.0))["rate"].values[0]
    t = (np.arange(12_000) + 0.5) * 1e-4 - 1.0
    mu = 0.8 + 0.2 * (t >= 0.1)
    for column, population in zip(found.T, alone.units, strict=True):
        drive = mu if population.name == "E" else np.full(t.size, 0.8)
        sigma = np.full(t.size, 0.002 / np.sqrt(1e-3))
        exact = population.integrate(drive, sigma, np.zeros(0), dt=1e-4, steps_per_bin=10).rate
        assert np.max(np.abs(column[1000:] - exact[1000:])) < 1e-9 * exact.max()


def replace_gains(made, factor):
    changed = copy(made)
    changed.nodes = made.nodes._replace(gain_mu=factor * made.nodes.gain_mu, gain_D=factor * made.nodes.gain_D)
    return changed


def test_what_e_fires_arrives_after_the_delay(delta):
    rate = delta.simulate(PROTOCOL)["rate"].values[0]
    before, heard = rate[:300, 1], rate[:, 1]
    assert np.all(np.abs(heard[300:302] - before[-1]) < 1e-6)
    assert heard[305] - before[-1] > 0.1


def test_rest_is_the_fixed_point(delta):
    rate = delta.simulate(Protocol("rest", 0.2, 1.0, 0))["rate"].values[0, -1]
    heard = 50 * 1e-4 * rate[0]
    spread = 2.0 * delta.nodes.gain_D * rate[0] + 4e-3
    for k, population in enumerate(delta.units):
        exact = population.stationary(0.8 + heard, float(np.sqrt(spread[k])))[1].rate
        assert rate[k] == pytest.approx(exact, rel=1e-5)  # of 2048 tabulated drives


def test_second_order_in_the_step():
    spec = network(synapse="exponential", tau_syn="3 ms")
    found = [units_of(spec, dt).simulate(PROTOCOL)["rate"].values[0, 100:] for dt in (5e-4, 2.5e-4, 1.25e-4)]
    errors = [np.max(np.abs(a - b)) for a, b in pairwise(found)]
    assert np.log2(errors[0] / errors[1]) > 1.5


def test_leaving_the_domain_is_flagged_or_refused(delta):
    strong = replace(PROTOCOL, stimuli=(replace(STEP, parameters={**STEP.parameters, "amplitude": 2.5}),))
    with pytest.warns(DomainWarning):
        assert delta.simulate(strong).attrs["outside_domain"] == 1
    with pytest.raises(DomainError):
        delta.simulate(strong, strict=True)


def test_a_sweep_holds_the_networks_one_by_one(delta):
    mu, weight = np.array([[0.0, 0.0], [0.1, -0.1], [0.0, 0.0]]), np.array([1.0, 1.0, 0.5])
    rates, outside = sweep(delta, PROTOCOL, mu, weight, workers=1)
    alone = delta.simulate(PROTOCOL)["rate"].values[0]  # step by step, not in blocks: decision 0021
    np.testing.assert_allclose(rates[0], alone, rtol=1e-12)
    assert np.array_equal(rates, sweep(delta, PROTOCOL, mu, weight, workers=3)[0])
    assert rates[1, -1, 0] > rates[0, -1, 0] > rates[2, -1, 0]
    assert np.all(outside == 0.0)
    with pytest.raises(UsageError, match="mu"):
        sweep(delta, PROTOCOL, mu[:2], weight)


def test_conductances_are_refused_by_name():
    spec = network(synapse="conductance", J="1 nS", tau_syn="3 ms", E_rev="0 mV")
    with pytest.raises(UsageError, match="E connects to E through a conductance"):
        derived_rung(Source(spec), "unit")


def test_a_model_file_gives_the_same_trajectory_and_the_same_bytes(delta, tmp_path):
    write_model(delta, tmp_path / "model.json")
    again = read_any_model(tmp_path / "model.json")
    assert isinstance(again, CoupledUnits)
    assert np.array_equal(again.simulate(PROTOCOL)["rate"], delta.simulate(PROTOCOL)["rate"])
    write_model(again, tmp_path / "again.json")
    assert (tmp_path / "again.json").read_bytes() == (tmp_path / "model.json").read_bytes()
    assert open_source(tmp_path / "model.json").unit.network == delta.network
    along = rates(tmp_path / "model.json", rung="unit", vary="mu=0.8 mV/ms:0.9 mV/ms:2")["populations"]
    rest = delta.rates()
    for name, found in along.items():
        assert found["rate"][0] == pytest.approx(rest[name], rel=1e-12)
        assert found["rate"][1] > rest[name]


def broken(document, *path, value):
    *parents, last = path
    for key in parents:
        document = document[key]
    document[last] = value


FAULTS = {
    "groups[0].C_m": ("groups", 0, "C_m"), "groups[1].domain.mu_low": ("groups", 1, "domain", "mu_low"),
    "groups[1].population": ("groups", 1, "population"), "dt": ("dt",), "settings.closure": ("settings", "closure"),
    "groups[0].fit": ("groups", 0, "fit"), "family": ("family",),
}  # fmt: skip


def test_all_faults_of_a_model_come_at_once(delta):
    document = json.loads(json.dumps(delta.to_dict()))
    for path in FAULTS.values():
        broken(document, *path, value=None)
    with pytest.raises(SpecError) as error:
        CoupledUnits.from_dict(document, "model.json")
    assert {fault.path for fault in error.value.faults} == set(FAULTS)


@pytest.mark.parametrize(
    ("path", "value", "says"),
    [
        (("dt",), 3e-4, "dt: got 0.0003; allowed: 1 ms divided by a whole number"),
        (("groups", 1, "population"), "E", r"groups\[1\].population: got E; allowed: I"),
        (("groups",), [], "groups"),
        (("network", "populations", "E", "size"), 1001, "convert again"),
    ],
)
def test_a_model_of_another_network_is_refused(delta, path, value, says):
    document = json.loads(json.dumps(delta.to_dict()))
    broken(document, *path, value=value)
    with pytest.raises(SpecError, match=says):
        CoupledUnits.from_dict(document)


def test_one_unit_too_few_is_refused(delta):
    document = deepcopy(delta.to_dict())
    del document["groups"][1]
    with pytest.raises(SpecError, match="2: one for every kind of node"):
        CoupledUnits.from_dict(document)

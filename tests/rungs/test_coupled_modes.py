"""Modes of networks against the densities that they are the modes of."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from popdyn.errors import DomainError, NumericsError, SpecError, UsageError
from popdyn.kernels.modes_network import LEAST_RATE, OUTPUTS
from popdyn.kernels.propagators import U_LOW
from popdyn.rungs.coupled import CoupledDensity
from popdyn.rungs.coupled_modes import CoupledModes, derive_coupled_modes
from popdyn.rungs.march import StepDrive
from popdyn.rungs.modes_nodes import groups_of, plan_along
from popdyn.spec import load

STEP = {"population": "E", "target": "mu", "kind": "pulse", "at": "0.1 s", "width": "0.2 s", "amplitude": "0.3 mV/ms"}


def network(**inhibition):
    noise = {"mu": "0.9 mV/ms", "sigma": "2 mV/sqrt(ms)"}
    wires = {"rule": "fixed_indegree", "K": 50, "delay": "1.5 ms", "synapse": "exponential", "tau_syn": "3 ms"}
    neuron = {"model": "lif", "t_ref": "2 ms"}
    return load({
        "schema": 1,
        "populations": {
            "E": {"size": 800, "neuron": {**neuron, "E_L": {"normal": ["-65 mV", "3 mV"]}}, "noise": noise},
            "I": {"size": 200, "neuron": neuron, "noise": noise},
        },
        "connections": [
            {"pre": "E", "post": "I", "J": "0.1 mV", **wires},
            {"pre": "I", "post": "E", "J": "-0.2 mV", **wires, **inhibition},
        ],
        "protocols": {"step": {"duration": "0.5 s", "transient": "0.3 s", "stimulus": [STEP]}},
    })  # fmt: skip


@pytest.fixture(scope="module")
def both():
    density = CoupledDensity(network())
    return density, derive_coupled_modes(density)


def rates(dataset):
    return dataset["rate"].sel(time=slice(0, None)).values[0]


def test_a_network_of_modes_follows_its_densities(both):
    density, modes = both
    exact, found = rates(density.simulate("step")), modes.simulate("step")
    assert found.attrs["outside_domain"] == 0
    error = np.sqrt(np.mean((rates(found) - exact) ** 2, axis=0)) / exact.std(axis=0)
    assert np.all(error < 0.02)
    assert np.max(np.abs(rates(found).mean(axis=0) / exact.mean(axis=0) - 1.0)) < 5e-3


def test_propagators_and_implicit_steps_agree(both):
    modes = both[1]
    implicit = CoupledModes(both[0], modes.groups, modes.choices, modes.match, implicit=True).simulate("step")
    found = modes.simulate("step")
    assert (found.attrs["implicit"], implicit.attrs["implicit"]) == (0, 1)
    error = np.sqrt(np.mean((rates(found) - rates(implicit)) ** 2, axis=0)) / rates(implicit).std(axis=0)
    assert np.all(error < 3e-3)  # the implicit steps' own error: their drive is that of the end of a step
    assert np.max(np.abs(found["V_mean"].values - implicit["V_mean"].values)) < 2e-5


def test_a_network_that_leaves_a_table_takes_implicit_steps(both):
    modes = both[1]
    moved = CoupledModes(both[0], modes.groups, modes.choices, modes.match)
    numbers = modes.steps()[0].table.numbers.copy()
    numbers[U_LOW] += 3.0
    table = modes.steps()[0].table._replace(numbers=numbers)
    moved._steps = [replace(modes.steps()[0], table=table), *modes.steps()[1:]]
    implicit = CoupledModes(both[0], modes.groups, modes.choices, modes.match, implicit=True).simulate("step")
    found = moved.simulate("step")
    assert found.attrs["implicit"] == 1
    assert np.array_equal(rates(found), rates(implicit))


def test_long_run_rates_are_those_of_the_densities(both):
    density, modes = both
    exact = density.rates()
    for name, rate in modes.rates().items():
        bar = 5e-4 if name == "E" else 1e-3  # no noise that I hears matches its rate
        assert rate == pytest.approx(exact[name], rel=bar)
        assert rate == pytest.approx(sum(s * r for n, s, r in modes.node_rates() if n == name), rel=1e-9)
    assert sum(share for name, share, _ in modes.node_rates() if name == "E") == pytest.approx(1.0)
    assert np.array_equal(modes.match[:, 2], [rate for _, _, rate in density.node_rates()])


def test_nodes_that_differ_by_a_drift_share_their_modes(both):
    density, modes = both
    nodes = density.derivation.problem.nodes
    assert len(nodes) > 2
    assert len(modes.choices) == len(groups_of(density.derivation)) == 2


def test_a_model_file_gives_the_same_trajectory(both):
    modes = both[1]
    document = json.loads(json.dumps(modes.to_dict()))
    again = CoupledModes.from_dict(document)
    assert np.allclose(rates(again.simulate("step")), rates(modes.simulate("step")), rtol=1e-9)
    document["groups"] = document["groups"][:1]
    with pytest.raises(SpecError, match="groups"):
        CoupledModes.from_dict(document)


def test_outside_the_domain_is_refused(both):
    modes = both[1]
    protocol = modes.network.protocols["step"]
    louder = {**protocol.stimuli[0].parameters, "amplitude": 1.5}
    beyond = type(protocol)("louder", 0.5, 0.3, 0, (type(protocol.stimuli[0])("E", "mu", "pulse", louder),))
    with pytest.raises(DomainError, match="outside the domain"):
        modes.simulate(beyond, strict=True)


def test_modes_are_judged_on_drives_that_they_were_not_trained_on():
    drive = StepDrive(np.linspace(0.5, 1.0, 3000), np.full(3000, 2e-3), np.zeros(3000, dtype=bool))
    plan = plan_along([drive], 1e-4, 0)
    trained = [d.mu for _, d in plan.training]
    assert np.array_equal(trained[0], drive.mu)
    for _, other in plan.choice + plan.held_out:
        assert min(np.max(np.abs(other.mu - mu)) for mu in trained) > 1e-3
    assert np.max(np.abs(plan.choice[0][1].mu - plan.held_out[0][1].mu)) > 1e-3


def test_modes_are_judged_along_a_later_stretch():
    mu = np.where(np.arange(40_000) < 25_000, 0.5, 1.0)
    plan = plan_along([StepDrive(mu, np.full(mu.size, 2e-3), np.zeros(mu.size, dtype=bool))], 1e-4, 0)
    assert all(0.3 < d.mu.mean() < 0.7 for _, d in plan.training)
    assert all(0.8 < d.mu.mean() < 1.2 for _, d in plan.held_out)


@pytest.mark.parametrize(("population", "refused"), [("E", True), ("I", False)])
def test_each_population_may_undershoot_by_its_own_tolerance(both, population, refused):
    modes = both[1]
    largest = max(choice.largest for choice in modes.choices)
    quiet = modes.nodes.group[modes.nodes.population == "EI".index(population)]
    least = [replace(c, largest=0.1 * largest) if g in quiet else c for g, c in enumerate(modes.choices)]
    changed = CoupledModes(both[0], modes.groups, least, modes.match)
    out = np.ones((2, 5, OUTPUTS))
    out[0, 2, LEAST_RATE] = -0.5 * least[0].tolerance * largest
    if refused:
        with pytest.raises(NumericsError, match=r"populations\.E: .* at t = 0\.000 s"):
            changed._check_rates(out)
    else:
        changed._check_rates(out)


def test_conductances_have_no_modes():
    with pytest.raises(UsageError, match="not with conductances"):
        derive_coupled_modes(CoupledDensity(network(synapse="conductance", E_rev="-80 mV", J="0.2 nS")))

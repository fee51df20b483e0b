"""What is decided about a network before anything runs: groups, objects, steps, keys."""

from dataclasses import replace

import numpy as np
import pytest

from popdyn.distributions import Distribution
from popdyn.ground_truth import job
from popdyn.ground_truth.chunk_edges import weighted
from popdyn.ground_truth.coupled_chunk import CoupledChunk, structure
from popdyn.ground_truth.coupled_drive import Drives
from popdyn.ground_truth.jobs import few_groups
from popdyn.ground_truth.plan import Plan, is_plain
from popdyn.spec import PoissonDrive
from popdyn.spec.network import Connection, Synapse
from popdyn.store import job_key

from .networks import connected, network, population


def cortex(**options):
    """Eight populations of one model and 64 connections: excitatory and inhibitory sources differ in J and delay."""
    names = [f"{kind}{layer}" for layer in range(4) for kind in "EI"]
    members = [population(name, "lif", 100 + 10 * k, V_th=-50e-3 - 1e-4 * k) for k, name in enumerate(names)]
    links = []
    for pre in names:
        J, delay = (0.15e-3, 1.5e-3) if pre[0] == "E" else (-0.6e-3, 0.8e-3)
        synapse = Synapse("exponential", J, tau_syn=0.5e-3, delay=delay, **options)
        links += [Connection(pre, post, "fixed_total_number", synapse, number=500) for post in names]
    return connected(members, links)


def described(spec, **options):
    decided = job(spec, "p", dt=1e-4, backend="cpp_standalone", groups=2, **options)
    drives = Drives(decided)
    return structure(CoupledChunk(drives, 0, drives.poisson), weighted(drives.plan))


def test_few_objects_are_compiled():
    """One group; one Synapses object per delay, or one in all where delays differ among synapses."""
    found = described(cortex())
    assert [group["sizes"] for group in found["groups"]] == [[100 + 10 * k for k in range(8)]]
    assert found["groups"][0]["own"] == ["V_limit", "V_th"]
    assert [(one["variable"], one["weighted"], one["several_delays"]) for one in found["projections"]] == [
        ("current_0", False, False)
    ] * 2
    drawn = described(cortex(weight=Distribution("normal", (1e-4, 1e-5)), delays=Distribution("uniform", (1e-3, 2e-3))))
    assert [(one["weighted"], one["several_delays"]) for one in drawn["projections"]] == [(True, True)]


def test_two_models_and_two_filters():
    members = [population("E", size=20), population("I", "lif", 10), population("F", size=5)]
    links = [
        Connection("E", "I", "all_to_all", Synapse("exponential", 1e-4, tau_syn=5e-3, delay=1e-3)),
        Connection("I", "E", "all_to_all", Synapse("exponential", -1e-4, tau_syn=8e-3, delay=1e-3)),
        Connection("I", "F", "all_to_all", Synapse("delta", -1e-4, delay=1e-3)),
        Connection("F", "E", "all_to_all", Synapse("exponential", 1e-4, tau_syn=5e-3, delay=1e-3)),
    ]
    plan = Plan(connected(members, links))
    assert [[one.name for one in group.populations] for group in plan.groups] == [["E", "F"], ["I"]]
    found = [(one.pre, one.post, one.variable, one.connections) for one in plan.projections]
    assert found == [
        (0, 1, "current_0", (0,)),
        (1, 0, "current_0", (1,)),
        (1, 0, "arrived", (2,)),
        (0, 0, "current_1", (3,)),
    ]


def test_the_compiled_program_depends_on_no_number_of_a_network():
    """Weights, delays, rates, parameters and seeds come from files."""
    one, two = cortex(), cortex()
    other = [replace(link, synapse=replace(link.synapse, J=2 * link.synapse.J)) for link in two.connections]
    assert described(one) == described(replace(two, connections=tuple(other)), seed=5)


def test_keys_see_what_changes_a_network():
    def key(spec, **options):
        return job_key(job(spec, "p", dt=1e-4, backend="numpy", **options).document())

    base = cortex()
    link = base.connections[3]
    changed = [
        replace(link, number=501),
        replace(link, autapses=False),
        replace(link, rule="pairwise_bernoulli", p=0.1),
    ]
    changed += [replace(link, synapse=replace(link.synapse, **one)) for one in ({"J": 1e-4}, {"delay": 2e-3})]
    specs = [replace(base, connections=(*base.connections[:3], one, *base.connections[4:])) for one in changed]
    keys = [key(base), key(base, seed=1), key(base, groups=3), key(base, stratified=True), *map(key, specs)]
    assert len(set(keys)) == len(keys)


def test_every_group_of_a_network_is_a_whole_network():
    decided = job(cortex(), "p", dt=1e-4, backend="cpp_standalone")
    assert (decided.groups, decided.chunks, decided.blocks) == (10, 10, 1)
    assert decided.block_size("I3") == 170
    assert [few_groups(size) for size in (100, 6000, 12_500, 100_000)] == [10, 8, 4, 4]


@pytest.mark.parametrize(("delay", "expected"), [(1.5e-3, 5e-5), (1.52e-3, 2e-5), (1.505e-3, 5e-6)])
def test_the_default_step_divides_the_delays(delay, expected):
    link = Connection("E", "E", "fixed_indegree", Synapse("delta", 1e-4, delay=delay), K=1)
    assert job(connected([population(model="lif")], [link]), "p").dt == pytest.approx(expected)


def test_sources_of_populations_are_aligned():
    """A population without a drive has an idle one in the place of the others'; driven and constant ones are apart."""
    filtered = PoissonDrive(10, 5.0, 1e-4, Synapse("exponential", 1e-4, tau_syn=5e-3))
    members = [
        population("A", poisson=[filtered, filtered]),
        population("B"),
        population("C", poisson=[PoissonDrive(2, 3.0, 1e-4)]),
    ]
    drives = Drives(job(network(*members), "p", dt=1e-4, backend="numpy", groups=1))
    chunk = CoupledChunk(drives, 0, drives.poisson)
    rows = chunk.aligned(drives.plan.groups[0])
    assert [[source.variable for source in row] for row in rows] == [["arrived", "current_0", "current_0"]] * 3
    assert np.allclose(
        [[source.expected for source in row] for row in rows], np.array([[0, 50, 50], [0, 0, 0], [6, 0, 0]]) * 1e-4
    )


def test_plain_networks_take_the_plain_way():
    assert is_plain(network(population(poisson=[PoissonDrive(10, 5.0, 1e-4)])))
    assert not is_plain(cortex())
    assert not is_plain(network(replace(population(), spread={"a": Distribution("uniform", (0.0, 1e-9))})))

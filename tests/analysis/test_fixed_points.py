"""Fixed points of spiking networks: one, three, coloured and quenched ones, and their indices."""

from dataclasses import replace

import numpy as np
import pytest
from analysed_networks import LIF, brunel, network, population

from popdyn.analysis.fixed_points import FixedPoint, FixedPoints, fixed_points
from popdyn.spec.network import Connection, Synapse
from popdyn.theory.network_problem import NetworkNode, network_problem, shifted, white_problem
from popdyn.theory.working_point import working_point

EIF = {"model": "eif", "t_ref": "4 ms"}


def excitatory(neuron, mu, sigma, J):
    wire = Connection("E", "E", "fixed_indegree", Synapse("delta", J, delay=1e-3), K=1000)
    return network({"E": population(5000, neuron, mu, sigma)}, wire)


@pytest.mark.parametrize(
    "case", [excitatory({**LIF, "t_ref": "5 ms"}, 0.5, 1.0, 5e-5), excitatory(EIF, 0.3, 1.0, 5e-5)], ids=["lif", "eif"]
)
def test_bistable_excitation(case):
    """Low, threshold and high state; the outer two are where marching from silence and from above ends."""
    found = fixed_points(case)
    assert found.complete
    assert [p.index for p in found.points] == [1, -1, 1]
    low, middle, high = (float(p.rates[0]) for p in found.points)
    assert low < 1.0 < middle < 10.0 < 100.0 < high < 250.0
    problem = network_problem(case)
    for point in found.points:
        assert working_point(problem, start=point.rates).rates == pytest.approx(point.rates, rel=3e-4)
    assert [float(p.eigenvalues.real.max()) > 1.0 for p in found.points] == [False, True, False]


@pytest.mark.parametrize(("g", "eta", "rate"), [(5.0, 2.0, 37.950), (4.5, 0.9, 6.517)])
def test_brunel_has_one(g, eta, rate):
    """The self-consistent Siegert rates of Brunel's model A."""
    found = fixed_points(brunel(g, eta), starts=6)
    assert found.complete
    assert found.words == "1 fixed point; indices sum to +1, as those of a complete list do"
    assert found.points[0].rates == pytest.approx([rate, rate], rel=1e-4)


def test_colour_of_the_input_is_in_the_map():
    """Thresholds of filtered input are raised: the rate is that of the working point with shifted nodes."""
    source = {"K": 1000, "nu": "6 Hz", "J": "0.1 mV", "synapse": "exponential", "tau_syn": "2 ms"}
    wire = Connection("E", "E", "fixed_indegree", Synapse("exponential", -2e-5, tau_syn=2e-3, delay=1e-3), K=1000)
    case = network({"E": population(5000, mu=0.5, poisson=[source])}, wire)
    found = fixed_points(case, starts=6).points[0].rates
    problem = network_problem(case)
    shift = problem.colour(found)["E"]
    node = replace(problem.nodes[0], problem=shifted(problem.nodes[0].problem, shift))
    raised = replace(problem, nodes=(node,))
    assert working_point(raised, start=found).rates == pytest.approx(found, rel=3e-4)
    assert working_point(problem).rates[0] > 1.03 * found[0]


def test_quenched_input_makes_mean_squares_unknowns():
    """Three nodes of the Gaussian of a Bernoulli network's input: the state of working_point, DF twice as large."""
    wire = Connection("I", "I", "pairwise_bernoulli", Synapse("delta", -2e-4), p=0.1)
    case = network({"I": population(2000, mu=1.1, sigma=1.0)}, wire)
    white = white_problem(case.populations["I"])
    nodes = tuple(NetworkNode("I", w, white, z=z) for w, z in ((1 / 6, -np.sqrt(3)), (2 / 3, 0.0), (1 / 6, np.sqrt(3))))
    problem = network_problem(case, {"I": nodes})
    found = fixed_points(problem, starts=4)
    assert found.complete
    assert found.points[0].eigenvalues.size == 2
    assert found.points[0].rates == pytest.approx(working_point(problem).rates, rel=3e-4)


def test_words_of_an_incomplete_list():
    point = FixedPoint(np.ones(1), np.zeros(1, complex), -1)
    words = FixedPoints(("E",), (point,), False).words
    assert words == "incomplete: 1 fixed point found, whose indices sum to -1 instead of +1"

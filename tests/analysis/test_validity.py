"""Cases that a mean field must flag, and the same networks where it need not."""

import numpy as np
import pytest
from analysed_networks import LIF, linear_brunel, microcircuit, network, population, with_sizes

from popdyn.analysis.fixed_points import FixedPoint, FixedPoints
from popdyn.analysis.operating import linearised
from popdyn.analysis.stability import stability
from popdyn.analysis.validity import _curvature, colours, disorder, finite_size, jumps, many_states, validity
from popdyn.spec.network import Connection, Synapse
from popdyn.theory.network_problem import network_problem


def ostojic(J):
    """Ostojic 2014: 10,000 LIF neurons, 1,000 inputs each, g = 5, constant input 24 mV (here with a little noise)."""
    neuron = {**LIF, "t_ref": "0.5 ms"}
    populations = {name: population(size, neuron, mu=1.2, sigma=0.1) for name, size in (("E", 8000), ("I", 2000))}
    wires = [
        Connection(pre, post, "fixed_indegree", Synapse("delta", weight * J, delay=0.55e-3), K=K)
        for pre, K, weight in (("E", 800, 1.0), ("I", 200, -5.0))
        for post in "EI"
    ]
    return network(populations, *wires)


@pytest.mark.parametrize(("J", "flagged"), [(0.1e-3, False), (0.2e-3, False), (0.6e-3, True), (0.8e-3, True)])
def test_strong_coupling(J, flagged):
    check = disorder(linearised(ostojic(J)))
    assert check.flagged is flagged
    assert check.populations == ("E", "I")
    assert f"radius {check.figure:.2f} (limit 1)" in check.words


def test_radius_is_that_of_the_drawn_matrix():
    """Largest eigenvalue of the random part of the gains of a drawn network of 1,500 neurons, within 6 %."""
    linear = linearised(ostojic(0.3e-3), jumps=False)
    gains = linear.static_gains()[0]
    rng = np.random.default_rng(2)
    n = np.array([1200, 300])
    matrix = np.zeros((1500, 1500))
    for k, start, size in ((0, 0, n[0]), (2, n[0], n[1])):
        p = linear.problem.projections[k]
        K = round(p.K * size / (8000, 2000)[k // 2])
        counts = rng.multinomial(K, np.full(size, 1.0 / size), size=1500)
        matrix[:, start : start + size] = (counts - K / size) * gains[k] / p.K * np.sqrt(p.K / K)
    radius = np.abs(np.linalg.eigvals(matrix)).max()
    assert disorder(linear).figure == pytest.approx(radius, rel=0.06)


def test_a_state_that_is_left():
    linear, modes = linear_brunel(6, 4)
    found = validity(linear, checked=modes)
    leaving = next(c for c in found.findings if c.kind == "stability")
    assert leaving.words.startswith(
        "the stationary state (E 55.78/s, I 55.78/s) is a fixed point that the network leaves"
    )
    assert leaving in found.findings
    assert any(words.startswith("finite size") for words in found.words)


def test_the_asynchronous_state_is_flagged_for_its_size_only():
    linear, modes = linear_brunel(5, 2)
    assert {check.kind for check in validity(linear, checked=modes).findings} == {"finite_size"}


def test_a_large_network_is_not_flagged():
    """1/sqrt(N): the same in-degrees and a hundred times the neurons."""
    linear, modes = linear_brunel(5, 2)
    larger = with_sizes(linear, 100)
    assert finite_size(larger, True)[0].figure == pytest.approx(finite_size(linear, True)[0].figure / 10.0, rel=1e-6)
    assert validity(larger, checked=modes).findings == ()


def test_the_microcircuit_is_small_and_beyond_its_responses():
    """All eight populations are modulated; 0.5 ms of tau_syn is inside the shift of thresholds, up to 71 Hz."""
    linear = linearised(network_problem(microcircuit()))
    found = stability(linear)
    checks = finite_size(linear, found.stable)
    assert {c.populations[0] for c in checks if c.flagged} >= {"L23E", "L23I"}
    assert [c.flagged for c in colours(linear)] == [False] * 8
    assert colours(linear)[0].words.endswith("its responses hold below 71.2 Hz")
    assert max(c.figure for c in jumps(linear)) == pytest.approx(0.0400, rel=0.01)  # 0.6 mV of 15 mV


def test_large_filtered_synapses():
    source = {"K": 50, "nu": "15 Hz", "J": "2 mV", "synapse": "exponential", "tau_syn": "5 ms"}
    found = validity(network({"E": population(100, poisson=[source])}))
    assert {check.kind for check in found.findings} == {"jump", "colour"}
    assert "one spike moves V of E by" in found.words[0]
    V = np.cumsum(np.exp(-np.arange(0, 0.1, 1e-6) / 5e-3) * np.exp(np.arange(0, 0.1, 1e-6) / 20e-3)) * 1e-6
    peak = (np.exp(-np.arange(0, 0.1, 1e-6) / 20e-3) * V).max() * 2e-3 / 5e-3
    jump = next(c for c in found.checks if c.kind == "jump")
    assert jump.figure == pytest.approx(peak / 10e-3, rel=1e-3)


def test_several_states():
    points = tuple(FixedPoint(np.array([r]), np.zeros(1, complex), i) for r, i in ((0.6, 1), (2.9, -1), (158.7, 1)))
    check = many_states(FixedPoints(("E",), points, True))
    assert check.flagged
    assert check.words.startswith("several states: rates() is one of 3 fixed points (0.6; 2.9; 158.7 /s)")


def test_the_curvature_of_the_rate():
    """Deep below threshold the rate is nearly exponential in mu, r r'' = r'^2; far above it saturates by t_ref."""
    below, above = (linearised(network({"E": population(100, mu=mu, sigma=0.8)})) for mu in (0.35, 3.0))
    assert 0.9 < _curvature(below)[0] < 1.0
    assert -1.2 < _curvature(above)[0] < -0.6

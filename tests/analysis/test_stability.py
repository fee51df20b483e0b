"""Modes of networks: against the marched density, the slope of F, and Brunel's diagram."""

from dataclasses import replace

import numpy as np
import pytest
from analysed_networks import LIF, behind_synapses, brunel, inhibitory, linear_brunel, network, population
from scipy.optimize import least_squares

from popdyn.analysis.fixed_points import fixed_points
from popdyn.analysis.operating import linearised
from popdyn.analysis.stability import Mode, Stability, stability
from popdyn.rungs import node_grids
from popdyn.rungs.coupled import CoupledDensity
from popdyn.spec.network import Connection, Synapse
from popdyn.theory.network_problem import network_problem
from popdyn.theory.self_consistent import RateMap


def ring_down(case, regular, dt, first, last, guess):
    """Growth [1/s] and frequency [1/s] of the density's rate between two times, by a damped cosine."""
    trace = CoupledDensity(case, dt=dt, jumps=False, regular=regular).simulate("rest").rate.isel(run=0, population=0)
    kept = trace[(trace.time > first) & (trace.time < last)]
    t, r = kept.time.values - first, kept.values

    def residual(p):
        wave = np.exp(p[0] * t)[:, None] * np.column_stack(
            [np.cos(6.283185307 * p[1] * t), np.sin(6.283185307 * p[1] * t)]
        )
        basis = np.column_stack([wave, np.ones_like(t)])
        return basis @ np.linalg.lstsq(basis, r, rcond=None)[0] - r

    return least_squares(residual, guess, x_scale=[10.0, 1.0]).x


@pytest.mark.parametrize("regular", [False, True])
def test_late_inhibition_rings_down_as_the_root_says(monkeypatch, regular):
    """Near the onset of Brunel and Hakim's oscillation: growth within 0.3/s, frequency within 0.05 %.

    Extrapolated from two steps of the march, with five cells across the layer at the threshold (the rung's own 1.5 cost
    0.6/s of the growth).
    """
    monkeypatch.setattr(node_grids, "PER_LAYER", 5.0)
    case = inhibitory(1e-4, sigma=0.65, duration="300 ms")
    found = stability(linearised(case, jumps=False, regular=regular))
    mode = found.modes[0]
    assert found.stable
    assert found.complete
    coarse, fine = (ring_down(case, regular, dt, 0.1, 0.3, [mode.growth, mode.frequency]) for dt in (5e-5, 2.5e-5))
    growth, frequency = 2.0 * fine - coarse
    assert growth == pytest.approx(mode.growth, abs=0.3)
    assert frequency == pytest.approx(mode.frequency, rel=5e-4)


@pytest.mark.parametrize(
    ("g", "eta", "unstable", "band"), [(5, 2, 0, (100, 160)), (6, 4, 2, (160, 210)), (4.5, 0.9, 2, (15, 35))]
)
def test_brunel_2000(g, eta, unstable, band):
    """Asynchronous, fast and slow oscillation where Brunel's figures 2 and 8 have them."""
    found = linear_brunel(g, eta)[1]
    assert found.unstable == unstable
    assert found.complete
    assert band[0] < found.modes[0].frequency < band[1]
    assert np.abs(found.modes[0].shape) == pytest.approx([1.0, 1.0], rel=1e-6)  # E and I have the same inputs


def test_the_loop_at_frequency_zero_is_the_slope_of_F():
    linear = linearised(brunel(5, 2), jumps=False, regular=False)
    _, slope = RateMap(linear.problem)(linear.point.rates)
    assert linear.gain(0.0)[0].real == pytest.approx(slope, rel=2e-3)


def test_the_loop_at_frequency_zero_has_boundaries_that_move():
    """As the slope of F, whose boundaries are those of every rate: within 0.03 %, 0.4 % with boundaries that stay."""
    case = behind_synapses(1e-4, 9.0)
    linear = linearised(case, jumps=False, regular=False)
    _, slope = RateMap(network_problem(case))(linear.point.rates)
    assert linear.gain(0.0)[0].real == pytest.approx(slope, rel=1e-3)
    still = replace(linear, filtered=linear.filtered._replace(gamma=np.zeros(1)))
    assert abs(still.gain(0.0)[0].real / slope - 1.0) > 3e-3


def test_filtered_noise_rings_down_as_the_root_says():
    case = behind_synapses(4.5e-5, 8.0)
    mode = stability(linearised(case, jumps=False, regular=False)).modes[0]
    assert -60.0 < mode.growth < -5.0
    coarse, fine = (ring_down(case, False, dt, 0.05, 0.15, [mode.growth, mode.frequency]) for dt in (5e-5, 2.5e-5))
    growth, frequency = 2.0 * fine - coarse
    assert growth == pytest.approx(mode.growth, abs=4.0)
    assert frequency == pytest.approx(mode.frequency, rel=5e-3)


def test_densities_that_stand_still_have_the_filters_of_their_synapses():
    """Their march ends at the same state, along another way; without filtered noise there is no difference."""
    found = CoupledDensity(behind_synapses(4.5e-5, 8.0, duration="100 ms"), jumps=False, regular=False)
    moving, still = (density.simulate("rest").rate.values[0, :, 0] for density in (found, found.still()))
    assert np.abs(still[50:] - moving[50:]).max() > 0.1 * moving[50:].std()
    delta = CoupledDensity(inhibitory(1e-4, duration="30 ms"), jumps=False, regular=False)
    np.testing.assert_array_equal(delta.simulate("rest").rate, delta.still().simulate("rest").rate)


def test_the_middle_of_three_states_is_a_saddle():
    """One real root with growth; the outer states have none."""
    wire = Connection("E", "E", "fixed_indegree", Synapse("delta", 5e-5, delay=1e-3), K=1000)
    case = network({"E": population(5000, {**LIF, "t_ref": "5 ms"}, 0.5, 1.0)}, wire)
    points = fixed_points(case).points
    low, middle = (stability(case, rates=p.rates) for p in points[:2])
    assert low.stable
    assert middle.rates == pytest.approx(points[1].rates, rel=0.02)
    assert middle.unstable % 2 == 1
    assert middle.modes[0].frequency == 0.0
    assert middle.modes[0].growth > 10.0


def test_words():
    shape = np.ones(1, complex)
    one = Stability(("E",), np.ones(1), (Mode(-3.0, 12.0, shape),), 0)
    assert one.words == "stable; slowest mode 12 Hz, growth -3/s"
    two = Stability(("E",), np.ones(1), (Mode(3.0, 0.0, shape),), 3)
    assert two.words.startswith("unstable: 3 roots with growth, the first without oscillation, growth +3/s; incomplete")
    assert "undecided" in Stability(("E",), np.ones(1), (), None).words

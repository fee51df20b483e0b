"""Modes of single populations against the density that they are the modes of."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from popdyn.errors import DomainError, NumericsError, SpecError
from popdyn.kernels import modes as kernel
from popdyn.kernels import propagators as march
from popdyn.rungs import modes_table
from popdyn.rungs.density import Density
from popdyn.rungs.domain import DomainWarning
from popdyn.rungs.march import step_drive
from popdyn.rungs.modes import Modes, derive_modes
from popdyn.rungs.modes_choice import first_modes_state, resting_state, run_modes
from popdyn.rungs.modes_measured import check_rate
from popdyn.rungs.modes_steps import begin_steps
from popdyn.spec import load
from popdyn.theory.modes_meaning import ADAPTATION, meaning
from popdyn.theory.problem import W_UNIT
from popdyn.theory.propagators import Axis, propagators, tabulate

TOLERANCE = 0.005
PROTOCOL = {
    "duration": "1.5 s", "transient": "0.3 s", "seed": 3,
    "stimulus": [
        {"population": "E", "target": "mu", "kind": "ou", "std": "0.1 mV/ms", "tau": "20 ms"},
        {"population": "E", "target": "mu", "kind": "pulse", "at": "0.5 s", "width": "0.5 s", "amplitude": "0.4 mV/ms"},
        {"population": "E", "target": "sigma", "kind": "pulse", "at": "0.8 s", "width": "0.4 s",
         "amplitude": "0.6 mV/sqrt(ms)"},
    ],
}  # fmt: skip
NEURONS = {
    "lif": ({"model": "lif", "t_ref": "2 ms"}, {"mu": "0.8 mV/ms", "sigma": "2 mV/sqrt(ms)"}),
    "adex": (
        {"model": "adex", "t_ref": "1 ms", "b": "60 pA", "tau_w": "100 ms", "a": "4 nS"},
        {"mu": "1.6 mV/ms", "sigma": "2 mV/sqrt(ms)"},
    ),
}


@pytest.fixture(scope="module", params=["lif", "adex"])
def both(request):
    neuron, noise = NEURONS[request.param]
    network = load({
        "schema": 1, "populations": {"E": {"size": 1000, "neuron": neuron, "noise": noise}},
        "protocols": {"mixed": PROTOCOL},
    })  # fmt: skip
    first = Density(network)
    d = first.domains["E"]
    wide = replace(d, mu_low=d.mu_low - 0.1, mu_high=d.mu_high + 0.1, sigma_high=1.02 * d.sigma_high)
    wide = replace(wide, sigma_low=0.98 * d.sigma_low)
    density = Density(network, domain={"E": wide})
    return density, derive_modes(density, tolerance=TOLERANCE)


@pytest.fixture(scope="module")
def fine(both):
    """The density's rate in short steps: its mean over the bin of a jump of sigma is off by half a step's share."""
    density = both[0]
    return rate(Density(density.network, domain=density.domains, dt=2e-5).simulate("mixed"))


def rate(dataset):
    return dataset["rate"].sel(time=slice(0, None)).values[0, :, 0]


def test_few_modes_reach_the_tolerance_on_inputs_they_were_not_trained_on(both, fine):
    modes, exact = both[1], fine
    found = modes.simulate("mixed")
    assert modes.choices["E"].reduced.states <= 18
    assert modes.choices["E"].reached
    error = np.sqrt(np.mean((rate(found) - exact) ** 2)) / exact.std()
    assert error <= TOLERANCE
    assert abs(rate(found).mean() / exact.mean() - 1.0) < 1e-3
    assert 0.3 < found.attrs["error_estimate"] / error < 3.0


def test_mean_potential_and_adaptation_follow_the_density(both):
    density, modes = both
    exact, found = (x.simulate("mixed").sel(time=slice(0, None)) for x in both)
    assert np.max(np.abs(found["V_mean"].values - exact["V_mean"].values)) < 0.3e-3
    swing = float(np.ptp(exact["w_mean"].values))
    assert np.max(np.abs(found["w_mean"].values - exact["w_mean"].values)) <= 0.02 * swing
    assert density.network is modes.network


def test_rest_and_linear_response_are_those_of_the_density(both):
    density, modes = both
    assert modes.rates()["E"] == pytest.approx(density.rates()["E"], rel=3e-3)
    frequencies = np.array([0.0, 1.0, 10.0, 40.0, 200.0])
    exact = density.linear_response(frequencies, population="E")
    found = modes.linear_response(frequencies, population="E")
    assert np.max(np.abs(found - exact)) < 0.015 * np.max(np.abs(exact))


def test_linear_response_is_the_answer_to_a_small_step(both):
    _, modes = both
    slope = modes.linear_response(np.zeros(1), population="E")[0]
    mu, sigma = modes.state("E").mu, float(np.sqrt(2.0 * modes.state("E").D))
    move = 1e-4
    up, down = (modes.state("E", mu + m, sigma).rate for m in (move, -move))
    assert (up - down) / (2.0 * move) == pytest.approx(slope.real, rel=1e-5)
    assert abs(slope.imag) < 1e-9 * abs(slope.real)


def test_mass_is_kept_exactly(both):
    choice = both[1].choices["E"]
    state = first_modes_state(choice.reduced.modes, choice.x, choice.W, 1e-4)
    mu = 0.5 * (choice.domain.mu_low + choice.domain.mu_high)
    D = 0.5 * choice.domain.sigma_low**2
    for t in range(5000):
        kernel.advance(choice.reduced.modes, state, mu * (1.0 + 0.1 * np.sin(0.01 * t)), D, 1e-4, t == 0)
    assert state.x[0, 0] + state.scalars[0, kernel.Q] == pytest.approx(1.0, abs=1e-10)


def test_a_model_file_gives_the_same_trajectory_and_refuses_what_was_edited(both):
    modes = both[1]
    document = json.loads(json.dumps(modes.to_dict()))
    again = Modes.from_dict(document)
    assert np.array_equal(rate(again.simulate("mixed")), rate(modes.simulate("mixed")))
    document["populations"]["E"]["R"][3] = "none"
    document["populations"]["E"]["domain"]["mu_low"] = None
    with pytest.raises(SpecError) as caught:
        Modes.from_dict(document)
    assert len(caught.value.faults) == 2


def nrmse(found, exact):
    return float(np.sqrt(np.mean((found - exact) ** 2)) / exact.std())


def test_propagators_are_as_near_to_the_density_as_short_implicit_steps(both, fine):
    modes = both[1]
    choice, steps = modes.choices["E"], modes.steps("E")
    assert steps.dt >= 2e-4
    assert steps.interpolation <= 0.1 * TOLERANCE
    assert steps.error <= 0.5 * TOLERANCE
    drive = step_drive(modes.network.populations["E"], modes.network.protocols["mixed"], 2e-5)
    short = run_modes(choice.reduced, choice.x, choice.W, drive, 2e-5)[300:]
    found = modes.simulate("mixed")
    assert json.loads(found.attrs["steps"]) == {"E": steps.dt}
    assert nrmse(rate(found), short[:, kernel.RATE]) < 0.3 * TOLERANCE
    assert nrmse(rate(found), fine) < nrmse(short[:, kernel.RATE], fine) + 0.1 * TOLERANCE
    V, w = (found[name].sel(time=slice(0, None)).values[0, :, 0] for name in ("V_mean", "w_mean"))
    assert np.max(np.abs(V - short[:, kernel.MEAN_V])) < 1e-5
    if choice.reduced.order > 0:
        assert nrmse(w / W_UNIT, short[:, kernel.MEAN_W]) < 0.3 * TOLERANCE
    implicit = Modes(modes.network, modes.choices, modes.closure, implicit=True).simulate("mixed")
    assert json.loads(implicit.attrs["steps"]) == {"E": 1e-4}
    assert found.attrs["error_estimate"] == pytest.approx(implicit.attrs["error_estimate"], rel=0.1)


def test_a_third_of_the_cell_has_a_ninth_of_the_error(both):
    choice = both[1].choices["E"]
    modes, seen = choice.reduced.modes, choice.reduced.missing[:, :4]
    places = np.random.default_rng(0).uniform((1.3, 0.00231), (1.7, 0.0026), (30, 2))
    s, errors = np.full(len(places), 3.0), []
    exact = propagators(modes, 2e-4, places[:, 0], places[:, 1], s, seen)
    for cells in (4, 12):
        axes = Axis(1.3, 1.7, cells), Axis(0.00231, 0.0026, cells)
        p = tabulate(modes, 2e-4, *axes, (-7.0, 13.0), seen)
        errors.append(max(np.abs(at(p, *place, 3.0) - G).max() for place, G in zip(places, exact, strict=True)))
    assert errors[0] / errors[1] == pytest.approx(9.0, rel=0.5)


def at(p, u, D, s):
    """The table's propagator at a place, by hand."""
    t, columns = p.numbers, int(p.sizes[march.COLUMNS])
    place = (u - t[march.U_LOW]) * t[march.PER_U], (D - t[march.D_LOW]) * t[march.PER_D]
    i, j = (int(x) for x in place)
    rows = int(p.sizes[march.MODES] + p.sizes[march.TOP] + p.sizes[march.SEEN]) + 2
    cell = p.table[j * p.sizes[march.U_CELLS] + i].reshape(-1, p.sizes[march.ROWS])[:, :rows].T
    factors = [1.0, (place[0] - i - 0.5) * t[march.U_WIDTH], 0.0, (place[1] - j - 0.5) * t[march.D_WIDTH]]
    factors += [s - t[march.S_MIDDLE]] if p.sizes[march.WITH_S] else []
    return sum(f * cell[:, k * columns : (k + 1) * columns] for k, f in enumerate(factors))


def test_propagators_rest_where_the_equations_do_and_keep_mass(both):
    modes = both[1]
    choice, table = modes.choices["E"], modes.steps("E").table
    d = choice.domain
    mu, sigma = 0.4 * d.mu_low + 0.6 * d.mu_high, 0.5 * (d.sigma_low + d.sigma_high)
    state = begin_steps(table, choice.reduced.modes, resting_state(choice, 1e-4))
    for _ in range(round(1.5 / table.numbers[march.DT])):
        found = march.advance(table, state, mu, 0.0, 0.5 * sigma**2)
    assert found == pytest.approx(modes.state("E", mu, sigma).rate, rel=2e-3)
    assert state.y[0] + state.scalars[march.Q] == pytest.approx(1.0, abs=1e-12)
    state = begin_steps(table, choice.reduced.modes, first_modes_state(choice.reduced.modes, choice.x, choice.W, 1e-4))
    for t in range(5000):
        march.advance(table, state, mu * (1.0 + 0.1 * np.sin(0.01 * t)), 0.05, 0.5 * sigma**2)
    assert state.y[0] + state.scalars[march.Q] == pytest.approx(1.0, abs=1e-12)


@pytest.mark.parametrize(("size", "served"), [(0.0, True), (1e-3, False)])
def test_a_wrong_table_is_not_taken(both, monkeypatch, size, served):
    def wrong(*arguments):
        p = tabulate(*arguments)
        return p._replace(table=p.table * (1.0 + size))

    monkeypatch.setattr(modes_table, "tabulate", wrong)
    assert (modes_table.steps_of(both[1].choices["E"], 1e-4, modes_table.Care((2,))) is not None) == served


def test_a_run_that_leaves_the_table_takes_implicit_steps(both):
    modes = both[1]
    table = modes.steps("E").table
    numbers = table.numbers.copy()
    numbers[march.U_LOW] += 3.0
    moved = Modes(modes.network, modes.choices, modes.closure)
    moved._steps["E"] = replace(modes.steps("E"), table=table._replace(numbers=numbers))
    implicit = Modes(modes.network, modes.choices, modes.closure, implicit=True).simulate("mixed")
    found = moved.simulate("mixed")
    assert json.loads(found.attrs["steps"]) == {"E": 1e-4}
    assert np.array_equal(rate(found), rate(implicit))


def test_a_dead_time_shorter_than_the_step_shortens_it(both):
    choice = both[1].choices["E"]
    numbers = choice.reduced.modes.numbers.copy()
    numbers[kernel.T_REF] = 0.15e-3
    reduced = replace(choice.reduced, modes=choice.reduced.modes._replace(numbers=numbers))
    found = modes_table.steps_of(replace(choice, reduced=reduced), 1e-4)
    assert found is None or found.dt == pytest.approx(1e-4)


def test_outside_the_domain_is_refused_or_flagged(both):
    modes = both[1]
    louder = replace(modes.network.protocols["mixed"].stimuli[1], parameters={
        **modes.network.protocols["mixed"].stimuli[1].parameters, "amplitude": 2.5,
    })  # fmt: skip
    beyond = replace(modes.network.protocols["mixed"], stimuli=(louder,))
    with pytest.raises(DomainError, match="outside the domain"):
        modes.simulate(beyond, strict=True)
    with pytest.warns(DomainWarning):
        assert modes.simulate(beyond).attrs["outside_domain"] == 1


@pytest.mark.parametrize(("least", "words"), [(-0.6, "-0.6 Hz"), (np.nan, "not finite")])
def test_a_rate_below_zero_by_more_than_the_tolerance_is_an_error(both, least, words):
    choice = replace(both[1].choices["E"], largest=100.0)
    rate, lowest = np.ones(5), np.ones(5)
    lowest[3] = -0.4
    check_rate("E", choice, rate, lowest)
    rate[3] = lowest[3] = least
    with pytest.raises(NumericsError, match=f"{words} at t = 0.003 s"):
        check_rate("E", choice, rate, lowest)


def test_the_text_names_the_modes(both):
    text = both[1].equations()
    assert "x' = (R_0 + u R_1 + D R_2" in text
    assert "of the response, refractoriness" in text or "of the response, input filter" in text
    assert ("adaptation" in text) == (both[1].choices["E"].reduced.order > 0)


def test_a_slow_mode_is_listed_and_the_mass_is_not():
    neuron = {"model": "adex", "b": "5 pA", "tau_w": "3 s", "a": "4 nS"}
    noise = {"mu": "1.6 mV/ms", "sigma": "2 mV/sqrt(ms)"}
    network = load({"schema": 1, "populations": {"E": {"size": 1000, "neuron": neuron, "noise": noise}}})
    modes = derive_modes(Density(network, closure="mean"), modes=8)
    found = meaning(modes.choices["E"].reduced, modes.state("E"))
    slowest = max(found, key=lambda mode: mode.tau)
    assert slowest.follows == ADAPTATION
    assert 0.3 < slowest.tau < 3.0  # its feedback makes it faster than w alone
    assert slowest.share > 0.05


def test_a_rested_population_has_all_its_neurons(both):
    choice = both[1].choices["E"]
    state, modes = resting_state(choice, 1e-4), choice.reduced.modes
    assert state.x[0, 0] + state.scalars[0, kernel.Q] == pytest.approx(1.0, abs=1e-12)
    d, before = choice.domain, state.scalars[0].copy()
    mu, D = 0.5 * (d.mu_low + d.mu_high), 0.125 * (d.sigma_low + d.sigma_high) ** 2
    for t in range(3000):
        rate = kernel.advance(modes, state, mu, D, 1e-4, t == 0)
    assert rate == pytest.approx(both[1].state("E", mu, float(np.sqrt(2.0 * D))).rate, rel=1e-6)
    assert np.max(np.abs(state.scalars[0] - before)) < 1e-6 * np.max(np.abs(before))

"""The face of the density rung: what it refuses, what it records, its drive and its text."""

import numpy as np
import pytest

from popdyn.errors import DomainError, UsageError
from popdyn.rungs.density import Density, drive_range
from popdyn.rungs.march import step_drive
from popdyn.spec import load
from popdyn.theory.problem import density_problem


def spec(stimulus=(), poisson=(), populations=("E",), **neuron):
    one = {
        "size": 100,
        "neuron": {"model": "adex", "t_ref": "2 ms", **neuron},
        "noise": {"mu": "1.5 mV/ms", "sigma": "2 mV/sqrt(ms)"},
        "poisson": list(poisson),
    }
    return load({
        "schema": 1,
        "populations": dict.fromkeys(populations, one),
        "protocols": {"p": {"duration": "400 ms", "transient": "200 ms", "stimulus": list(stimulus)}},
    })  # fmt: skip


def test_dataset_is_labelled_and_carries_its_numerics():
    result = Density(spec(populations=("E", "I"))).simulate("p")
    assert result["rate"].dims == ("run", "time", "population")
    assert result["rate"].shape == (1, 600, 2)
    assert result["rate"].attrs["units"] == "1/s"
    assert result["time"].values[0] == pytest.approx(-0.1995)
    assert result.attrs["closure"] == "cumulant3"
    assert result.attrs["mass_error"] < 1e-11
    assert result.attrs["positive_steps"] == 0
    np.testing.assert_array_equal(result["rate"].sel(population="E"), result["rate"].sel(population="I"))


@pytest.mark.parametrize(("options", "words"), [
    ({"closure": "hermit"}, "hermite1"), ({"dt": 3e-4}, "1 ms divided by"), ({"scheme": "explicit"}, "positive"),
])  # fmt: skip
def test_wrong_options_are_refused_with_what_is_allowed(options, words):
    with pytest.raises(UsageError, match=words):
        Density(spec(), **options)


def test_unknown_protocol_and_target_are_refused():
    density = Density(spec())
    with pytest.raises(UsageError, match="allowed: p"):
        density.simulate("q")
    with pytest.raises(UsageError, match="mu, D"):
        density.linear_response(np.ones(1), population="E", target="sigma")


def test_poisson_input_enters_as_mean_and_variance():
    """K J nu on mu and K J^2 nu on sigma^2: 100 sources of 10 Hz and 0.1 mV add 0.1 mV/ms and 0.01 mV^2/ms."""
    with_it = spec(poisson=[{"K": 100, "nu": "10 Hz", "J": "0.1 mV"}])
    problem = density_problem(with_it.populations["E"])
    assert problem.mu == pytest.approx(1.5 + 0.1, rel=1e-12)
    assert problem.sigma**2 == pytest.approx((4.0 + 0.01) * 1e-3, rel=1e-12)
    steps = step_drive(with_it.populations["E"], with_it.protocols["p"], 1e-4)
    assert steps.mu[5] == pytest.approx(problem.mu, rel=1e-12)
    assert steps.D[5] == pytest.approx(problem.D, rel=1e-12)
    assert Density(with_it).rates()["E"] > Density(spec()).rates()["E"]


def test_jumps_restart_the_multistep_scheme_on_the_right_step():
    at = {"population": "E", "target": "mu", "kind": "step", "at": "100 ms", "amplitude": "1 mV/ms"}
    network = spec(stimulus=[at])
    steps = step_drive(network.populations["E"], network.protocols["p"], 1e-4)
    assert list(np.flatnonzero(steps.restart)) == [0, 3000]
    assert steps.mu[2999] == pytest.approx(1.5)
    assert steps.mu[3000] == pytest.approx(2.5)


def test_a_jump_inside_a_step_counts_by_its_share():
    at = {"population": "E", "target": "mu", "kind": "step", "at": "100.05 ms", "amplitude": "1 mV/ms"}
    network = spec(stimulus=[at])
    steps = step_drive(network.populations["E"], network.protocols["p"], 1e-4)
    assert steps.mu[3000] == pytest.approx(2.0)


def test_range_of_drive_covers_every_protocol():
    pulse = {"population": "E", "target": "sigma", "kind": "pulse", "at": "50 ms", "width": "20 ms",
             "amplitude": "1 mV/sqrt(ms)"}  # fmt: skip
    network = spec(stimulus=[pulse])
    found = drive_range(network, network.populations["E"], density_problem(network.populations["E"]))
    assert found.sigma_high == pytest.approx(3e-3 / np.sqrt(1e-3))
    assert found.mu_low == found.mu_high == pytest.approx(1.5)


def test_noise_that_vanishes_by_chance_is_refused():
    wild = {"population": "E", "target": "sigma", "kind": "ou", "std": "4 mV/sqrt(ms)", "tau": "20 ms"}
    with pytest.raises(DomainError, match="sigma"):
        Density(spec(stimulus=[wild])).simulate("p")


def test_halving_the_cells_moves_the_rate_by_less_than_promised():
    network = spec()
    density = Density(network)
    assert density.grids["E"].error < 5e-4
    finer = Density(network, refine=2.0).rates()["E"]
    assert density.rates()["E"] == pytest.approx(finer, rel=1e-3)


@pytest.mark.parametrize("closure", ["mean", "hermite1", "hermite3", "gaussian", "cumulant3", "cumulant4"])
def test_equations_name_every_symbol_and_value(closure):
    text = Density(spec(), closure=closure).equations()
    for words in ("tau_w = 200 ms", "b = 40 pA", "mu = 1.5 mV/ms", "W: mean w", f"closure `{closure}`"):
        assert words in text


def test_states_exist_over_the_whole_domain_at_low_noise():
    """sigma 0.5 mV/sqrt(ms): on cells chosen by the rate alone the density undershoots in the domain's upper third."""
    pulse = {"target": "mu", "kind": "pulse", "at": "200 ms", "width": "50 ms", "amplitude": "0.5 mV/ms"}
    network = load({
        "schema": 1,
        "populations": {"I": {
            "size": 100, "neuron": {"model": "lif", "tau_m": "10 ms"},
            "noise": {"mu": "1.28 mV/ms", "sigma": "0.506 mV/sqrt(ms)"},
        }},
        "protocols": {"p": {"duration": "500 ms", "stimulus": [pulse]}},
    })  # fmt: skip
    density = Density(network)
    domain = density.domains["I"]
    rates = [density.state("I", mu).rate for mu in np.linspace(domain.mu_low, domain.mu_high, 9)]
    assert np.all(np.diff(rates) > 0)

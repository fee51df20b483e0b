"""Rows: networks at the density rung, against simulations without a time step, published rates, and Brian2.

    pytest -m slow tests/verification/test_networks.py -k brunel_a

Every figure comes at N -> infinity and at finite size, whichever of the two the bar is for.
"""

import network_rows as networks
import numpy as np
import pytest

pytestmark = pytest.mark.slow


def worst(errors):
    return max(abs(error) for error in errors.values())


def mean(errors):
    return float(np.mean(np.abs(list(errors.values()))))


@pytest.mark.parametrize(("case", "bar"), [("5_2", 0.01), ("6_4", 0.03), ("4p5_0p9", 0.03)])
def test_rates_of_brunel_a(case, bar):
    _, errors = networks.in_every_limit("brunel_a", case)
    assert worst(errors["finite"]) <= bar, errors


@pytest.mark.parametrize("case", ["5_2", "6_4", "4p5_0p9"])
def test_frequency_of_brunel_a(case):
    found, _ = networks.in_every_limit("brunel_a", case)
    frequency = {limit: values["frequency"] for limit, values in found.items()}
    truth = networks.truths.truth("brunel_a", case)["frequency"]
    assert frequency["finite"] == pytest.approx(truth.value, rel=0.05), frequency


@pytest.mark.parametrize(("number", "bar"), [(1, 0.02), (2, 0.02), (3, 0.01), (4, 0.01), (5, 0.02)])
def test_rates_of_adex_ei(number, bar):
    """J of the sets: 0.353, 0.207, 0.174, 0.104, 0.404 mV."""
    _, errors = networks.in_every_limit("adex_ei", str(number))
    assert worst(errors["finite"]) <= bar, errors


def test_microcircuit_without_fluctuations():
    _, errors = networks.in_every_limit("microcircuit", "poisson")
    assert mean(errors["infinite"]) <= 0.05, errors


def test_microcircuit_of_finite_size():
    _, errors = networks.in_every_limit("microcircuit", "poisson")
    siegert = networks.siegert_errors()
    assert mean(siegert) == pytest.approx(0.046, abs=2e-3)
    assert mean(errors["finite"]) <= 0.03, errors
    assert worst(errors["finite"]) <= 0.08, errors


def test_cost_of_the_microcircuit():
    """CPU seconds per simulated second, of finite size, whose accuracy the row above shows."""
    found, _ = networks.in_every_limit("microcircuit", "poisson")
    assert found["finite"]["cpu_per_s"] <= 1.5


@pytest.mark.parametrize("case", ["a", "b"])
def test_bursts_of_the_adapting_population(case):
    found, _ = networks.in_every_limit("adaptation_oscillation", case)
    truth, values = networks.truths.truth("adaptation_oscillation", case), found["finite"]
    assert values["period"] * 1e-3 == pytest.approx(truth["period"].value * 1e-3, rel=0.02), found
    assert values["spikes"] == pytest.approx(truth["spikes"].value, rel=0.03), found


def test_the_mean_closure_misses_the_bursts():
    """Near their onset; of case a it has some, too early and half as large."""
    mean_w = networks.measured("adaptation_oscillation", "b", "infinite", closure="mean")
    default = networks.measured("adaptation_oscillation", "b", "infinite")
    assert mean_w["swing"] < 0.2
    assert default["swing"] > 5.0


@pytest.mark.parametrize("population", ["E", "I"])
def test_distribution_of_rates(population):
    """s.d. over the neurons of the logarithm of their rates, under Bernoulli in-degrees."""
    found, errors = networks.in_every_limit("bernoulli_rates", "baseline")
    truth = networks.truths.truth("bernoulli_rates", "baseline")[f"sd_of_log_{population}"]
    assert truth.error <= 0.02 * truth.value
    assert found["finite"]["sd_of_log"][population] == pytest.approx(truth.value, rel=0.05), errors


def test_frequency_of_brunel_hakim():
    truth = networks.truths.truth("brunel_hakim", "baseline")
    assert networks.brunel_hakim()["frequency"] == pytest.approx(truth["frequency"].value, rel=0.03)


def test_spectrum_of_brunel_hakim():
    """Bands of three tenths of an octave from 4 to 300 Hz."""
    found = networks.brunel_hakim()
    assert max(found["own_error_dB"]) <= 0.3
    assert max(np.abs(found["spectrum_dB"])) <= 1.0, dict(zip(found["bands"], found["spectrum_dB"], strict=True))

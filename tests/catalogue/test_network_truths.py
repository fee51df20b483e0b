"""The stored network truths against each other: simulations without a time step, and plain Brian2 as its step shrinks.

The figures are stored, so a row that passes goes on passing; and the measures they were made with, on known signals.
"""

import json
from pathlib import Path

import numpy as np
import pytest
import reference_truths
from reference_measures import block_error, global_frequency, peak, periodograms

ENTRIES = Path(__file__).parents[2] / "reference_sims"


def runs(entry, method, **settings):
    """Values of the runs of a method with these settings, by increasing dt."""
    stored = json.loads((ENTRIES / entry / "truth.json").read_text(encoding="utf-8"))
    chosen = [r for r in stored if r["method"] == method and settings.items() <= r["settings"].items()]
    found = [r["values"] | {"dt": r["settings"].get("dt", 0.0)} for r in chosen]
    return sorted(found, key=lambda run: run["dt"])


def test_brian2_approaches_the_event_driven_network():
    """Delta synapses: the error falls like dt^0.65, slower than dt; 3 standard errors."""
    (exact, *_), (fine, coarse) = runs("brunel_a", "event_driven.py", g=5.0), runs("brunel_a", "plain_brian2.py", g=5.0)
    errors = [run["rate_E"] - exact["rate_E"] for run in (fine, coarse)]
    spread = np.hypot(exact["rate_E_error"], coarse["rate_E_error"])
    assert errors[1] < errors[0] - 0.1 < -3 * spread
    assert errors[0] / exact["rate_E"] > -0.02


def test_the_fast_oscillation_of_brian2_extrapolates_to_that_of_exact_arrivals():
    """A step acts as half a step of delay: linear in dt."""
    exact, (fine, coarse) = runs("brunel_hakim", "exact_arrivals.py")[0], runs("brunel_hakim", "plain_brian2.py")
    for name in ("rate", "frequency"):
        limit = 2 * fine[name] - coarse[name]
        error = np.sqrt(4 * fine[f"{name}_error"] ** 2 + coarse[f"{name}_error"] ** 2 + exact[f"{name}_error"] ** 2)
        assert coarse["dt"] == 2 * fine["dt"]
        assert abs(limit - exact[name]) <= 3 * error
    assert abs(coarse["frequency"] / exact["frequency"] - 1) > 0.03


def test_bursts_of_brian2_extrapolate_to_those_of_exact_arrivals():
    """Input kept at the reset; linear in dt from 0.02 and 0.05 ms. Where it is lost, a burst is shorter still."""
    exact = runs("adaptation_oscillation", "exact_arrivals.py", mu=1.1, size=10_000)[0]
    fine, coarse = runs("adaptation_oscillation", "plain_brian2.py", order="inputs_last")
    (lost,) = runs("adaptation_oscillation", "plain_brian2.py", order="resets_last")
    share = coarse["dt"] / (coarse["dt"] - fine["dt"])
    for name in ("period", "spikes"):
        limit = share * fine[name] + (1 - share) * coarse[name]
        errors = share * fine[f"{name}_error"], (1 - share) * coarse[f"{name}_error"], exact[f"{name}_error"]
        assert abs(limit - exact[name]) <= 3 * np.linalg.norm(errors)
        assert lost[name] < 0.98 * coarse[name] < 0.98 * exact[name]


def test_spectrum_of_a_poisson_train_is_its_rate():
    """500 frequencies of some 400 independent segments: known to 0.3 %."""
    rng, bin = np.random.default_rng(1), 1e-3
    rate = rng.poisson(20.0 * bin, 400_000) / bin
    _, density = periodograms(rate, bin, 1.0)
    assert density[:, 2:].mean() == pytest.approx(rate.mean(), rel=0.01)


def test_frequency_of_a_noisy_resonance():
    """Autoregressive of order 2 at 50 Hz, 6 Hz wide; the estimate is within 3 of its own standard errors."""
    rng, bin, radius = np.random.default_rng(2), 1e-3, 0.98
    x, drive = np.zeros(100_000), rng.standard_normal(100_000)
    for n in range(2, x.size):
        x[n] = 2 * radius * np.cos(2 * np.pi * 50 * bin) * x[n - 1] - radius**2 * x[n - 2] + drive[n]
    frequency, error = global_frequency(x, bin, segment=0.5, low=10.0, high=200.0, width=4.0)
    assert abs(frequency - 50.0) <= 3 * error
    assert error < 1.0


def test_error_of_the_mean_of_white_noise():
    """Twenty blocks know it to 16 %."""
    assert block_error(np.random.default_rng(3).standard_normal(40_000)) == pytest.approx(0.005, rel=0.5)


def test_a_peak_is_the_centre_of_its_upper_half():
    frequency = np.arange(101.0)
    assert peak(frequency, np.maximum(0.0, 10.0 - np.abs(frequency - 40.0)), 0.0, 100.0, 1.0) == pytest.approx(40.0)


def test_draws_that_differ_by_more_than_their_own_errors_are_known_no_better_than_by_their_scatter():
    """Values of three draws of Bernoulli in-degrees (bernoulli_rates); the same within their errors as they are."""
    draws = [(8.34, 0.018), (8.38, 0.021), (9.07, 0.026)]
    value, error = reference_truths._together([reference_truths.Measured(*draw) for draw in draws])
    assert error == pytest.approx(np.std([v for v, _ in draws], ddof=1) / 3**0.5, rel=0.15)
    assert value == pytest.approx(np.mean([v for v, _ in draws]), abs=0.05)
    same = [reference_truths.Measured(8.0 + 0.01 * k, 0.02) for k in (-1, 0, 1)]
    assert reference_truths._together(same) == pytest.approx((8.0, 0.02 / 3**0.5))
    assert reference_truths._together(same[:1]) == pytest.approx(same[0])

"""Measures on synthetic data whose answer is known."""

from __future__ import annotations

import json

import numpy as np
import pytest
from synthetic_truth import BIN, counts, dataset, planted, rate

from popdyn.comparison import compare, worst
from popdyn.comparison.verdict import judge_bias, judge_nrmse
from popdyn.errors import UsageError
from popdyn.results import make_dataset

BINS = 800


def sampled(seed: int, neurons: int = 2000, groups: int = 10):
    return dataset(counts(np.random.default_rng(seed), groups, BINS, neurons), "spiking")


def model(error: float, factor: float = 1.0):
    return dataset(factor * planted(BINS, error)[None], "density")


def test_exact_truth_gives_the_plain_measures_without_interval():
    true = rate(BINS)
    found = compare(dataset(true[None], "density"), model(0.03), tolerance=0.02).populations["E"]
    assert found.nrmse == pytest.approx(0.03, rel=1e-12)
    assert found.bias == pytest.approx(0.0, abs=1e-12)
    assert found.correlation == pytest.approx(np.corrcoef(true, planted(BINS, 0.03))[0, 1], rel=1e-12)
    assert found.nrmse_interval is None
    assert found.bias_interval is None
    assert found.verdict == "fail"
    assert compare(dataset(true[None], "density"), model(0.03), tolerance=0.031).verdict == "pass"


def test_bias_of_an_exact_truth_decides_too():
    truth = dataset(rate(BINS)[None], "density")
    comparison = compare(truth, model(0.0, 1.01), tolerance=0.5, bias_tolerance=0.005)
    assert comparison.populations["E"].bias == pytest.approx(0.01, rel=1e-9)
    assert comparison.verdict == "fail"


def test_noise_is_removed_from_the_error_and_from_the_correlation():
    found = compare(sampled(1, neurons=200), model(0.1)).populations["E"]
    assert found.plain_nrmse > 0.25
    assert found.nrmse == pytest.approx(0.1, abs=0.04)
    assert found.plain_correlation < 0.97
    assert found.correlation == pytest.approx(1 / np.sqrt(1 + 0.01), abs=0.01)
    noise = np.mean(rate(BINS)) / (BIN * 200) / 10
    assert found.ceiling == pytest.approx(np.sqrt(noise) / rate(BINS).std(), rel=0.05)


@pytest.mark.parametrize(
    ("error", "neurons", "verdict"),
    [(0.03, 40_000, "fail"), (0.0, 40_000, "pass"), (0.0, 500, "inconclusive"), (0.02, 40_000, "inconclusive")],
)
def test_planted_errors_get_their_verdict_at_two_percent(error, neurons, verdict):
    """Fixed seeds; how often a verdict is wrong is measured in test_coverage.py."""
    comparison = compare(sampled(4, neurons), model(error), tolerance=0.02)
    assert comparison.verdict == verdict, comparison.populations["E"]


def test_a_bar_below_the_resolution_is_never_passed():
    for seed in range(40):
        found = compare(sampled(seed, 500), model(0.0), tolerance=0.02, replicates=300).populations["E"]
        assert found.resolution > 0.02
        assert found.verdict != "pass"


def test_one_run_of_neurons_is_inconclusive_and_says_why():
    comparison = compare(sampled(1, 40_000, groups=1), model(0.0))
    found = comparison.populations["E"]
    assert (comparison.verdict, found.nrmse, found.plain_nrmse is None) == ("inconclusive", None, False)
    assert "cannot be separated" in found.notes[0]


def test_a_constant_truth_is_judged_by_its_bias():
    noisy = np.random.default_rng(5).poisson(12 * BIN * 40_000, (10, BINS)) / (BIN * 40_000)
    found = compare(dataset(noisy, "spiking"), dataset(np.full((1, BINS), 12.0), "density")).populations["E"]
    assert found.nrmse is None
    assert found.verdict == "pass"
    assert "rests on the bias" in found.notes[0]
    worse = compare(dataset(noisy, "spiking"), dataset(np.full((1, BINS), 12.6), "density")).populations["E"]
    assert worse.verdict == "fail"
    assert worse.bias == pytest.approx(0.05, abs=0.005)


def test_a_model_that_oscillates_about_a_constant_truth_never_passes():
    noisy = np.random.default_rng(5).poisson(12 * BIN * 40_000, (10, BINS)) / (BIN * 40_000)
    beating = 12.0 + 5.0 * np.sin(2 * np.pi * np.arange(BINS) / 20)
    for truth, rung in ((noisy, "spiking"), (np.full((1, BINS), 12.0), "density")):
        found = compare(dataset(truth, rung), dataset(beating[None], "unit")).populations["E"]
        assert found.verdict == "inconclusive"
        assert "never a pass" in found.notes[-1]


def test_the_transient_is_not_scored_and_bins_start_at_zero():
    time = -0.1 + (np.arange(700) + 0.5) * 1e-3
    true = 10 + 5 * np.sin(40 * time)
    wrong = np.where(time < 0, 1000.0, true)
    parts = [make_dataset(time, ["E"], trace[None, :, None], attrs={"bin": 1e-3}) for trace in (true, wrong)]
    assert compare(*parts).populations["E"].nrmse == pytest.approx(0.0, abs=1e-12)


def test_several_populations_have_the_worst_verdict():
    true = np.stack([rate(BINS), rate(BINS) + 5], axis=-1)[None]
    off = np.stack([rate(BINS), planted(BINS, 0.1) + 5], axis=-1)[None]
    comparison = compare(dataset(true, "density", ("E", "I")), dataset(off, "unit", ("E", "I")))
    assert [comparison.populations[name].verdict for name in "EI"] == ["pass", "fail"]
    assert comparison.verdict == "fail"


def test_a_sampled_model_against_a_sampled_truth():
    """Two sampled rungs of equal rates: the corrected error is zero within its interval, though both are noisy."""
    other = dataset(counts(np.random.default_rng(8), 10, BINS, 2000), "annealed")
    found = compare(sampled(7), other).populations["E"]
    assert found.nrmse_interval[0] < 0 < found.nrmse_interval[1]
    assert found.correlation == pytest.approx(1, abs=0.02)


def test_groups_that_differ_throughout_are_noticed():
    generator = np.random.default_rng(2)
    uneven = counts(generator, 10, BINS, 40_000) * (1 + 0.03 * generator.standard_normal((10, 1)))
    found = compare(dataset(uneven, "spiking"), model(0.0), block=1.0).populations["E"]
    assert found.blocks == 1
    assert "differ throughout" in found.notes[0]
    assert compare(sampled(3), model(0.0), block=1.0).populations["E"].blocks == 4


def test_the_same_seed_gives_the_same_json():
    first, second = (json.dumps(compare(sampled(3), model(0.0)).to_dict(), allow_nan=False) for _ in range(2))
    assert first == second


def test_what_does_not_fit_is_refused():
    with pytest.raises(UsageError, match="no I"):
        compare(dataset(np.ones((1, BINS, 2)), "density", ("E", "I")), model(0.0))
    with pytest.raises(UsageError, match="same number, or one"):
        compare(sampled(1), dataset(np.ones((3, BINS)), "annealed"))
    with pytest.raises(UsageError, match="tolerance"):
        compare(sampled(1), model(0.0), tolerance=0.0)
    with pytest.raises(UsageError, match="not finite"):
        compare(sampled(1), dataset(np.full((1, BINS), np.nan), "density"))


def test_what_intervals_say_about_a_bar():
    assert judge_nrmse((-0.03, 0.015), 0.02, 0.01) == "pass"
    assert judge_nrmse((-0.03, 0.015), 0.02, 0.021) == "inconclusive"
    assert judge_nrmse((0.01, 0.03), 0.02, 0.001) == "inconclusive"
    assert judge_nrmse((0.021, 0.03), 0.02, 0.03) == "fail"
    assert judge_bias((-0.01, 0.019), 0.02) == "pass"
    assert judge_bias((-0.021, 0.0), 0.02) == "inconclusive"
    assert judge_bias((-0.03, -0.021), 0.02) == "fail"
    assert worst(["pass", "fail", "inconclusive"]) == "fail"
    assert worst([]) == "inconclusive"

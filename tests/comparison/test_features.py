"""Steps, spectra, responses and stationary rates on data with a known answer."""

from __future__ import annotations

import numpy as np
import pytest
from synthetic_truth import BIN, dataset

from popdyn.comparison import response_error, spectrum_error, stationary_error, step_error
from popdyn.errors import UsageError

TIME = (np.arange(400) + 0.5) * BIN


def answer(peak: float, delay: float, steady: float) -> np.ndarray:
    """Rate 10 1/s, from 1 s on: an alpha-shaped peak over a new steady value."""
    t = np.maximum(TIME - 1.0, 0)
    return 10 + (steady - 10) * (t > 0) + (peak - steady) * (t / delay) * np.exp(1 - t / delay)


def test_step_measures_of_exact_traces():
    found = step_error(
        dataset(answer(30, 0.04, 15)[None], "density"), dataset(answer(33, 0.05, 15.3)[None], "unit"),
        population="E", onset=1.0, until=2.0,
    )  # fmt: skip
    assert found.peak.error == pytest.approx(0.1, abs=0.002)
    assert found.time_to_peak.error == pytest.approx(0.01, abs=5e-4)
    assert found.time_to_peak.truth == pytest.approx(0.04, abs=5e-4)
    assert found.steady.error == pytest.approx(0.02, abs=1e-4)
    assert found.peak.standard_error is None


def test_a_trough_is_found_as_one():
    down = dataset(answer(2, 0.04, 8)[None], "density")
    assert step_error(down, down, population="E", onset=1.0, until=2.0).peak.truth == pytest.approx(2, abs=0.05)


def test_noise_does_not_pick_the_peak():
    """A flat answer after the step: the largest of 200 noisy bins would be 2.7 s.d. of the mean (+9 %) too high."""
    generator = np.random.default_rng(0)
    truth = np.where(TIME > 1, 20.0, 10.0) + 2 * generator.standard_normal((10, len(TIME)))
    model = dataset(np.where(TIME > 1, 20.0, 10.0)[None], "density")
    found = step_error(dataset(truth, "spiking"), model, population="E", onset=1.0, until=2.0)
    assert abs(found.peak.truth - 20) < 4 * found.peak.standard_error
    assert found.peak.truth < np.max(truth.mean(axis=0)[TIME > 1])


def test_a_step_outside_the_result_is_refused():
    trace = dataset(answer(30, 0.04, 15)[None], "density")
    with pytest.raises(UsageError, match="5 bins"):
        step_error(trace, trace, population="E", onset=1.99, until=2.0)


def test_octaves_of_a_spectrum():
    frequency = np.arange(1.0, 65.0)
    truth = 1 / (1 + (frequency / 20) ** 2)
    bands = spectrum_error(frequency, truth, np.where(frequency < 8, 1.0, 1.1) * truth, duration=100.0)
    assert [band.low for band in bands] == [1, 2, 4, 8, 16, 32]
    assert bands[0].relative == pytest.approx(0, abs=1e-12)
    assert bands[4].relative == pytest.approx(0.1)
    assert bands[4].rms_dB == pytest.approx(10 * np.log10(1.1))
    assert bands[4].standard_error == pytest.approx(1 / np.sqrt(100 * 16))


def test_standard_error_of_a_band_is_that_of_periodograms():
    """White noise, 100 s, 400 times: the spread of the mean periodogram over 50-100 Hz is 1/sqrt(T df)."""
    generator = np.random.default_rng(1)
    frequency = np.arange(50, 100, 0.01)
    power = generator.exponential(size=(400, len(frequency)))
    band = [spectrum_error(frequency, np.ones(len(frequency)), row, duration=100.0)[0] for row in power]
    assert np.std([b.relative for b in band]) == pytest.approx(band[0].standard_error, rel=0.1)


def test_response_is_relative_to_its_largest_value():
    frequency = np.linspace(0, 100, 201)
    truth = 1j * frequency / 20 / (1 + 1j * frequency / 20) ** 2
    found = response_error(frequency, truth, truth + 0.05 * 1j * (frequency == 60), band=(1, 80))
    assert found.relative == pytest.approx(0.05 / 0.5, rel=1e-3)
    assert found.frequency == 60


def test_stationary_errors_leave_out_silent_drives():
    found = stationary_error([0.0, 1.0, 10.0], [0.5, 1.02, 9.9])
    assert np.isnan(found.relative[0])
    assert (found.largest, found.median) == (pytest.approx(0.02), pytest.approx(0.015))
    with pytest.raises(UsageError):
        stationary_error([0.0], [1.0])

"""Traces of a report from results."""

from __future__ import annotations

import numpy as np
import pytest

from popdyn.report import trace_part
from popdyn.results import make_dataset


def result(rung, runs, bins=40, start=-0.01):
    time = start + (np.arange(bins) + 0.5) * 1e-3
    rate = np.stack([time + run for run in range(runs)])[:, :, None]
    return make_dataset(time, ["E"], rate, attrs={"rung": rung, "bin": 1e-3})


def test_bins_start_at_zero_and_the_truth_has_its_standard_error():
    part = trace_part("p", {"density": result("density", 1)}, result("spiking", 10), bin=5e-3)
    assert part["time"] == pytest.approx((np.arange(6) + 0.5) * 5e-3)
    truth = part["populations"]["E"]["truth"]
    assert truth["rung"] == "spiking"
    assert truth["rate"] == pytest.approx(part["time"] + 4.5)
    assert truth["standard_error"] == pytest.approx(np.std(np.arange(10), ddof=1) / np.sqrt(10))
    assert part["populations"]["E"]["models"]["density"] == pytest.approx(part["time"])


def test_without_truth_and_with_results_of_unequal_length():
    part = trace_part("p", {"density": result("density", 1), "unit": result("unit", 1, bins=30)}, bin=5e-3)
    assert len(part["time"]) == 4
    assert "truth" not in part["populations"]["E"]
    assert len(part["populations"]["E"]["models"]["density"]) == 4

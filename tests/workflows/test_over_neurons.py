"""Rates over neurons from spike counts: what counting adds is taken out, what cannot be told is not said."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr

from popdyn.results import make_dataset
from popdyn.spec import Protocol, Stimulus
from popdyn.workflows.annealed import inputs_of
from popdyn.workflows.over_neurons import (
    counted_quantiles,
    counted_sd_log_rate,
    explained_sd_log_rate,
    nodes_of,
    sd_log_rate,
)

SPREAD, RATE = 0.5, 8.0


def counted(duration: float, neurons: int = 40_000) -> xr.Dataset:
    """Poisson counts of neurons with lognormal rates; half of the log rate's variance goes with a drawn parameter."""
    generator = np.random.default_rng(1)
    z, rest = generator.standard_normal((2, 2, neurons))
    rate = RATE * np.exp(SPREAD * (z + rest) / np.sqrt(2))
    found = generator.poisson(rate * duration) / duration
    dims = ("run", "neuron_E")
    return xr.Dataset({"neuron_rate_E": (dims, found), "neuron_cv_E": (dims, np.ones_like(rate)), "V_th_E": (dims, z)})


def test_long_counts_give_the_spread():
    truth = counted(10.0)
    assert counted_sd_log_rate(truth, "E", 10.0) == pytest.approx(SPREAD, rel=0.03)
    shares = np.array([0.16, 0.5, 0.84])
    want = RATE * np.exp(SPREAD * np.array([-0.994, 0.0, 0.994]))
    np.testing.assert_allclose(counted_quantiles(truth, "E", 10.0, shares), want, rtol=0.04)


def test_short_counts_hide_it():
    assert counted_sd_log_rate(counted(0.2), "E", 0.2) is None


@pytest.mark.parametrize("duration", [0.2, 10.0])
def test_drawn_parameters_explain_their_part_however_short(duration):
    found = explained_sd_log_rate(counted(duration), "E", ["V_th"])
    assert found == pytest.approx(SPREAD / np.sqrt(2), rel=0.05)
    assert explained_sd_log_rate(counted(duration), "E", []) is None


def test_nodes():
    nodes = nodes_of([("E", 0.5, 8.0), ("I", 1.0, 3.0), ("E", 0.5, 12.0)])
    assert nodes == {"E": [(0.5, 8.0), (0.5, 12.0)], "I": [(1.0, 3.0)]}
    assert sd_log_rate(nodes["E"]) == pytest.approx(np.sqrt(np.log1p(0.04)))
    assert sd_log_rate(nodes["I"]) == 0.0
    assert sd_log_rate([(1.0, 0.0)]) == 0.0


def test_annealed_inputs_follow_the_truth_without_its_counting():
    protocol = Protocol("p", 10.0, 0.0, 0, (Stimulus("E", "mu", "step", {}),))
    time = (np.arange(10_000) + 0.5) * 1e-3
    rate = RATE + np.sin(time)[None, :, None] + np.array([-1.0, 1.0])[:, None, None]
    truth = make_dataset(time, ["E"], rate, attrs={"bin": 1e-3}).assign(counted(10.0).data_vars)
    rates, sources = inputs_of(truth, protocol)
    times, values = rates["E"]
    np.testing.assert_allclose(values, RATE + np.sin(times), atol=1e-4)
    assert len(times) == 2000
    own, seen = sources["E"], truth["neuron_rate_E"].values
    assert own.shape == seen.shape
    assert own.mean() == pytest.approx(seen.mean(), rel=1e-3)
    assert own.var() == pytest.approx(seen.var() - seen.mean() / 10.0, rel=0.02)

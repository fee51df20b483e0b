"""The result type: shapes, rebinning about t = 0."""

import numpy as np
import pytest

from popdyn.errors import UsageError
from popdyn.results import make_dataset, rebin


def ramp(start=-0.0105, bins=40):
    time = start + 1e-3 * np.arange(bins)
    rate = np.broadcast_to(time[None, :, None], (2, bins, 1))
    attrs = {"bin": 1e-3, "rung": "toy", "nested": {"b": 1, "a": None}}
    return make_dataset(time, ["E"], rate, V_mean=rate * 2, attrs=attrs)


def test_units_and_structures_are_kept():
    dataset = ramp()
    assert dataset["rate"].dims == ("run", "time", "population")
    assert dataset["rate"].attrs["units"] == "1/s"
    assert dataset["V_mean"].attrs["units"] == "V"
    assert dataset.attrs["nested"] == '{"a": null, "b": 1}'


def test_rebin_puts_edges_at_multiples_of_the_bin_from_zero_and_averages():
    wide = rebin(ramp(), 5e-3)
    edges = wide["time"].values - 2.5e-3
    assert np.allclose(edges / 5e-3, np.round(edges / 5e-3), atol=1e-9)
    assert edges[0] == pytest.approx(-0.01)
    assert len(edges) == 7
    assert np.allclose(wide["rate"].values[0, :, 0], wide["time"].values)
    assert wide.attrs["bin"] == 5e-3


def test_rebin_drops_incomplete_bins_at_both_ends():
    wide = rebin(ramp(start=-0.0115, bins=22), 5e-3)
    assert np.allclose(wide["time"].values, [-0.0075, -0.0025, 0.0025, 0.0075])


def test_rebin_to_the_own_bin_changes_nothing():
    dataset = ramp()
    assert rebin(dataset, 1e-3)["rate"].equals(dataset["rate"])


@pytest.mark.parametrize("bin", [1.5e-3, 0.5e-3, 1.0])
def test_rebin_refuses_what_does_not_fit(bin):
    with pytest.raises(UsageError):
        rebin(ramp(), bin)


def test_a_wrong_shape_is_refused_with_the_shape():
    with pytest.raises(UsageError, match=r"\(2, 3\)"):
        make_dataset(np.arange(3.0), ["E"], np.zeros((2, 3)))

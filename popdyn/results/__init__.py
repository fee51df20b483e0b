"""The result type: an xarray.Dataset of population traces, and its file."""

from popdyn.results.dataset import make_dataset, rebin, spike_times, with_spikes
from popdyn.results.files import open_dataset, save

__all__ = ["make_dataset", "open_dataset", "rebin", "save", "spike_times", "with_spikes"]

"""Outputs of the network kernel, one row a step, on 1 ms bins."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from popdyn.kernels import network as kernel
from popdyn.results import make_dataset
from popdyn.rungs.bins import BIN
from popdyn.theory.problem import W_UNIT

Array = NDArray[np.float64]


@dataclass(frozen=True)
class NetworkTraces:
    """time (bin,) [s]; rate [1/s], V_mean [V], w_mean [A] as (1, bin, population)."""

    time: Array
    rate: Array
    V_mean: Array
    w_mean: Array

    def dataset(self, populations: Iterable[str], attrs: Mapping[str, object], began: float) -> xr.Dataset:
        """The result of a run that began at this CPU time [s] of the process."""
        dataset = make_dataset(self.time, list(populations), self.rate, self.V_mean, self.w_mean, attrs)
        dataset.encoding["cpu_s"] = time.process_time() - began
        return dataset


def on_bins(out: Array, dt: float, transient: float, *, counted: bool) -> NetworkTraces:
    """Bins of out (population, step, OUTPUTS); `counted` rates are averages over their step, others are at its end."""
    per_bin = round(BIN / dt)
    rate, bins = out[:, :, kernel.RATE], out.shape[1] // per_bin
    out, rate = out[:, : bins * per_bin], rate[:, : bins * per_bin]
    before = np.concatenate([rate[:, :1], rate[:, :-1]], axis=1)
    steps = rate if counted else 0.5 * (rate + before)
    binned = steps.reshape(out.shape[0], bins, per_bin).mean(axis=2)
    ends, centre = dt * np.arange(1, out.shape[1] + 1), (np.arange(bins) + 0.5) * BIN
    at_centre = [np.stack([np.interp(centre, ends, row[:, k]) for row in out]) for k in (kernel.V_MEAN, kernel.W_MEAN)]
    V_mean, w_mean = (x.T[None] for x in at_centre)
    return NetworkTraces(centre - transient, binned.T[None], V_mean, w_mean * W_UNIT)

"""What the network simulations of this catalogue measure on a population's activity, and how they keep it.

Used by the `plain_brian2.py` and `event_driven.py` of the network entries; nothing of the library is used.
"""

from __future__ import annotations

import json
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np


def block_error(values: np.ndarray, blocks: int = 20) -> float:
    """Standard error of the mean of a correlated trace, from disjoint blocks of it."""
    means = np.array([part.mean() for part in np.array_split(values, blocks)])
    return float(means.std(ddof=1) / blocks**0.5)


def periodograms(rate: np.ndarray, bin: float, segment: float) -> tuple[np.ndarray, np.ndarray]:
    """(frequency [Hz], two-sided density [1/s] of each Hann segment, half overlapping) of a rate [1/s].

    A Poisson train of rate r has the density r at every frequency; a population of N such neurons r / N.
    """
    n = round(segment / bin)
    window = np.hanning(n + 1)[:-1]
    starts = range(0, rate.size - n + 1, n // 2)
    parts = np.array([(rate[s : s + n] - rate.mean()) * window for s in starts])
    density = np.abs(np.fft.rfft(parts, axis=1)) ** 2 * bin / (window**2).sum()
    return np.fft.rfftfreq(n, bin), density


def peak(frequency: np.ndarray, density: np.ndarray, low: float, high: float, width: float) -> float:
    """Centre of mass [Hz] of the peak above half its height, of the density smoothed by a box of `width` [Hz]."""
    box = np.ones(max(1, round(width / (frequency[1] - frequency[0]))))
    smooth, frequency = (np.convolve(values, box / box.size, mode="valid") for values in (density, frequency))
    inside = (frequency >= low) & (frequency <= high)
    top = int(np.argmax(np.where(inside, smooth, -np.inf)))
    first = last = top
    while first > 0 and smooth[first - 1] >= smooth[top] / 2:
        first -= 1
    while last < smooth.size - 1 and smooth[last + 1] >= smooth[top] / 2:
        last += 1
    weight = smooth[first : last + 1]
    return float((frequency[first : last + 1] * weight).sum() / weight.sum())


def global_frequency(
    rate: np.ndarray, bin: float, *, segment: float, low: float, high: float, width: float
) -> tuple[float, float]:
    """The peak [Hz] of the spectrum of a rate and its standard error by the jackknife over tenths of the trace."""
    frequency, density = periodograms(rate, bin, segment)
    parts = np.array_split(np.arange(len(density)), 10)
    total = peak(frequency, density.mean(axis=0), low, high, width)
    left_out = np.array(
        [peak(frequency, np.delete(density, part, axis=0).mean(axis=0), low, high, width) for part in parts]
    )
    n = len(parts)
    return total, float(((n - 1) / n * ((left_out - left_out.mean()) ** 2).sum()) ** 0.5)


def keep(path: Path, run: dict[str, Any]) -> None:
    """Adds a run to the JSON list of runs of an entry, in the place of one of the same command and settings."""
    runs = json.loads(path.read_text(encoding="utf-8")) if path.exists() else []
    same = {key: run[key] for key in ("method", "settings")}
    runs = [other for other in runs if {key: other[key] for key in same} != same] + [run]
    path.write_text(json.dumps(runs, indent=1) + "\n", encoding="utf-8")


def keep_spectrum(path: Path, rate: np.ndarray, bin: float, segment: float = 1.0, highest: float = 500.0) -> None:
    """Spectrum of a rate in bands of a tenth of an octave (at least one frequency wide), in dB with standard error.

    Columns: centre [Hz]; 10 log10 of the density over 1/s; its standard error from disjoint tenths of the trace.
    """
    frequency, density = periodograms(rate, bin, segment)
    edges = np.unique(np.round(2.0 ** np.arange(1.0, np.log2(highest) + 0.1, 0.1) * segment)) / segment - 0.5 / segment
    parts = np.array_split(np.arange(len(density)), 10)
    lines = ["frequency_Hz,density_dB,error_dB"]
    for low, high in pairwise(edges):
        band = density[:, (frequency >= low) & (frequency < high)].mean(axis=1)
        tenths = np.array([band[part].mean() for part in parts])
        error = tenths.std(ddof=1) / len(parts) ** 0.5 / band.mean()
        lines.append(f"{(low + high) / 2:.6g},{10 * np.log10(band.mean()):.4f},{10 / np.log(10) * error:.4f}")
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")

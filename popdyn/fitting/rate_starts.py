"""Where the fit of a simple rate unit begins: the family's gain through the data as if they were quasi-static."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy.signal import lfilter

from popdyn.fitting.measures import binned
from popdyn.fitting.rate_target import RateTarget
from popdyn.kernels import rate_units as kernel
from popdyn.rungs.families.base import FamilyParameter
from popdyn.rungs.rate_population import RatePopulation
from popdyn.types import FloatArray

THRESHOLDS = np.linspace(-1.5, 1.0, 26)
"""Tried, in drive scales from the middle of the drive."""
SHAPES = (0.3, 0.6, 1.0, 2.0, 4.0)
"""Tried, over the shape's own starting value."""


@dataclass(frozen=True)
class Guess:
    """Time constant of the rate, adaptation strengths [drive s] and times [s]."""

    tau_r: float
    strengths: tuple[float, ...]
    taus: tuple[float, ...]


def starting_units(
    unit: RatePopulation, targets: Sequence[RateTarget], rate_scale: float, hint: Guess
) -> list[RatePopulation]:
    """Units about a guess of the time constants, each with the static gain that fits the data best."""
    changes = ((1.0, 1.0, 1.0), (0.3, 1.0, 0.4), (3.0, 0.3, 1.0), (1.0, 3.0, 3.0))
    found = []
    for tau, strength, time in changes if unit.adaptation else changes[:3]:
        strengths = tuple(s * strength for s in hint.strengths)
        guess = replace(hint, tau_r=hint.tau_r * tau, strengths=strengths, taus=tuple(t * time for t in hint.taus))
        found.append(_static(unit, targets, rate_scale, guess))
    return found


def default_hint(unit: RatePopulation, rate_scale: float) -> Guess:
    """Where nothing is known: 10 ms, and adaptation that takes a fifth of the drive scale, over 0.05 to 1 s."""
    count = unit.adaptation
    taus = tuple(np.geomspace(0.05, 1.0, count) if count > 1 else [0.2] * count)
    return Guess(0.01, (0.2 * unit.drive_scale / rate_scale / max(count, 1),) * count, taus)


def _static(unit: RatePopulation, targets: Sequence[RateTarget], rate_scale: float, guess: Guess) -> RatePopulation:
    """Threshold and shape from a grid, the scale by least squares, drive and rates filtered by the guess."""
    drive = np.concatenate([_effective(t, guess) for t in targets])
    rate = np.concatenate([t.rate for t in targets])
    shape = next((p for p in unit.parameters if p.column == kernel.SHAPE), None)
    shapes = [1.0] if shape is None else [shape.start * s * _natural(shape, unit, rate_scale) for s in SHAPES]
    middle, counted = 0.5 * (drive.min() + drive.max()), unit.drive_scale if unit.kind.normalised else 1.0
    best = (np.inf, 1.0, 0.0, 1.0)
    for threshold in middle + THRESHOLDS * unit.drive_scale:
        for width in shapes:
            form = unit.kind.gain((drive - threshold) / counted, 1.0, np.asarray(width))
            power = float(form @ form)
            scale = float(form @ rate) / power if power > 0 else 0.0
            error = float(np.sum((scale * form - rate) ** 2)) if scale > 0 else np.inf
            best = min(best, (error, scale, float(threshold), width))
    return replace(unit, values={p.name: _value(p, best[1:], guess, unit, rate_scale) for p in unit.parameters})


def _value(
    p: FamilyParameter, static: tuple[float, float, float], guess: Guess, unit: RatePopulation, rate_scale: float
) -> float:
    known = dict(zip((kernel.SCALE, kernel.THRESHOLD, kernel.SHAPE), static, strict=True)) | {kernel.TAU: guess.tau_r}
    for j, (strength, tau) in enumerate(zip(guess.strengths, guess.taus, strict=True)):
        known |= {kernel.STRENGTH + 2 * j: strength, kernel.TAU_A + 2 * j: tau}
    return known.get(p.column, p.start * _natural(p, unit, rate_scale))


def _natural(p: FamilyParameter, unit: RatePopulation, rate_scale: float) -> float:
    return float(unit.drive_scale**p.drive * rate_scale**p.rate * (unit.sigma0 or 1.0) ** p.noise)


def _effective(t: RateTarget, guess: Guess) -> FloatArray:
    """mu filtered by tau_r, less what the observed rate brings about through adaptation; scored bins."""
    rate = np.concatenate([np.full(t.first, t.rate.mean()), t.rate])
    drive = _low_pass(binned(t.mu, t.steps_per_bin)[: len(rate)], guess.tau_r, t.bin)
    for strength, tau in zip(guess.strengths, guess.taus, strict=True):
        drive = drive - strength * _low_pass(rate, tau, t.bin)
    return drive[t.first :]


def _low_pass(values: FloatArray, tau: float, step: float) -> FloatArray:
    keep = float(np.exp(-step / tau))
    filtered, _ = lfilter([1.0 - keep], [1.0, -keep], values, zi=[keep * values[0]])
    return np.asarray(filtered)

"""What was measured of the modes of a population, and what a run of them may and lets expect."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from popdyn.errors import NumericsError
from popdyn.kernels.modes import DEFECT, LEAST_RATE, RATE
from popdyn.theory.discretisation import Domain

Array = NDArray[np.float64]

BIN = 1e-3  # [s] of every rate that is compared
STILL = 1e-6  # relative deviation below which a rate is constant


@dataclass(frozen=True)
class ModesError:
    """Distance of the modes from the density on one kind of run: of the rate on 1 ms bins.

    mean [1/s]: the density's mean rate. No correlation where its rate is constant, or the modes' not finite.
    """

    kind: str
    nrmse: float
    bias: float
    correlation: float | None
    mean: float


@dataclass(frozen=True, kw_only=True)
class Measured:
    """Domain and errors of a reduced population."""

    domain: Domain
    tolerance: float
    errors: tuple[ModesError, ...]  # held out
    effectivity: float  # rms error of the rate [1/s] over the rms of the defect
    scale: float  # [1/s] s.d. of the rate over the held-out runs
    largest: float  # [1/s] of the rates of the training runs
    tried: tuple[tuple[int, int, float], ...] = ()  # (moments or coordinates, modes, error; inf: unstable)
    cpu_s: float

    @property
    def error(self) -> float:
        return max(e.nrmse for e in self.errors)

    @property
    def reached(self) -> bool:
        return self.error <= self.tolerance

    @property
    def least_rate(self) -> float:
        """[1/s] below which a rate is an error."""
        return -self.tolerance * self.largest


def distance(kind: str, out: Array, exact: Array, scale: float, least: float) -> ModesError:
    """Of a run's rates from `exact` (bin,), over their s.d., or over a tenth of `scale` where they hardly move.

    nrmse is inf where a rate is not finite or falls below `least` [1/s].
    """
    found, mean, spread = out[:, RATE], float(np.mean(exact)), float(np.std(exact))
    error = found - exact
    bad = not np.all(np.isfinite(error)) or out[:, LEAST_RATE].min() < least
    nrmse = np.inf if bad else float(np.sqrt(np.mean(error**2))) / max(spread, 0.1 * scale)
    still = bad or spread < STILL * mean
    correlation = None if still else float(np.corrcoef(found, exact)[0, 1])
    return ModesError(kind, nrmse, float(np.mean(error)) / mean, correlation, mean)


def effectivity(outs: list[Array], exact: list[Array]) -> float:
    """rms error of the rate over the rms of the defect: what turns a defect into an error estimate."""
    out = np.concatenate(outs)
    size = float(np.sqrt(np.mean(out[:, DEFECT] ** 2)))
    return float(np.sqrt(np.mean((out[:, RATE] - np.concatenate(exact)) ** 2))) / size if size > 0 else 0.0


def error_estimate(measured: Measured, out: Array) -> float:
    """nrmse that the run's own defect lets expect; the defect is what the modes leave out of the density's change."""
    spread = float(np.std(out[:, RATE]))
    size = measured.effectivity * float(np.sqrt(np.mean(out[:, DEFECT] ** 2)))
    return size / (spread if spread > 1e-3 * measured.scale else measured.scale)


def check_rate(name: str, measured: Measured, rate: Array, least: Array, step: float = BIN) -> None:
    """Raises NumericsError where a rate (step,) is not finite, or the least one negative beyond the tolerance."""
    bad = np.flatnonzero(~np.isfinite(rate) | (least < measured.least_rate))
    if bad.size:
        got = f"{least[bad[0]]:.3g} Hz" if np.isfinite(least[bad[0]]) else "not finite"
        raise NumericsError(
            f"populations.{name}: the rate of the modes is {got} at t = {bad[0] * step:.3f} s; allowed: above "
            f"-{measured.tolerance:g} of the largest rate, {measured.largest:.3g} Hz; derive them on a wider domain"
        )

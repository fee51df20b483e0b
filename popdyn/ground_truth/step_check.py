"""Is the time step small enough? Halve it until the mean rate moves less than the tolerance."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from popdyn.errors import UsageError
from popdyn.ground_truth.jobs import Job, job
from popdyn.ground_truth.simulation import run
from popdyn.ground_truth.spiking import Rate, mean_rates
from popdyn.ground_truth.tasks import Progress
from popdyn.spec import Network, Protocol


@dataclass(frozen=True)
class Halving:
    """One comparison of a step with half of it: relative change of the mean rate per population, and its error."""

    dt: float
    rates: dict[str, Rate]
    change: dict[str, float]
    error: dict[str, float]
    verdict: str

    def line(self) -> str:
        """The comparison in words."""
        moves = (f"{name} {100 * self.change[name]:+.2f} ± {100 * self.error[name]:.2f} %" for name in self.change)
        return f"dt {1e3 * self.dt:g} ms -> {1e3 * self.dt / 2:g} ms: {', '.join(moves)} ({self.verdict})"


@dataclass(frozen=True)
class StepCheck:
    """What `check_dt` found. `dt`: the largest step tried whose halving moves every rate less than the tolerance [s];
    None when no step tried does, or the sampling error is too large to tell."""

    tolerance: float
    dt: float | None
    halvings: tuple[Halving, ...]
    finest: dict[str, Rate]

    def lines(self) -> list[str]:
        """One line per halving."""
        return [step.line() for step in self.halvings]


def check_dt(
    network: Network,
    protocol: str | Protocol,
    tolerance: float = 0.002,
    *,
    dt: float | None = None,
    seed: int = 0,
    backend: str | None = None,
    method: str = "heun",
    most: int = 3,
    workers: int | None = None,
    progress: Progress | None = None,
) -> StepCheck:
    """Halve the step, at most `most` times, until the mean rate of every population moves less than `tolerance`.

    With 1.96 standard errors e of the change c, "converged": |c| + e within the tolerance; "moves": |c| - e beyond it;
    "undecided": between, where more neurons or a longer protocol would tell; halving goes on.
    """
    if not 0 < tolerance < 1 or most < 1:
        raise UsageError(f"tolerance, most: got {tolerance:g}, {most}; allowed: between 0 and 1, at least 1")
    first = job(network, protocol, seed=seed, dt=dt, backend=backend, method=method)
    rates, halvings = _rates(first, workers, progress), list[Halving]()
    step = first.dt
    for _ in range(most):
        half = job(network, protocol, seed=seed, dt=step / 2, backend=first.backend, method=method)
        finer = _rates(half, workers, progress)
        halvings.append(_compare(step, rates, finer, tolerance))
        rates = finer
        if halvings[-1].verdict == "converged":
            return StepCheck(tolerance, step, tuple(halvings), finer)
        step /= 2
    return StepCheck(tolerance, None, tuple(halvings), rates)


def _rates(decided: Job, workers: int | None, progress: Progress | None) -> dict[str, Rate]:
    return mean_rates(run(decided, workers=workers, progress=progress))


def _compare(dt: float, coarse: dict[str, Rate], fine: dict[str, Rate], tolerance: float) -> Halving:
    change = {name: _ratio(coarse[name].mean - fine[name].mean, fine[name].mean) for name in fine}
    error = {
        name: _ratio(float(np.hypot(coarse[name].standard_error, fine[name].standard_error)), fine[name].mean)
        for name in fine
    }
    if all(abs(change[name]) + 1.96 * error[name] <= tolerance for name in fine):
        verdict = "converged"
    elif any(abs(change[name]) - 1.96 * error[name] > tolerance for name in fine):
        verdict = "moves"
    else:
        verdict = "undecided"
    return Halving(dt, coarse, change, error, verdict)


def _ratio(difference: float, reference: float) -> float:
    if reference > 0:
        return difference / reference
    return 0.0 if difference == 0 else float("inf")

"""Intervals of fits to a density against the scatter of fits to other draws of the same random inputs."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from popdyn.fitting.coordinates import coordinates_of
from popdyn.fitting.density_target import make_target
from popdyn.fitting.domain import density_over_domain, training_domain
from popdyn.fitting.protocols import training_jobs
from popdyn.fitting.rate_fit import Shape, adaptation_start, fit_to_targets
from popdyn.fitting.rate_target import target_of
from popdyn.spec import load
from popdyn.theory.problem import input_statistics

pytestmark = pytest.mark.slow
SPEC = Path(__file__).parents[2] / "examples" / "adapting_population.toml"
DRAWS = 24


def test_intervals_hold_the_mean_of_other_draws():
    """What varies is the random input; the staircase is always the same, and counts as if it had been drawn."""
    network = load(SPEC)
    (who,) = network.populations.values()
    rung = density_over_domain(network)
    domain = training_domain(make_target(rung, who.name))
    empty = Shape("softplus", 1).empty(who.name, domain, *input_statistics(who), adaptation_start(who))
    fits = []
    for seed in range(DRAWS):
        targets = [target_of(rung, who, job) for job in training_jobs(who, domain, seed)]
        fits.append(fit_to_targets(empty, targets, targets[:1], noisy=False, seed=seed))
    log = coordinates_of(empty, 1.0).log > 0
    values, low, high = (np.array([[getattr(p, end) for p in fit.parameters] for fit in fits])
                         for end in ("value", "low", "high"))  # fmt: skip
    for table in (values, low, high):
        table[:, log] = np.log(table[:, log])
    centre, spread = values.mean(axis=0), values.std(axis=0, ddof=1)
    held = np.mean((low < centre) & (centre < high), axis=0)
    widths = np.mean(high - low, axis=0) / 2 / spread
    for p, share, width in zip(fits[0].parameters, held, widths, strict=True):
        print(f"{p.name}: holds the mean in {share:.0%}, half-width {width:.1f} s.d. over draws")
    assert held.min() > 0.85  # 24 draws at 95 %: 20 or fewer by chance in 1 of 40 parameters
    assert widths.min() > 1.6

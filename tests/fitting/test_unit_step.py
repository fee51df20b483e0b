"""What the step of 0.1 ms does to fitted units: less than a tenth of what they are off by themselves."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from popdyn.fitting.measures import binned
from popdyn.fitting.protocols import heldout_jobs
from popdyn.rungs.bins import step_middles, steps_in_bin
from popdyn.rungs.model_file import read_model
from popdyn.rungs.unit import DT, CascadeUnit, drive_of, start_of
from popdyn.spec.network import Protocol, Stimulus

FITS = Path(__file__).parents[2] / "fits"
FINE, LONGER = DT / 8, 2 * DT
BETWEEN = Protocol(
    "between", 0.6, 0.3, 0,
    tuple(
        Stimulus("E", "mu", "step", {"at": at, "until": at + 0.0437, "amplitude": size})
        for at, size in ((0.10003, 0.3), (0.20007, -0.2), (0.33331, 0.15))
    ),
)  # fmt: skip
"""Steps of mu at times that no step of the unit ends at."""
BETWEEN_SHARE = 0.25
"""There, as a drive is that of the step's middle: a jump within a step is up to half a step early or late."""


def rate(model: CascadeUnit, protocol: Protocol, dt: float) -> np.ndarray:
    """In bins of 5 ms, t >= 0."""
    population, unit = model.network.populations["E"], model.units["E"]
    drive = drive_of(population, protocol, step_middles(protocol, dt))
    trace = unit.integrate(*drive, start_of(unit.adaptation, population), dt=dt, steps_per_bin=steps_in_bin(dt))
    return binned(trace.rate[round(protocol.transient / 1e-3) :], 5)


def error_of_step(model: CascadeUnit, protocol: Protocol, dt: float) -> float:
    """nrmse against steps several times finer."""
    fine = rate(model, protocol, FINE)
    return float(np.sqrt(np.mean((rate(model, protocol, dt) - fine) ** 2)) / fine.std())


@pytest.mark.parametrize("name", ["adex_aug", "adex_strong", "gif_two_time_scales"])
def test_a_step_costs_a_tenth_of_the_units_own_error(name):
    model = read_model(FITS / name / "model.json")
    own = {entry["protocol"]: entry["nrmse"] for entry in model.fits["E"]["heldout"]}
    jobs = heldout_jobs(model.network.populations["E"], model.units["E"].domain, 0)
    protocols = {job.protocol.name: job.protocol for job in jobs}
    for protocol in protocols.values():
        assert error_of_step(model, protocol, DT) < 0.1 * own[protocol.name], protocol.name
    assert error_of_step(model, BETWEEN, DT) < BETWEEN_SHARE * own["heldout_steps"]
    assert error_of_step(model, protocols["heldout_fast"], LONGER) > 0.1 * own["heldout_fast"]

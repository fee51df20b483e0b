"""Least squares and intervals on records with a known answer."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from fitted_cases import eif

from popdyn.fitting.density_target import make_target
from popdyn.fitting.intervals import coordinate_spread
from popdyn.fitting.protocols import Job, training_jobs
from popdyn.fitting.residuals import BIN, Misfit, Record
from popdyn.fitting.solve import COARSE_DT, FINE_DT, solve
from popdyn.fitting.statics import sample_gain
from popdyn.rungs.cascade import CascadePopulation
from popdyn.rungs.cascade_parameters import SIGMA_PARAMETERS, starting_values
from popdyn.rungs.density import Density
from popdyn.rungs.unit import drive_of
from popdyn.spec.network import Protocol
from popdyn.theory.discretisation import Domain

NETWORK = eif()
TARGET = make_target(Density(NETWORK), "E")
SIGMA = NETWORK.populations["E"].noise.sigma
TRUTH = {
    "tau_h": 8e-3, "tau_h_exponent": 0.2, "alpha": 60.0, "alpha_exponent": 0.6, "omega_ratio": 0.8, "kappa_re": 0.05,
    "kappa_im": 0.2, "kappa_exponent": 0.5, "omega_exponent": 0.1, "harmonic_damping": 4.0, "harmonic_re": 0.15,
    "harmonic_im": 0.1, "harmonic_exponent": 0.6,
}  # fmt: skip
SIGMA_TRUTH = {
    "tau_sigma": 2e-3, "kappa_sigma_re": 0.6, "kappa_sigma_im": 0.2, "harmonic_sigma_re": 0.5,
    "harmonic_sigma_im": -0.5, "tau_h_sigma_exponent": 0.4, "alpha_sigma_exponent": 0.5, "kappa_sigma_exponent": -0.3,
}  # fmt: skip


def unit(sigma_high: float) -> CascadePopulation:
    domain = Domain(0.1, 1.0, SIGMA, sigma_high)
    gain = sample_gain(TARGET, domain)
    return CascadePopulation("E", 2e-10, (), gain, starting_values(0), 8.0, SIGMA, domain)


def synthetic(model: CascadePopulation, **truth: float) -> tuple[CascadePopulation, list[Record]]:
    """Records whose target is the unit itself with known parameters."""
    known = replace(model, parameters={**model.parameters, **truth})
    records = []
    for job in training_jobs(NETWORK.populations["E"], model.domain, 0):
        steps = round((job.protocol.duration + job.protocol.transient) / FINE_DT)
        t = (np.arange(steps) + 0.5) * FINE_DT - job.protocol.transient
        mu, sigma = drive_of(NETWORK.populations["E"], job.protocol, t)
        first = round(job.protocol.transient / BIN)
        full = Record(job, FINE_DT, mu, sigma, np.empty(0), first, np.empty(0))
        records.append(replace(full, target=full.unit_rate(known)).with_step(TARGET, COARSE_DT))
    return known, records


def test_known_parameters_are_found():
    known, records = synthetic(unit(SIGMA), **TRUTH)
    stage = solve(TARGET, replace(known, parameters=starting_values(0)), records, 0)
    for p in stage.estimates:
        assert p.value == pytest.approx(TRUTH[p.name], rel=1e-3, abs=1e-4), p.name
        assert p.identified
    assert stage.starts[0] == pytest.approx(stage.starts[1], rel=0.05)


def test_sigma_parameters_come_second():
    known, records = synthetic(unit(1.5 * SIGMA), **TRUTH, **SIGMA_TRUTH)
    stage = solve(TARGET, replace(known, parameters=starting_values(0)), records, 0)
    assert tuple(p.name for p in stage.estimates)[-len(SIGMA_PARAMETERS) :] == SIGMA_PARAMETERS
    for p in stage.estimates:
        assert p.value == pytest.approx({**TRUTH, **SIGMA_TRUTH}[p.name], rel=2e-3, abs=2e-3), p.name


class Linear(Misfit):
    """Only what the intervals read of a misfit."""

    def bias_factor(self, r: Record) -> float:
        return 0.0


def test_interval_is_the_textbook_s_where_the_residuals_are_noise():
    rng = np.random.default_rng(2)
    blocks, length = 40, 100
    job = Job(Protocol("noise", 0.5 * blocks, 0.0, 0), "noise")
    record = Record(job, FINE_DT, np.empty(0), np.empty(0), np.empty(0), 0, np.zeros(blocks * length))
    ratios = []
    for _ in range(40):
        jacobian = rng.standard_normal((blocks * length, 2))
        noise = rng.standard_normal(blocks * length)
        noise -= jacobian @ np.linalg.lstsq(jacobian, noise, rcond=None)[0]
        half = coordinate_spread(Linear(None, (record,), ("alpha", "tau_h")), noise, jacobian, 0)
        exact = 1.96 * np.sqrt(np.diag(np.linalg.inv(jacobian.T @ jacobian)))
        ratios.append(half / exact)
    # one half-width has a relative sd of 1/sqrt(2 * 40); 80 of them: 3 % at 2.3 sd, 2 false alarms in 100
    assert np.mean(ratios) == pytest.approx(1.04, abs=0.05)  # Student's t with 39 degrees of freedom: 1.03

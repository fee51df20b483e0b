"""spec1 and spec2: their equations against linear theory, their rest state against the density, and their refusals."""

from __future__ import annotations

from dataclasses import dataclass, replace
from types import ModuleType

import numpy as np
import pytest
from fitted_cases import adex, eif, two_time_scales

from popdyn.distributions import Distribution
from popdyn.errors import DomainError
from popdyn.fitting import make_target, spec1, spec2
from popdyn.fitting.ln_table import Samples, sample_over, with_w_held
from popdyn.fitting.protocols import Job
from popdyn.fitting.residuals import Record
from popdyn.fitting.spectral_table import Table, make_spectral_table, need_one_operator
from popdyn.fitting.target import Target
from popdyn.rungs.choose import density_rung
from popdyn.rungs.density import Density
from popdyn.spec.network import Network, Protocol
from popdyn.theory.problem import W_UNIT
from popdyn.theory.spectrum import slowest_pair

DT, BINS = 1e-4, 400
"""Step and number of 5 ms bins."""


@dataclass(frozen=True)
class Case:
    target: Target
    samples: Samples
    table: Table
    rest: tuple[float, float, float]  # rate, V_mean, w of the mean closure


@pytest.fixture(scope="module", params=["aug", "strong"])
def case(request) -> Case:
    density = Density(adex(request.param), closure="mean")
    target, state = make_target(density, "E"), density.state("E")
    mu, sigma = target.drive
    w = state.w_mean * W_UNIT
    e = mu - w / target.C_m
    samples = sample_over(with_w_held(target), np.linspace(e - 0.3, e + 0.3, 13), np.array([sigma]))
    return Case(target, samples, make_spectral_table(target, samples), (state.rate, state.V_mean, w))


def record(case: Case, mu: np.ndarray) -> Record:
    job = Job(Protocol("made", BINS * 5e-3, 0.0, 0, ()), "")
    start = np.array([case.rest[2]])
    return Record(job, DT, mu, np.full(mu.size, case.target.drive[1]), start, 0, np.ones(BINS))


def constant(case: Case) -> np.ndarray:
    return np.full(round(BINS * 5e-3 / DT), case.target.drive[0])


@pytest.mark.parametrize("unit", [spec1, spec2])
def test_at_rest_the_rate_is_that_of_the_density_with_the_mean_w(case, unit):
    (rate,) = unit.rates(case.target, case.table, [record(case, constant(case))])
    np.testing.assert_allclose(rate, case.rest[0], rtol=2e-3)


def response(case: Case, unit: ModuleType, frequency: float) -> complex:
    """Complex gain [1/V] of small changes of mu, from the second half of a run; smoothing taken off."""
    size, phase = 5e-3, 2 * np.pi * frequency * (np.arange(constant(case).size) + 0.5) * DT
    (rate,) = unit.rates(case.target, case.table, [record(case, constant(case) + size * np.sin(phase))])
    wave, rate = np.exp(1j * phase).reshape(BINS, -1).mean(axis=1)[BINS // 2 :], rate[BINS // 2 :]
    basis = np.stack([wave.real, wave.imag, np.ones(wave.size)], axis=1)
    cosine, sine, _ = np.linalg.lstsq(basis, rate, rcond=None)[0]
    smoothing = np.exp(-0.5 * (2 * np.pi * frequency * spec2.SMOOTHING) ** 2) if unit is spec2 else 1.0
    return complex(sine, cosine) / size / smoothing


@pytest.mark.parametrize("frequency", [4.0, 10.0, 30.0])
def test_small_changes_follow_the_equations(case, frequency):
    """H = H_2 (1 - w_1/C_m), tau s w_1 = a V_inf' (1 - w_1/C_m) - w_1 + b tau H: no coefficient of spec2 is in it."""
    target, s = case.target, 2j * np.pi * frequency
    (variable,), (mu, sigma) = target.adaptation, target.drive
    ((_, group),) = case.samples.held.groups
    e = mu - case.rest[2] / target.C_m
    pair = slowest_pair(group.density.grids["E"].operator, e, 0.5 * sigma**2)
    low, high = (case.samples.held.rest(e + d, sigma).rate for d in (-1e-3, 1e-3))
    moving = pair.product * pair.jump[0] * s**2 - (pair.total * pair.jump[0] - pair.product * pair.force[0]) * s
    direct = ((high - low) / 2e-3 + moving) / (1.0 - pair.total * s + pair.product * s**2)
    pull = (variable.a * pair.V_slope[0] + variable.b * variable.tau * direct) / (1.0 + s * variable.tau) / target.C_m
    assert response(case, spec2, frequency) == pytest.approx(direct / (1.0 + pull), rel=0.02)
    value = pair.eigenvalue
    one = (high - low) / 2e-3 * 0.5 * (value / (value - s) + value.conjugate() / (value.conjugate() - s))
    pull = (variable.a * pair.V_slope[0] + variable.b * variable.tau * one) / (1.0 + s * variable.tau) / target.C_m
    assert response(case, spec1, frequency) == pytest.approx(one / (1.0 + pull), rel=0.02)


@pytest.mark.parametrize("frequency", [1.0, 3.0])
def test_slow_changes_are_followed_as_the_density_follows_them(case, frequency):
    exact = case.target.response(np.array([frequency]), "mu")[0]
    for unit in (spec1, spec2):
        assert response(case, unit, frequency) == pytest.approx(exact, rel=0.02)


def test_rates_are_rectified(case):
    mu = constant(case)
    mu[2000:] -= 1.5
    for unit in (spec1, spec2):
        (rate,) = unit.rates(case.target, case.table, [record(case, mu)])
        assert rate.min() >= 0.0


def test_input_is_differentiated_after_smoothing():
    t = np.arange(4000) * DT
    drive = spec2.smoothed(1.0 + 3.0 * t**2, np.full(t.size, 2.0), DT)[:, 500:-500]
    mu, slope, bend, sigma, D_slope, D_bend = drive
    np.testing.assert_allclose(slope, 6.0 * t[500:-500], rtol=1e-6)
    np.testing.assert_allclose(bend, 6.0, rtol=1e-4)
    np.testing.assert_allclose(mu, 1.0 + 3.0 * (t[500:-500] ** 2 + spec2.SMOOTHING**2), rtol=1e-5)
    assert np.all(sigma == pytest.approx(2.0))
    assert not np.any(np.abs(D_slope) > 1e-9)
    assert not np.any(np.abs(D_bend) > 1e-4)


def spread() -> Network:
    network = eif()
    E = network.populations["E"]
    wide = Distribution("normal", (E.neuron.parameters["V_th"], 2e-3))
    return replace(network, populations={"E": replace(E, spread={"V_th": wide})})


@pytest.mark.parametrize(
    ("network", "why"),
    [
        (two_time_scales(), "gif neurons fire by a hazard"),
        (adex("aug", t_ref="2 ms"), "no dead time; t_ref is 2 ms"),
        (spread(), "equal neurons"),
    ],
)
def test_neurons_without_such_modes_are_refused(network, why):
    with pytest.raises(DomainError, match=why):
        need_one_operator(make_target(density_rung(network), "E"))

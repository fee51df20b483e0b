"""What a unit is fitted on: the range that a spec asks for, the table over it, the protocols in it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from fitted_cases import adex, eif

from popdyn.errors import NumericsError
from popdyn.fitting import asked_domain, training_domain
from popdyn.fitting.density_target import make_target
from popdyn.fitting.protocols import heldout_jobs, training_jobs
from popdyn.fitting.statics import sample_gain
from popdyn.rungs.density import Density
from popdyn.rungs.unit import drive_of
from popdyn.spec.network import Network, PoissonDrive, Protocol, Stimulus
from popdyn.theory.discretisation import Domain


def with_protocol(network: Network, *stimuli: Stimulus) -> Network:
    return replace(network, protocols={"p": Protocol("p", 1.0, 0.5, 1, stimuli)})


def test_domain_holds_four_deviations_and_every_step():
    mu, sigma = 1.5, 2e-3 / np.sqrt(1e-3)
    random = asked_domain(adex("aug"), "E")
    assert (random.mu_low, random.mu_high) == pytest.approx((mu - 1.6, mu + 1.6))
    assert random.sigma_low == random.sigma_high == pytest.approx(sigma)
    up = Stimulus("E", "mu", "step", {"at": 0.1, "until": 0.4, "amplitude": 2.0})
    louder = Stimulus("E", "sigma", "step", {"at": 0.1, "until": 0.4, "amplitude": sigma})
    wide = asked_domain(with_protocol(adex("aug"), up, louder), "E")
    assert (wide.mu_low, wide.mu_high) == pytest.approx((mu - 0.1, mu + 2.1))
    assert (wide.sigma_low, wide.sigma_high) == pytest.approx((0.95 * sigma, 2.05 * sigma))


def test_a_spec_that_asks_for_nothing_still_gets_a_range():
    density = Density(with_protocol(eif()))
    domain = training_domain(make_target(density, "E"))
    low, middle, high = (density.state("E", mu).rate for mu in (domain.mu_low, 0.55, domain.mu_high))
    assert low < 0.6 * middle
    assert high > 1.4 * middle


@pytest.mark.parametrize("base", ["inside", "edge"])
def test_protocols_stay_in_the_domain(base):
    network = adex("aug")
    who = network.populations["E"]
    domain = Domain(0.0, 4.0, who.noise.sigma, who.noise.sigma)
    if base == "edge":
        who = replace(who, noise=replace(who.noise, mu=0.0))
    jobs = training_jobs(who, domain, 0) + heldout_jobs(who, domain, 0)
    assert len({job.protocol.name for job in jobs}) == len(jobs)
    assert len({job.protocol.seed for job in jobs if job.protocol.seed}) == 4
    for job in jobs:
        t = np.arange(0.0, job.protocol.duration, 1e-3)
        mu, sigma = drive_of(who, job.protocol, t)
        assert np.mean((mu < domain.mu_low) | (mu > domain.mu_high)) < 0.03, job.protocol.name
        assert np.all(sigma == who.noise.sigma)


def test_poisson_input_counts_as_noise():
    network = eif()
    who = network.populations["E"]
    source = PoissonDrive(100, 10.0, 1e-4)
    poisson = replace(network, populations={"E": replace(who, poisson=(source,))})
    plain, added = asked_domain(network, "E"), asked_domain(poisson, "E")
    assert added.mu_high - plain.mu_high == pytest.approx(0.1)
    assert added.sigma_high**2 - plain.sigma_high**2 == pytest.approx(1e-5)


def test_table_is_as_fine_as_it_says_and_has_a_row_at_the_spec_s_sigma():
    density = Density(eif())
    sigma = density.problems["E"].sigma
    gain = sample_gain(make_target(density, "E"), Domain(0.2, 0.9, 0.9 * sigma, 1.4 * sigma))
    steps = np.diff([row.sigma for row in gain.rows])
    assert np.ptp(steps) < 1e-12
    assert gain.rows[0].sigma <= 0.9 * sigma
    assert gain.rows[-1].sigma >= 1.4 * sigma * (1 - 1e-12)
    row = next(row for row in gain.rows if row.sigma == sigma)
    curve = row.curve((), ())
    for mu in np.linspace(0.2, 0.9, 15):
        assert np.exp(curve.log_rate(mu)) == pytest.approx(density.state("E", float(mu)).rate, rel=1e-4)


def test_every_spiking_parameter_of_adaptation_moves_the_gain():
    def rate(**neuron: str) -> float:
        density = Density(adex("aug", **neuron))
        domain = Domain(1.0, 2.0, density.problems["E"].sigma, density.problems["E"].sigma)
        row = sample_gain(make_target(density, "E"), domain).rows[0]
        return float(np.interp(1.5, row.mu, row.rate))

    base = rate()
    for change in ({"a": "6 nS"}, {"b": "60 pA"}, {"tau_w": "300 ms"}, {"E_w": "-85 mV"}):
        assert rate(**change) < 0.98 * base


def test_a_density_that_is_silent_over_the_domain_is_refused_by_name():
    domain = Domain(-0.4, -0.3, 0.01, 0.01)
    target = make_target(Density(eif()), "E").over(domain)
    with pytest.raises(NumericsError, match=r"populations\.E: .* stays below 0\.01 Hz"):
        sample_gain(target, domain)

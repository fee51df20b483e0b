"""Networks of units held near their densities: alone at share 0, free at share 1, errors amplified between."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from popdyn.fitting.forced_network import forced_network
from popdyn.fitting.network_units import _visited
from popdyn.fitting.node_target import on_steps
from popdyn.rungs.cascade import CascadePopulation
from popdyn.rungs.cascade_parameters import starting_values
from popdyn.rungs.coupled import CoupledDensity
from popdyn.rungs.coupled_units import CoupledUnits
from popdyn.rungs.march import StepDrive
from popdyn.rungs.met import met_in
from popdyn.rungs.modes_nodes import groups_of
from popdyn.rungs.static_gain import GainRow, StaticGain
from popdyn.spec import load
from popdyn.spec.network import Protocol, Stimulus
from popdyn.theory.discretisation import Domain

DT = 2.5e-4
STEP = Stimulus("E", "mu", "step", {"at": 0.3, "until": 0.6, "amplitude": 0.3})
PROTOCOL = Protocol("step", 0.7, 0.1, 0, (STEP,))


def unit():
    e = np.linspace(-1.0, 3.0, 60)
    rows = [GainRow(s, e, 80.0 / (1.0 + np.exp(-(e - 1.0 - 3.0 * s) / 0.3)), -0.06 + 0.0 * e) for s in (0.05, 0.07)]
    return CascadePopulation(
        "E", 2.5e-10, (), StaticGain(tuple(rows)), starting_values(0), 15.0, 0.06, Domain(0.0, 2.5, 0.05, 0.07)
    )


@pytest.fixture(scope="module")
def parts():
    population = {
        "size": 1000, "neuron": {"model": "lif", "t_ref": "2 ms"},
        "noise": {"mu": "1.2 mV/ms", "sigma": "1.8 mV/sqrt(ms)"},
    }  # fmt: skip
    wire = {"pre": "E", "post": "E", "rule": "fixed_indegree", "K": 50, "J": "0.1 mV", "delay": "2.5 ms"}
    density = CoupledDensity(load({"schema": 1, "populations": {"E": population}, "connections": [wire]}))
    model = CoupledUnits(density, groups_of(density.derivation), [unit()], DT)
    return density, model, met_in(density, {"step": PROTOCOL})[1:]


def rates(parts, share):
    density, model, met = parts
    forced = forced_network(density, model, [PROTOCOL], met, share)
    return forced, forced._rates(forced.runs[0], list(forced.tables))[0]


def test_at_share_0_a_unit_is_alone_with_the_drive_of_its_node(parts):
    density, model, met = parts
    _, found = rates(parts, 0.0)
    mu, sigma = on_steps(met[0].drives[0], density.dt, DT)
    factor = model.nodes.gain_D[0] / 0.5 / 50 / 1e-8  # of the noise that finite jumps make of diffusion
    noise = 1.8e-3 / np.sqrt(1e-3)
    sigma = np.sqrt(noise**2 + factor * (sigma**2 - noise**2))
    alone = model.units[0].integrate(mu, sigma, np.zeros(0), dt=DT, steps_per_bin=4).rate
    assert np.max(np.abs(found - alone)[50:]) < 1e-6 * alone.max()


def test_at_share_1_the_network_is_free(parts):
    _, model, _ = parts
    free = model.simulate(PROTOCOL)
    assert np.allclose(rates(parts, 1.0)[1][200:], free["rate"].values[0, free["time"].values > 0, 0][200:], rtol=1e-6)


def test_what_excitation_amplifies_counts_more(parts):
    errors = [np.linalg.norm(rates(parts, share)[0].distances(0, unit())) for share in (0.0, 0.5, 0.9)]
    assert errors[0] < errors[1] < errors[2]


def test_a_unit_without_finite_rates_has_the_errors_of_one_that_failed(parts):
    forced, _ = rates(parts, 0.9)
    broken = replace(unit(), parameters={**unit().parameters, "kappa_re": 1e9, "kappa_exponent": 3.0})
    good, bad = forced.distances(0, unit()), forced.distances(0, broken)
    assert good.shape == bad.shape
    assert np.linalg.norm(bad) == pytest.approx(10.0)


def test_a_network_at_rest_has_working_points(parts):
    """Its drives are constant but for rounding, so that no sample need lie at their quantiles."""
    density = parts[0]
    mu = 1.5 * (1.0 + 1e-15 * np.arange(10))
    rest = StepDrive(mu, np.full(10, 1.6e-3), np.zeros(10, dtype=bool))
    found = _visited(density, groups_of(density.derivation)[0], [rest])
    assert np.isfinite(found).all()
    assert found[-1] == pytest.approx((1.5, np.sqrt(3.2e-3)))

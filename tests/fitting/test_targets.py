"""What units are fitted to: escape noise, several time scales, spreads; and what the fits of these reach."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from fitted_cases import eif, two_time_scales

from popdyn.distributions import Distribution
from popdyn.errors import DomainError, UsageError
from popdyn.fitting import fit_cascade, make_target
from popdyn.rungs.choose import density_rung
from popdyn.rungs.coupled import CoupledDensity
from popdyn.rungs.density import Density
from popdyn.rungs.unit import CascadeUnit
from popdyn.spec import load
from popdyn.spec.network import Network
from popdyn.theory.discretisation import Domain

OU, FAST, STEPS = 0.04, 0.12, 0.02
REFERENCES = Path(__file__).parents[2] / "reference_sims"


def spread(**deviation: float) -> Network:
    """The eif population with normal spreads of these standard deviations, SI."""
    network = eif()
    E = network.populations["E"]
    centre = {**E.neuron.parameters, "mu": E.noise.mu}
    spreads = {name: Distribution("normal", (centre[name], value)) for name, value in deviation.items()}
    return replace(network, populations={"E": replace(E, spread=spreads)})


def test_adaptation_has_one_variable_per_time_scale():
    target = make_target(density_rung(two_time_scales(currents=True)), "E")
    fast, slow = target.adaptation
    g_L = 150e-12 / 15e-3
    assert (fast.tau, slow.tau) == (0.03, 0.5)
    assert fast.b == pytest.approx(g_L * 3e-3)
    assert fast.current == 0.0
    assert slow.b == pytest.approx(g_L * 0.6e-3 + 5e-12)
    assert slow.current == pytest.approx(5e-12 / slow.b)


def test_escape_noise_target_is_its_cohorts():
    density = density_rung(two_time_scales())
    target = make_target(density, "E")
    assert target.rest(*target.drive).rate == pytest.approx(density.rates()["E"], rel=2e-4)
    protocol = density.network.protocols["wander"]
    np.testing.assert_array_equal(target.rate(protocol), density.simulate(protocol)["rate"].values[0, :, 0])
    frequencies = np.array([3.0, 30.0])
    exact = density.linear_response(frequencies, population="E")
    np.testing.assert_allclose(target.response(frequencies), exact, rtol=1e-2)


def test_heterogeneous_target_is_the_coupled_density_s_mixture():
    network = spread(V_th=2e-3, mu=0.05)
    density = density_rung(network)
    assert isinstance(density, CoupledDensity)
    target = make_target(density, "E").over(Domain(0.3, 0.8, 0.04, 0.05))
    assert sum(weight for weight, _ in target.groups) == pytest.approx(1.0)
    assert len(target.groups) > 1
    assert target.rest(*target.drive).rate == pytest.approx(density.rates()["E"], rel=1e-3)
    protocol = network.protocols["wander"]
    ours, theirs = target.rate(protocol), density.simulate(protocol)["rate"].values[0, :, 0]
    assert np.std((ours - theirs)[500:]) < 5e-3 * np.std(theirs[500:])


def test_what_is_no_target_is_refused():
    with pytest.raises(UsageError, match="allowed: E"):
        make_target(Density(eif()), "X")
    noise = {"mu": "0.5 mV/ms", "sigma": "1 mV/sqrt(ms)"}
    spec = {
        "schema": 1, "populations": {"E": {"size": 100, "neuron": {"model": "eif"}, "noise": noise}},
        "connections": [
            {"pre": "E", "post": "E", "rule": "fixed_indegree", "K": 10, "J": "0.1 mV", "synapse": "delta",
             "delay": "1 ms"}
        ],
        "protocols": {"p": {"duration": "50 ms"}},
    }  # fmt: skip
    with pytest.raises(DomainError, match="stands alone"):
        make_target(density_rung(load(spec)), "E")


def test_unit_of_escape_noise_with_two_time_scales():
    density = density_rung(two_time_scales())
    fit = fit_cascade(density, "E")
    errors = {e.protocol: e for e in fit.heldout}
    assert errors["heldout_ou"].nrmse <= OU
    assert errors["heldout_fast"].nrmse <= FAST
    assert errors["heldout_steps"].nrmse <= STEPS
    assert abs(errors["heldout_ou"].bias) <= 0.005
    names = [p.name for p in fit.parameters][:4]
    assert names == [f"adaptation_{what}_{j}" for j in (1, 2) for what in ("strength", "saturation")]
    again = CascadeUnit.from_dict(fit.unit.to_dict())
    assert again.equations() == fit.unit.equations()
    np.testing.assert_array_equal(again.simulate("wander")["rate"], fit.unit.simulate("wander")["rate"])
    assert "spec1: its modes are those of a density over V; gif neurons fire by a hazard" in fit.baselines_not_offered
    for baseline in fit.baselines:
        worse = {e.protocol: e for e in baseline.errors}
        assert worse["heldout_ou"].nrmse > 2 * errors["heldout_ou"].nrmse
    assert float(np.abs(fit.unit.simulate("wander")["w_mean"]).max()) == 0.0  # thresholds alone: no current


@pytest.mark.slow
def test_four_spread_parameters_as_one_unit():
    """Two minutes."""
    network = load(REFERENCES / "heterogeneous_adex" / "network.toml")
    assert set(network.populations["E"].spread) == {"g_L", "V_th", "b", "mu"}
    fit = fit_cascade(density_rung(network), "E")
    error = next(e for e in fit.heldout if e.protocol == "heldout_ou")
    assert error.nrmse <= OU
    assert abs(error.bias) <= 0.005

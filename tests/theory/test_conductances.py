"""Conductances in a density: their limits, and what they make of its drift and diffusion."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from popdyn.kernels.operators import assemble
from popdyn.rungs.coupled import CoupledDensity
from popdyn.spec import load
from popdyn.spec.network import Network, Synapse
from popdyn.theory.conductances import node_conductances
from popdyn.theory.grid import frozen_state, operator_on
from popdyn.theory.network_problem import network_problem
from popdyn.theory.operator import bare, moved
from popdyn.theory.problem import at_drive

C_m, TAU_M = 200e-12, 20e-3
EIF = {
    "model": "eif", "C_m": "200 pF", "g_L": "10 nS", "E_L": "-70 mV", "V_th": "-50 mV", "V_reset": "-60 mV",
    "V_peak": "-40 mV", "Delta_T": "2 mV", "t_ref": "2 ms",
}  # fmt: skip
E_REV, TAU = np.array([0.0, -75e-3]), np.array([2e-3, 5e-3])
RATES, PEAKS = np.array([8000.0, 4000.0]), np.array([0.5e-9, 0.4e-9])


def network(neuron: dict[str, str] = EIF) -> Network:
    sources = [
        {
            "K": 400, "nu": f"{rate / 400} Hz", "synapse": "conductance", "J": f"{J} S", "tau_syn": f"{tau} s",
            "E_rev": f"{E} V",
        }
        for rate, J, tau, E in zip(RATES, PEAKS, TAU, E_REV, strict=True)
    ]  # fmt: skip
    noise = {"mu": "0 V/s", "sigma": "0 V/sqrt(s)"}
    return load(
        {"schema": 1, "populations": {"A": {"size": 100, "neuron": neuron, "noise": noise, "poisson": sources}}}
    )


def heard(E_rev: float, J: float, tau: float, kind: str) -> Network:
    """One source of 8,000 spikes/s through a synapse that need not be within the bounds of a spec."""
    plain = network(EIF | {"I_e": "200 pA"})
    source = replace(plain.populations["A"].poisson[0], J=J, synapse=Synapse(kind, J, tau_syn=tau, E_rev=E_rev))
    return replace(plain, populations={"A": replace(plain.populations["A"], poisson=(source,))})


def test_drift_and_diffusion_are_those_of_the_definition():
    problem = network_problem(network())
    mu, D, shunt = (x[0] for x in problem.inputs(np.zeros(1), np.zeros(1)))
    V = np.linspace(-75e-3, -45e-3, 7)
    g = RATES * PEAKS * TAU / C_m
    d = 0.5 * RATES * (PEAKS * TAU / C_m) ** 2 / (1.0 + TAU * (1.0 / TAU_M + g.sum()))
    at = at_drive(problem.nodes[0].problem, mu, D, shunt)
    drift = at.drift(V) + mu
    alone = problem.nodes[0].problem.drift(V) + problem.nodes[0].problem.mu
    assert drift - alone == pytest.approx(((g + d) * (E_REV - V[:, None])).sum(axis=1), rel=1e-9)
    assert at.diffusion(V, D) == pytest.approx((d * (E_REV - V[:, None]) ** 2).sum(axis=1), rel=1e-9)


@pytest.mark.parametrize("E_rev", [1e6, -1e6])
def test_far_reversal_potentials_are_current_synapses(E_rev):
    """J E_rev/C_m fixed: the drift is that of the current, the diffusion with what a filter of tau_syn leaves of it."""
    tau, charge = 2e-3, np.sign(E_rev) * 0.1e-3
    shared = np.zeros(1), np.zeros(1)
    mu, D, _ = network_problem(heard(0.0, charge, tau, "exponential")).inputs(*shared)
    found = network_problem(heard(E_rev, charge * C_m / (tau * E_rev), tau, "conductance")).inputs(*shared)
    assert found[0] == pytest.approx(mu, rel=1e-5)
    assert found[1] * (1.0 + tau / TAU_M) == pytest.approx(D, rel=2e-5)
    assert np.abs(found[2][0, 0]) < 1e-3


def test_the_rate_at_far_reversal_potentials_and_short_filters_is_that_of_the_current():
    tau, charge = 2e-5, 0.1e-3
    current = CoupledDensity(heard(0.0, charge, tau, "exponential")).rates()["A"]
    conductance = CoupledDensity(heard(1e6, charge * C_m / (tau * 1e6), tau, "conductance")).rates()["A"]
    assert current > 5.0
    assert conductance == pytest.approx(current, rel=5e-3)


def test_mean_V_without_spikes_is_that_of_the_drift_of_ito():
    """d<V>/dt = <F + D'>, which for F = sum (g + d)(E - V), D = sum d (E - V)^2 is linear: sum (g - d)(E - V)."""
    neuron = {k: v for k, v in EIF.items() if k not in ("V_peak", "Delta_T")} | {"model": "lif", "V_th": "-20 mV"}
    problem = network_problem(network(neuron))
    mu, D, shunt = (x[0] for x in problem.inputs(np.zeros(1), np.zeros(1)))
    at = at_drive(problem.nodes[0].problem, mu, D, shunt)
    op = operator_on(at, 0.1e-3, mu, D, mu)
    rate, p = frozen_state(op, mu, D, at.t_ref)
    g = RATES * PEAKS * TAU / C_m
    d = 0.5 * RATES * (PEAKS * TAU / C_m) ** 2 / (1.0 + TAU * (1.0 / TAU_M + g.sum()))
    mean = (-70e-3 / TAU_M + ((g - d) * E_REV).sum()) / (1.0 / TAU_M + (g - d).sum())
    assert rate < 1e-6
    assert float(p @ (op.width * op.centre)) == pytest.approx(mean, abs=2e-6)


def test_an_operator_moved_to_other_conductances_is_nearly_the_one_made_there():
    problem = network_problem(network())
    mu, D, shunt = (x[0] for x in problem.inputs(np.zeros(1), np.zeros(1)))
    node = problem.nodes[0].problem
    here = operator_on(at_drive(node, mu, D, shunt), 0.1e-3, mu, D, mu)
    there = operator_on(at_drive(node, mu, D, 1.2 * shunt), 0.1e-3, mu, D, mu)
    exact = frozen_state(there, mu, D, node.t_ref)[0]
    assert frozen_state(moved(here, 0.2 * shunt), mu, D, node.t_ref)[0] == pytest.approx(exact, rel=5e-3)
    assert abs(frozen_state(here, mu, D, node.t_ref)[0] / exact - 1.0) > 0.1


def test_a_bare_operator_and_the_conductances_of_a_step_are_the_operator():
    problem = network_problem(network())
    mu, D, shunt = (x[0] for x in problem.inputs(np.zeros(1), np.zeros(1)))
    node = problem.nodes[0].problem
    op = operator_on(at_drive(node, mu, D, shunt), 0.2e-3, mu, D, mu)
    up, down = np.zeros(op.width.size), np.zeros(op.width.size)
    assemble(bare(op, node.V_reset, shunt), mu, D, shunt, up, down)
    assert up == pytest.approx(op.up[0] + mu * op.up[1] + D * op.up[2], rel=1e-9)
    assert down == pytest.approx(op.down[0] + mu * op.down[1] + D * op.down[2], rel=1e-9, abs=1e-9)


def test_only_the_own_noise_of_a_finite_population_is_diffusion():
    problem = network_problem(network())
    node, K = problem.nodes[0].problem, {0: 400.0, 1: 400.0}
    whole = node_conductances(node, problem.projections, K, np.ones(2))
    part = node_conductances(node, problem.projections, K, np.full(2, 0.8))
    assert part.gain == pytest.approx(whole.gain)
    assert part.noise == pytest.approx(0.8 * whole.noise)

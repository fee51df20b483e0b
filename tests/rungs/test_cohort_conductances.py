"""Escape-noise neurons with conductances: against renewal theory, neurons in one loop, Brian2, and cohorts without."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from cohort_cases import plain, two_thresholds

from popdyn.analysis.operating import linearised
from popdyn.errors import SpecError
from popdyn.rungs.choose import density_rung
from popdyn.rungs.mixed import MixedDensity
from popdyn.spec import load
from popdyn.theory.cohort_march import march, start, stationary
from popdyn.theory.escape_renewal import renewal
from popdyn.theory.gif_problem import GifProblem

GIF = {
    "model": "gif", "C_m": "200 pF", "g_L": "10 nS", "E_L": "-70 mV", "V_reset": "-60 mV", "t_ref": "2 ms",
    "V_T_star": "-50 mV", "Delta_V": "2 mV", "lambda_0": "20 Hz",
}  # fmt: skip
ADEX = {
    "model": "adex", "C_m": "200 pF", "g_L": "10 nS", "E_L": "-70 mV", "V_th": "-50 mV", "V_reset": "-60 mV",
    "t_ref": "2 ms", "V_peak": "-40 mV", "Delta_T": "2 mV", "a": "0 nS", "b": "20 pA", "tau_w": "100 ms",
}  # fmt: skip
TRACES = {
    "tau_sfa": ["30 ms", "300 ms"], "q_sfa": ["2 mV", "1 mV"], "tau_stc": ["5 ms", "100 ms"],
    "q_stc": ["30 pA", "10 pA"],
}  # fmt: skip


def source(K: int, nu: float, J: float, tau: float, E_rev: float) -> dict[str, Any]:
    return {
        "K": K, "nu": f"{nu} Hz", "tau_syn": f"{tau} ms", "synapse": "conductance", "J": f"{J} nS",
        "E_rev": f"{E_rev} mV",
    }  # fmt: skip


def driven(neuron=GIF, size=2000, g_I=9.2, **more):
    """Mean conductances of 8 nS to 0 mV (2 ms) and g_I nS to -75 mV (5 ms); excitation steps up at 100 ms."""
    sources = [source(3600, 5.0, 8.0 / 36.0, 2.0, 0.0), source(300, 20.0, g_I / 30.0, 5.0, -75.0)]
    step = {"kind": "step", "target": "nu", "at": "100 ms", "amplitude": "0.4 Hz"}
    return load({
        "schema": 1,
        "populations": {"A": {"size": size, "neuron": neuron, "poisson": sources, **more}},
        "protocols": {"p": {"duration": "300 ms", "transient": "300 ms", "stimulus": [step]}},
    })  # fmt: skip


def network(E, I):  # noqa: E741
    wires = []
    for pre, K, J, tau, E_rev in (("E", 80, 0.5, 2, 0.0), ("I", 20, 2.0, 5, -75.0)):
        one = {"rule": "fixed_indegree", "K": K, "J": f"{J} nS", "tau_syn": f"{tau} ms", "E_rev": f"{E_rev} mV"}
        wires += [one | {"pre": pre, "post": post, "synapse": "conductance", "delay": "1.5 ms"} for post in "EI"]
    populations = {
        name: {"size": size, "neuron": neuron, "poisson": [source(800, nu, 0.5, 2.0, 0.0)],
               "noise": {"mu": "0 mV/ms", "sigma": "0.1 mV/sqrt(ms)"}}
        for name, size, neuron, nu in (("E", 1000, E, 8.0), ("I", 250, I, 7.0))
    }  # fmt: skip
    protocols = {"p": {"duration": "200 ms", "transient": "100 ms"}}
    return load({"schema": 1, "populations": populations, "connections": wires, "protocols": protocols})


def test_without_noise_it_is_renewal_theory_with_tau_eff():
    """A leak of 27 nS: exact but for the step, and the table of the hazard."""
    rung = density_rung(driven(), shot_noise="none")
    problem, _ = rung.working_point()["A"]
    assert problem.tau_eff == pytest.approx(200.0 / 27.2 * 1e-3)
    plainly = replace(problem, tau_m=problem.tau_eff, colours=(), reversals=(), shunt=0.0)
    assert rung.rates()["A"] == pytest.approx(renewal(plainly).rate, rel=3e-4)


@pytest.mark.parametrize("frozen", [{}, {"V_T_star": 2e-3, "mu": 0.1, "V_reset": 2e-3, "adaptation": 0.3, "gain": 1.0}])
def test_no_conductance_is_none(frozen):
    """All variables along the other way, which hands fast ones to V by the step: 2e-3 of trajectories."""
    problem = two_thresholds(
        22e-3, sigma=0.02, tau_stc=(5e-3, 60e-3), q_stc=(1e-12, 2e-12), C_m=1e-9, colours=(4e-3,), frozen=frozen
    )
    other = replace(problem, colours=(4e-3, 3e-3), reversals=(0.05,))
    t = 5e-4 * np.arange(3000)
    mu, D = problem.mu * (1.0 + 0.4 * np.sign(np.sin(20.0 * t))), np.full((t.size, 3), 1e-4)
    D[:, 2], gain = 0.0, np.full(t.size, 0.1)
    one, two = (march(start(p), mu, d, gain=gain)[0] for p, d in ((problem, D[:, :2]), (other, D)))
    assert np.sqrt(np.mean((one - two)[400:] ** 2)) < 2e-3 * np.std(one[400:])
    assert two[400:].mean() == pytest.approx(one[400:].mean(), rel=3e-4)


def test_far_reversals_are_currents():
    problem = replace(plain(16e-3), colours=(4e-3,))
    far = replace(problem, reversals=(1e4,))
    current = stationary(problem, D=np.array([0.0, 8e-4])).rate
    assert stationary(far, D=np.array([0.0, 8e-12])).rate == pytest.approx(current, rel=1e-3)
    assert current > 1.1 * stationary(plain(16e-3)).rate


def test_moments_of_a_free_membrane():
    """Against 2,000 neurons under shot noise of conductances, 1.2 s: <V> within 0.05 mV, its variance within 2 %."""
    neuron = {k: v for k, v in GIF.items() if k not in ("V_reset", "t_ref")} | {"model": "poisson"}
    rung = density_rung(driven(neuron))
    problem, D = rung.working_point()["A"]
    cohorts = start(problem, V_mean=-55e-3)
    march(cohorts, np.full(2000, problem.mu), np.tile(D, (2000, 1)))
    state = cohorts.state
    size = cohorts.model.modes.shape[1]
    mean = problem.E_L + state.own[2 * size] + state.own[0] * state.slots[1, 0]
    variance = state.own[0] ** 2 * state.slots[1 + size, 0]
    V = free_membrane(2000, 1.2, 1e-4)
    assert mean == pytest.approx(V.mean(), abs=5e-5)
    assert variance == pytest.approx(V.var(), rel=0.02)


def free_membrane(size: int, seconds: float, dt: float):
    """V [V] of neurons at random times, without spikes; each step exact at the conductances in its middle."""
    rng = np.random.default_rng(1)
    C, g_L, E_L, found = 200e-12, 10e-9, -70e-3, []
    V, g = np.full(size, -52e-3), np.zeros((2, size))
    g[0], g[1] = 8e-9, 9.2e-9
    inputs = ((18e3, 8e-9 / 36.0, 2e-3, 0.0), (6e3, 9.2e-9 / 30.0, 5e-3, -75e-3))
    for step in range(round(seconds / dt)):
        total, push = np.full(size, g_L), np.full(size, g_L * E_L)
        for k, (rate, J, tau, E_rev) in enumerate(inputs):
            total += g[k] * (tau / dt) * -np.expm1(-dt / tau)
            push += g[k] * (tau / dt) * -np.expm1(-dt / tau) * E_rev
            g[k] = g[k] * np.exp(-dt / tau) + J * rng.poisson(rate * dt, size)
        rest = push / total
        V = rest + (V - rest) * np.exp(-dt * total / C)
        if step * dt > 0.1 and step % 100 == 0:
            found.append(V.copy())
    return np.array(found)


TRUTH = {
    "plain": (GIF, 9.2, 10.560),
    "thresholds": (GIF | {k: v for k, v in TRACES.items() if "sfa" in k}, 9.2, 5.357),
    "currents": (GIF | {k: v for k, v in TRACES.items() if "stc" in k}, 8.0, 13.169),
    "sharp": (GIF | {"Delta_V": "1 mV"}, 9.2, 8.311),
}
"""Rates [Hz] of 4,000 neurons of Brian2 over 2 s, standard errors 0.015 to 0.027; more in tests/verification."""


@pytest.mark.parametrize("case", TRUTH)
def test_rates_are_those_of_neurons(case):
    neuron, g_I, truth = TRUTH[case]
    assert density_rung(driven(neuron, g_I=g_I)).rates()["A"] == pytest.approx(truth, rel=8e-3)


def test_a_step_of_the_input_and_of_time():
    """Trajectories of 0.5 ms and 0.1 ms differ by 1 %; the rate follows the conductance."""
    spec = driven(GIF | TRACES)
    coarse, fine = (density_rung(spec, dt=dt).simulate("p") for dt in (5e-4, 1e-4))
    before, after = (coarse["rate"].sel(time=slice(*at)).mean() for at in ((0.0, 0.1), (0.11, 0.15)))
    assert float(after) > 1.3 * float(before)
    miss = coarse["rate"] - fine["rate"]
    assert float(np.sqrt((miss[:, 200:] ** 2).mean())) < 1e-2 * float(fine["rate"][:, 200:].std())
    assert coarse.attrs["mass_error"] < 1e-12


def test_finite_size_fluctuates_about_it():
    spec = driven(GIF | TRACES | {"V_T_star": {"normal": ["-50 mV", "1 mV"]}}, size=400)
    rung = density_rung(spec, finite=True)
    one, again, other = (rung.simulate("p", seed=s) for s in (1, 1, 2))
    assert np.array_equal(one["rate"], again["rate"])
    assert not np.array_equal(one["rate"], other["rate"])
    assert one.attrs["mass_error"] < 1e-11
    assert rung.rates()["A"] == pytest.approx(density_rung(spec).rates()["A"], rel=0.05)


def test_populations_that_open_each_others_conductances():
    """Alone and beside densities; the working point of the latter is where the march stays."""
    both = density_rung(network(GIF | TRACES, GIF))
    assert all(2.0 < rate < 60.0 for rate in both.rates().values())
    mixed = density_rung(network(ADEX, GIF))
    assert isinstance(mixed, MixedDensity)
    at = dict(zip(mixed.derivation.problem.names, mixed.derivation.point.rates, strict=True))
    assert mixed.rates() == pytest.approx(at, rel=2e-2)
    assert mixed.simulate("p").attrs["mass_error"] < 1e-10
    finite = density_rung(network(ADEX, GIF), finite=True).simulate("p", seed=1)
    assert finite.attrs["mass_error"] < 1e-10


def test_analyses_of_conductances_are_refused_by_name():
    with pytest.raises(SpecError, match='"conductance" in an analysis'):
        linearised(driven())


def test_nothing_of_it_without_conductances():
    assert not GifProblem(20e-3, 0.0, 0.0, 4e-3, 10.0, 2e-3, 15e-3).shunted

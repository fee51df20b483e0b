"""The density rung of escape-noise networks: rates, trajectories, what it refuses, sparse networks spike by spike."""

import numpy as np
import pytest
from spiking_gif_network import spikes

from popdyn.errors import DomainError, UsageError
from popdyn.rungs.choose import density_rung
from popdyn.rungs.cohort_density import CohortDensity
from popdyn.spec import load
from popdyn.spec.network import Protocol
from popdyn.theory.cohort_grid import AgeGrid
from popdyn.theory.cohort_march import stationary
from popdyn.theory.gif_population import gif_problem

GIF = {
    "model": "gif", "C_m": "150 pF", "tau_m": "15 ms", "E_L": "0 mV", "V_reset": "0 mV", "t_ref": "4 ms",
    "lambda_0": "10 Hz", "Delta_V": "3 mV", "V_T_star": "15 mV", "tau_sfa": ["30 ms", "500 ms"],
    "q_sfa": ["3 mV", "0.6 mV"],
}  # fmt: skip
STEP = {"population": "E", "target": "mu", "kind": "step", "at": "100 ms", "amplitude": "0.4 mV/ms"}


def alone(neuron=GIF, mu=16.0 / 15.0, sigma=0.0, size=500, **more):
    population = {"size": size, "neuron": neuron, "noise": {"mu": f"{mu} mV/ms", "sigma": f"{sigma} mV/sqrt(ms)"}}
    return load({
        "schema": 1, "populations": {"E": population | more},
        "protocols": {"p": {"duration": "300 ms", "transient": "200 ms", "stimulus": [STEP]}},
    })  # fmt: skip


def test_an_uncoupled_population_is_its_stationary_state():
    network = alone(sigma=0.5)
    rung = density_rung(network)
    assert isinstance(rung, CohortDensity)
    theory = stationary(gif_problem(network.populations["E"]))
    assert rung.rates()["E"] == pytest.approx(theory.rate, rel=1e-4)
    assert theory.rate > 5.0


def test_a_trajectory_has_the_form_of_the_other_rungs():
    rung = density_rung(alone())
    data = rung.simulate("p")
    assert data["rate"].dims == ("run", "time", "population")
    assert data["rate"].shape == (1, 500, 1)
    assert data.attrs["mass_error"] < 1e-12
    assert data.attrs["rung"] == "density"
    before, after = data["rate"].sel(time=slice(0.05, 0.1)).mean(), data["rate"].sel(time=slice(0.12, 0.3)).mean()
    assert float(after) > 1.5 * float(before)
    assert np.array_equal(data["rate"], rung.simulate("p", seed=5)["rate"])
    finer = density_rung(alone(), dt=1e-4).simulate("p")
    assert np.max(np.abs(data["rate"] - finer["rate"])) < 5e-3 * float(data["rate"].max())
    assert np.max(np.abs(data["V_mean"] - finer["V_mean"])) < 1e-4


def test_mean_spike_triggered_current():
    """Without change in time <eta> = tau q r, the whole of the adaptation that dV/dt has."""
    neuron = {k: v for k, v in GIF.items() if "sfa" not in k} | {
        "tau_stc": ["80 ms", "15 ms"],
        "q_stc": ["20 pA", "9 pA"],
    }
    rung = density_rung(alone(neuron, mu=1.5))
    data = rung.simulate(Protocol("rest", 0.2, 1.5, 0))
    expected = rung.rates()["E"] * (80e-3 * 20e-12 + 15e-3 * 9e-12)
    assert float(data["w_mean"].sel(time=slice(0.0, None)).mean()) == pytest.approx(expected, rel=1e-2)


def test_poisson_neurons_fire_as_their_free_potential_says():
    """r = lambda_0 <exp((V - V_T_star)/Delta_V)> of a normal V."""
    neuron = {"model": "poisson", "C_m": "150 pF", "tau_m": "15 ms", "E_L": "0 mV", "V_T_star": "15 mV",
              "Delta_V": "3 mV", "lambda_0": "10 Hz"}  # fmt: skip
    rate = density_rung(alone(neuron, mu=1.0, sigma=1.0)).rates()["E"]
    variance = 0.5 * 1.0 * 15.0
    assert rate == pytest.approx(10.0 * np.exp(0.5 * variance / 9.0), rel=1e-3)
    finite = density_rung(alone(neuron, mu=1.0, sigma=1.0), finite=True).rates()["E"]
    assert abs(finite - rate) < 5.0 * np.sqrt(rate / 500 / 5.0)


def test_coupled_poisson_neurons_are_self_consistent():
    """r = lambda_0 exp((tau_m (mu + K J r) - V_T_star)/Delta_V) where the input has no noise, of any size."""
    neuron = {"model": "poisson", "C_m": "150 pF", "tau_m": "15 ms", "E_L": "0 mV", "V_T_star": "15 mV",
              "Delta_V": "3 mV", "lambda_0": "10 Hz"}  # fmt: skip
    population = {"size": 1000, "neuron": neuron, "noise": {"mu": "1 mV/ms", "sigma": "0 mV/sqrt(ms)"}}
    wire = {"pre": "E", "post": "E", "rule": "all_to_all", "J": "-0.02 mV", "delay": "1 ms"}
    network = load({"schema": 1, "populations": {"E": population}, "connections": [wire]})
    rate = density_rung(network, shot_noise="none").rates()["E"]
    assert rate == pytest.approx(10.0 * np.exp(-15e-3 * 1000 * 0.02 * rate / 3.0), rel=1e-4)
    assert density_rung(network, finite=True).rates()["E"] == pytest.approx(rate, rel=0.05)


def test_response_and_equations():
    rung = density_rung(alone())
    H = rung.linear_response(np.array([0.0, 100.0]), population="E")
    assert abs(H[1]) < abs(H[0])
    text = rung.equations()
    assert "a(0.03), a(0.5)" in text
    assert "q_sfa_1 = 3 mV" in text


def test_what_it_refuses():
    with pytest.raises(DomainError, match="C_m"):
        CohortDensity(
            alone(
                {k: v for k, v in GIF.items() if k != "tau_m"}
                | {"g_L": "10 nS", "C_m": {"normal": ["150 pF", "10 pF"]}}
            )
        )
    with pytest.raises(UsageError, match="closure"):
        density_rung(alone(), closure="hermite2")
    with pytest.raises(UsageError, match="1 ms divided"):
        density_rung(alone(), dt=3e-4)


def test_heterogeneity_of_the_spec():
    """Thresholds spread by Delta_V raise the rate of a population below threshold."""
    spread = alone(GIF | {"V_T_star": {"normal": ["15 mV", "3 mV"]}}, mu=0.7)
    homogeneous = alone(mu=0.7)
    many, one = density_rung(spread), density_rung(homogeneous)
    assert many.problems["E"].frozen == {"V_T_star": pytest.approx(3e-3)}
    assert many.rates()["E"] > 1.1 * one.rates()["E"]


def pair(rule, J=0.3):
    """An adapting excitatory and an inhibitory population with sparse exponential synapses."""
    adapting = GIF | {"tau_sfa": ["100 ms", "300 ms"], "q_sfa": ["1 mV", "0.5 mV"]}
    plain = {k: v for k, v in GIF.items() if "sfa" not in k}
    noise = {"mu": "1.25 mV/ms", "sigma": "0 mV/sqrt(ms)"}
    wires = []
    for pre, K, weight, tau in (("E", 80, J, "3 ms"), ("I", 20, -5.0 * J, "6 ms")):
        for post in "EI":
            one = (
                {"p": K / {"E": 1000, "I": 250}[pre]} if rule == "pairwise_bernoulli" else {"K": K, "multapses": False}
            )
            wires.append({"pre": pre, "post": post, "J": f"{weight} mV", "synapse": "exponential", "tau_syn": tau,
                          "delay": "1 ms", "rule": rule, **one})  # fmt: skip
    return load({
        "schema": 1,
        "populations": {
            "E": {"size": 1000, "neuron": adapting, "noise": noise},
            "I": {"size": 250, "neuron": plain, "noise": noise},
        },
        "connections": wires,
    })  # fmt: skip


@pytest.mark.parametrize("rule", ["fixed_indegree", "pairwise_bernoulli"])
def test_rates_of_a_sparse_network_are_those_of_its_neurons(rule):
    """One network of 1,250 neurons, 8 s: 1.5 % (standard error of E about 0.4 %), and lower without shot noise."""
    network = pair(rule)
    counts = spikes(network, 10.0, 5e-4, 1)[:, 4000:].sum(axis=1) / np.array([1000, 250]) / 8.0
    found = np.array(list(density_rung(network).rates().values()))
    assert found == pytest.approx(counts, rel=1.5e-2)
    silent = np.array(list(density_rung(network, shot_noise="none").rates().values()))
    assert silent[0] < 0.98 * found[0]


def test_populations_with_unequal_numbers_of_noise_sources_do_not_touch_each_other():
    """Four traces and no filtered input beside three filtered inputs and no trace: each as it is alone."""
    adapting = GIF | {"tau_sfa": ["20 ms", "50 ms", "100 ms", "200 ms"], "q_sfa": ["1 mV"] * 4}
    bare = GIF | {"tau_sfa": [], "q_sfa": []}
    source = {"K": 100, "nu": "10 Hz", "J": "0.3 mV", "synapse": "exponential"}
    heard = [source | {"tau_syn": f"{tau} ms"} for tau in (3, 6, 9)]
    A = {"size": 100, "neuron": adapting, "noise": {"mu": "1.3 mV/ms"}}
    B = {"size": 100, "neuron": bare, "noise": {"mu": "0.9 mV/ms"}, "poisson": heard}
    protocols = {"p": {"duration": "100 ms", "transient": "0 ms"}}

    def rate(**populations):
        network = load({"schema": 1, "populations": populations, "protocols": protocols})
        return CohortDensity(network, grid=AgeGrid()).simulate("p")["rate"].values[0]

    assert np.array_equal(rate(A=A, B=B), np.concatenate([rate(A=A), rate(B=B)], axis=1))

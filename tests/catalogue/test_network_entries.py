"""Entries of reference_sims/ whose truth is no digest: every case has a spec, runs that are its truth, and a source.

That spec and script are the same network is checked number by number: what is in one and not in the other fails.
"""

import importlib.util
import json
import re

import pytest
import reference_truths as catalogue

from popdyn.spec import load

CASES = [(name, case) for name in catalogue.entries() for case in catalogue.read_cases(name)["cases"]]


def spec_of(name, case):
    return load(catalogue.HERE / name / catalogue.read_cases(name)["cases"][case]["spec"])


def script(name, file):
    path = catalogue.HERE / name / file
    spec = importlib.util.spec_from_file_location(f"{name}_{path.stem}", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_every_truth_has_cases_and_every_spec_is_one():
    assert catalogue.entries() == sorted(path.parent.name for path in catalogue.HERE.glob("*/truth.json"))
    for name in catalogue.entries():
        named = {case["spec"] for case in catalogue.read_cases(name)["cases"].values()}
        assert named == {path.name for path in (catalogue.HERE / name).glob("network*.toml")}
        assert catalogue.read_cases(name)["source"]


@pytest.mark.parametrize(("name", "case"), CASES)
def test_spec_loads_under_its_own_name(name, case):
    network = spec_of(name, case)
    assert network.name in (name, f"{name}_{case}")
    assert network.connections
    assert set(catalogue.read_cases(name)["cases"][case]["rates"]) == set(network.populations)


@pytest.mark.parametrize(("name", "case"), CASES)
def test_truth_has_its_standard_errors(name, case):
    runs = catalogue.runs_of(name, case)
    assert runs, "no run of truth.json is the truth of this case"
    published = runs[0]["method"] == catalogue.PUBLISHED
    assert all(rate > 0.0 for rate, _ in catalogue.rates(name, case).values())
    if not published:
        found = catalogue.truth(name, case)
        assert all(0.0 < error < 0.05 * value for value, error in found.values())
        assert found


@pytest.mark.parametrize(("case", "g", "eta"), [("5_2", 5.0, 2.0), ("6_4", 6.0, 4.0), ("4p5_0p9", 4.5, 0.9)])
def test_brunel_a_is_the_network_of_its_script(case, g, eta):
    of, network = script("brunel_a", "event_driven.py"), spec_of("brunel_a", case)
    assert {name: p.size for name, p in network.populations.items()} == {"E": of.N_E, "I": of.N_I}
    for population in network.populations.values():
        p = population.neuron.parameters
        assert p["C_m"] / p["g_L"] == pytest.approx(of.TAU)
        assert (p["E_L"], p["t_ref"]) == (0.0, of.T_REF)
        assert (p["V_th"], p["V_reset"]) == pytest.approx((of.V_TH * 1e-3, of.V_RESET * 1e-3))
        (source,) = population.poisson
        assert source.K * source.nu == pytest.approx(of.K_E * eta * of.NU_THR)
        jump = source.J * 1e3
        assert (source.K, jump) == pytest.approx((of.K_E, of.J))
    assert len(network.connections) == 4
    for c in network.connections:
        K, J = (of.K_E, of.J) if c.pre == "E" else (of.K_I, -g * of.J)
        assert (c.rule, c.K, c.multapses) == ("fixed_indegree", K, False)
        assert not (c.autapses and c.pre == c.post)
        assert (c.synapse.kind, c.synapse.J, c.synapse.delay) == ("delta", pytest.approx(J * 1e-3), of.DELAY)


def test_brunel_hakim_is_the_network_of_its_script():
    of, network = script("brunel_hakim", "plain_brian2.py"), spec_of("brunel_hakim", "baseline")
    population, (c,) = network.populations["I"], network.connections
    p, tau = population.neuron.parameters, of.TAU * 1e-3
    assert (population.size, c.K, c.multapses, c.autapses) == (of.N, of.K, False, False)
    assert (p["C_m"] / p["g_L"], p["t_ref"], p["E_L"]) == pytest.approx((tau, of.T_REF * 1e-3, 0.0))
    assert (p["V_th"], p["V_reset"], c.synapse.J) == pytest.approx((of.V_TH * 1e-3, of.V_RESET * 1e-3, of.J * 1e-3))
    assert c.synapse.delay == pytest.approx(of.DELAY * 1e-3)
    assert population.noise.mu * tau == pytest.approx(of.MU * 1e-3)
    assert population.noise.sigma * tau**0.5 == pytest.approx(of.SIGMA * 1e-3)


ADEX = {"C_m": 200e-12, "g_L": 10e-9, "E_L": -65e-3, "V_th": -50e-3, "Delta_T": 1.5e-3, "V_peak": -40e-3,
        "V_reset": -70e-3, "a": 4e-9, "E_w": -80e-3}  # fmt: skip


@pytest.mark.parametrize("number", [1, 2, 3, 4, 5])
def test_adex_ei_is_the_network_of_its_set(number):
    of, network = script("adex_ei", "plain_brian2.py"), spec_of("adex_ei", str(number))
    sets = json.loads((catalogue.HERE / "adex_ei" / "sets.json").read_text(encoding="utf-8"))
    s = next(each for each in sets if each["set"] == number)
    assert {name: p.size for name, p in network.populations.items()} == of.N
    for name, population in network.populations.items():
        wanted = ADEX | {"b": s["b_E"] * 1e-12 if name == "E" else 0.0, "tau_w": s["tau_w"] * 1e-3, "t_ref": 2e-3}
        assert {k: population.neuron.parameters[k] for k in wanted} == pytest.approx(wanted)
        assert population.noise.mu == pytest.approx(s[f"mu_{name}"])
        assert population.noise.sigma == pytest.approx(s["sigma"] * 1e-3 / 1e-3**0.5)
    assert len(network.connections) == 4
    for c in network.connections:
        K, J = (of.K_E, s["J"]) if c.pre == "E" else (of.K_I, -s["g"] * s["J"])
        assert (c.rule, c.K, c.multapses) == ("fixed_indegree", K, False)
        assert not (c.autapses and c.pre == c.post)
        assert (c.synapse.J, c.synapse.delay) == pytest.approx((J * 1e-3, s["delay"] * 1e-3))


@pytest.mark.parametrize("case", ["a", "b"])
def test_adaptation_oscillation_is_the_network_of_its_script(case):
    of, network = script("adaptation_oscillation", "exact_arrivals.py"), spec_of("adaptation_oscillation", case)
    settings = catalogue.read_cases("adaptation_oscillation")["cases"][case]["settings"]
    population, (c,) = network.populations["E"], network.connections
    wanted = {"C_m": of.C_M * 1e-12, "g_L": of.G_L * 1e-9, "E_L": of.E_L * 1e-3, "V_th": of.V_TH * 1e-3, "t_ref": 0.0,
              "Delta_T": of.DELTA_T * 1e-3, "V_peak": of.V_PEAK * 1e-3, "V_reset": of.V_RESET * 1e-3, "a": of.A * 1e-9,
              "E_w": of.E_W * 1e-3, "tau_w": of.TAU_W * 1e-3, "b": 60e-12}  # fmt: skip
    assert {k: population.neuron.parameters[k] for k in wanted} == pytest.approx(wanted)
    assert (population.size, c.K, c.multapses, c.autapses) == (settings["size"], of.K, False, False)
    assert (c.synapse.J, c.synapse.delay) == pytest.approx((0.35e-3, of.DELAY * 1e-3))
    assert population.noise.mu == pytest.approx(settings["mu"])
    assert population.noise.sigma == pytest.approx(settings["sigma"] * 1e-3 / 1e-3**0.5)


def test_gif_ei_is_the_network_of_its_script():
    of, network = script("gif_ei", "plain_brian2.py"), spec_of("gif_ei", "baseline")
    assert {name: p.size for name, p in network.populations.items()} == of.N
    for name, population in network.populations.items():
        p = population.neuron.parameters
        assert p["C_m"] / p["g_L"] == pytest.approx(of.TAU_M * 1e-3)
        wanted = {"E_L": 0.0, "V_reset": 0.0, "V_T_star": of.V_T * 1e-3, "Delta_V": of.DELTA * 1e-3,
                  "lambda_0": of.LAMBDA_0, "t_ref": of.T_REF[name] * 1e-3}  # fmt: skip
        assert {k: p[k] for k in wanted} == pytest.approx(wanted)
        pairs = zip(of.TAU_SFA, of.Q_SFA[name], strict=True)
        traces = [value for tau, q in pairs if q for value in (tau * 1e-3, q * 1e-3)]
        assert [p[f"{k}_{n}"] for n in (1, 2) for k in ("tau_sfa", "q_sfa") if f"{k}_{n}" in p] == pytest.approx(traces)
        assert (population.noise.mu, population.noise.sigma) == (of.MU[name], 0.0)
    assert len(network.connections) == 4
    for c in network.connections:
        assert (c.rule, c.K, c.multapses) == ("fixed_indegree", of.K[c.pre], False)
        assert not (c.autapses and c.pre == c.post)
        assert (c.synapse.kind, c.synapse.delay) == ("exponential", pytest.approx(of.DELAY * 1e-3))
        assert (c.synapse.J, c.synapse.tau_syn) == pytest.approx((of.J[c.pre] * 1e-3, of.TAU_SYN[c.pre] * 1e-3))


def test_bernoulli_rates_is_the_network_of_its_script():
    of, network = script("bernoulli_rates", "plain_brian2.py"), spec_of("bernoulli_rates", "baseline")
    assert {name: p.size for name, p in network.populations.items()} == of.N
    wanted = {k: ADEX[k] for k in ("C_m", "g_L", "E_L", "V_th", "Delta_T", "V_peak", "V_reset")}
    for population in network.populations.values():
        assert population.neuron.model == "eif"
        assert {k: population.neuron.parameters[k] for k in wanted} == pytest.approx(wanted)
        assert population.neuron.parameters["t_ref"] == pytest.approx(of.T_REF * 1e-3)
        assert (population.noise.mu, population.noise.sigma) == pytest.approx((of.MU, of.SIGMA * 1e-3 / 1e-3**0.5))
    assert len(network.connections) == 4
    for c in network.connections:
        assert (c.rule, c.p) == ("pairwise_bernoulli", of.P)
        assert not (c.autapses and c.pre == c.post)
        assert (c.synapse.J, c.synapse.delay) == pytest.approx((of.J[c.pre] * 1e-3, of.DELAY * 1e-3))


def test_the_microcircuit_has_its_published_size():
    """77,169 neurons and 299 million synapses; of the table of probabilities its largest and smallest entries."""
    network = spec_of("microcircuit", "poisson")
    assert sum(p.size for p in network.populations.values()) == 77_169
    assert sum(c.number for c in network.connections) == pytest.approx(299e6, rel=2e-3)
    assert len(network.connections) == 55
    for pre, post, p in (("L5I", "L5E", 0.3726), ("L5I", "L4E", 0.0003), ("L23E", "L23E", 0.1009)):
        (c,) = [c for c in network.connections if (c.pre, c.post) == (pre, post)]
        pairs = network.populations[pre].size * network.populations[post].size
        assert 1 - (1 - 1 / pairs) ** c.number == pytest.approx(p, rel=1e-4)
    for c in network.connections:
        mean, std = c.synapse.weight.parameters[:2]
        assert abs(mean) == pytest.approx(87.8e-12 * 0.5e-3 / 250e-12 * weight_factor(c), rel=1e-9)
        assert std == pytest.approx(0.1 * abs(mean))


def weight_factor(c):
    if re.fullmatch(r"L\d+I", c.pre):
        return 4.0
    return 2.0 if (c.pre, c.post) == ("L4E", "L23E") else 1.0

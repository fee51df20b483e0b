"""What a spec resolves to: defaults, names, conventions, units; the same network whatever way it is written."""

from __future__ import annotations

import json
import math
import random
import subprocess
import sys
import tomllib
from dataclasses import replace
from pathlib import Path

import pytest
from hostile_corpus import BASE, CSV_BLOCK
from random_specs import draw_network, draw_spec, write

from popdyn.errors import SpecError, UsageError
from popdyn.neurons import MODELS
from popdyn.parameters import Parameter
from popdyn.quantities import format_quantity
from popdyn.spec import Network, from_dict, load, spec_hash, to_dict
from popdyn.spec.names import ALIASES

EXAMPLES = Path(__file__).parents[2] / "examples"


def spec(neuron: dict, noise: dict | None = None, **rest: object) -> dict:
    population = {"size": 10, "neuron": neuron, "noise": noise or {"sigma": "2 mV/sqrt(ms)"}}
    return {"schema": 1, "populations": {"E": population | rest.pop("population", {})}, **rest}


def parameters(neuron: dict) -> dict[str, float]:
    return dict(load(spec(neuron)).populations["E"].neuron.parameters)


@pytest.mark.parametrize("model", MODELS)
def test_defaults_of_the_registry(model):
    found = parameters({"model": model})
    assert list(found) == [p.name for p in MODELS[model].parameters]
    for p in MODELS[model].parameters:
        assert found[p.name] == (found[p.default] if isinstance(p.default, str) else p.default)


@pytest.mark.parametrize("alias", ALIASES, ids=lambda alias: alias.name)
def test_alias(alias):
    """A name of another tool, in that tool's unit, is the same network as our name in our unit."""
    model = next(
        m for m in ("lif", "eif", "adex", "gif") if alias.meaning in {"tau_m", *(p.name for p in MODELS[m].parameters)}
    )
    theirs_and_ours = {"nF": ("0.25 nF", "250 pF"), "nA": ("0.01 nA", "10 pA")}
    usual = {"pF": "250 pF", "pA": "10 pA", "nS": "12 nS", "ms": "7.5 ms", "mV": "-66 mV", "Hz": "5 Hz"}
    special = {"V_th": "-49 mV", "V_peak": "-35 mV", "Delta_T": "2 mV", "Delta_V": "3 mV"}
    text = special.get(alias.meaning) or usual.get(alias.unit, "")
    shown = theirs_and_ours.get(alias.unit, (text, text))
    theirs, ours = (
        load(spec({"model": model, name: text})) for name, text in zip((alias.name, alias.meaning), shown, strict=True)
    )
    assert theirs == ours
    assert theirs.spec_hash == ours.spec_hash


def test_membrane_time_constant():
    given = {"model": "lif", "C_m": "300 pF", "tau_m": "15 ms"}
    assert parameters(given)["g_L"] == pytest.approx(20e-9, rel=1e-15)
    given = {"model": "lif", "g_L": "20 nS", "tau_m": "15 ms"}
    assert parameters(given)["C_m"] == pytest.approx(300e-12, rel=1e-15)
    given = {"model": "lif", "g_L": "20 nS", "C_m": "300 pF", "tau_m": "15 ms"}
    assert parameters(given)["C_m"] == 300e-12
    given = {"model": "lif", "tau_m": "10 ms"}
    assert parameters(given)["C_m"] == 200e-12
    assert parameters(given)["g_L"] == pytest.approx(20e-9, rel=1e-15)


def test_noise_conventions():
    """Survey: mu = mu_B/tau, sigma = sigma_B/sqrt(tau), sigma_B = sqrt(2) sigma_R; with tau_m = 20 ms."""
    neuron = {"model": "lif", "tau_m": "20 ms"}
    ours = load(spec(neuron, {"mu": "0.7 mV/ms", "sigma": "1 mV/sqrt(ms)"})).populations["E"].noise
    brunel = {"convention": "brunel", "mu": "14 mV", "sigma": f"{math.sqrt(20):.17g} mV"}
    richardson = {"convention": "richardson", "mu": "14 mV", "sigma": f"{math.sqrt(10):.17g} mV"}
    for table in (brunel, richardson):
        theirs = load(spec(neuron, table)).populations["E"].noise
        assert theirs.mu == pytest.approx(ours.mu, rel=1e-12)
        assert theirs.sigma == pytest.approx(ours.sigma, rel=1e-12)
    five = load(spec(neuron, {"convention": "brunel", "mu": "5 mV", "sigma": "5 mV"})).populations["E"].noise
    assert five.mu == pytest.approx(0.25, rel=1e-12)
    assert five.sigma == pytest.approx(5e-3 / math.sqrt(0.02), rel=1e-12)


def test_the_free_membrane_has_the_same_spread_in_all_conventions():
    """Var V = sigma^2 tau / 2 = sigma_B^2 / 2 = sigma_R^2."""
    neuron = {"model": "lif", "tau_m": "20 ms"}
    for convention, variance in (("brunel", 16.0 / 2), ("richardson", 16.0)):
        noise = load(spec(neuron, {"convention": convention, "sigma": "4 mV"})).populations["E"].noise
        assert noise.sigma**2 * 0.02 / 2 * 1e6 == pytest.approx(variance, rel=1e-12)


def test_poisson_drive():
    population = {"poisson": [{"K": 100, "nu": "5 Hz", "J": "0.1 mV"}, {"K": 2, "nu": "0.5 kHz", "J": "-0.2 mV"}]}
    found = load(spec({"model": "lif"}, population=population)).populations["E"].poisson
    assert [(d.K, d.nu, d.J) for d in found] == [(100, 5.0, 1e-4), (2, 500.0, -2e-4)]


def test_initial_condition():
    adex = {"model": "adex", "a": "4 nS", "E_L": "-65 mV", "E_w": "-80 mV"}
    start = load(spec(adex)).populations["E"].initial
    assert (start.V_mean, start.V_std) == (-0.065, 0.002)
    assert (start.w_mean, start.w_std) == (pytest.approx(60e-12), 0.0)
    given = {"initial": {"V": "-70 mV", "w": {"normal": ["5 pA", "1 pA"]}}}
    start = load(spec(adex, population=given)).populations["E"].initial
    assert (start.V_mean, start.V_std, start.w_mean, start.w_std) == (-0.07, 0.0, 5e-12, 1e-12)
    above = load(spec({"model": "lif", "E_L": "-40 mV"})).populations["E"].initial
    assert above.V_mean == -0.07


@pytest.mark.parametrize(
    ("neuron", "transient"),
    [
        ({"model": "lif", "tau_m": "20 ms"}, 0.2),
        ({"model": "lif", "tau_m": "50.1 ms"}, 0.251),
        ({"model": "adex", "tau_w": "200 ms"}, 0.8),
        ({"model": "adex", "tau_w": "100.3 ms"}, 0.402),
    ],
)
def test_default_transient_and_protocol(neuron, transient):
    """max(200 ms, 5 tau_m, 4 tau_w), rounded up to a millisecond."""
    network = load(spec(neuron))
    assert list(network.protocols) == ["baseline"]
    baseline = network.protocols["baseline"]
    assert (baseline.duration, baseline.transient, baseline.seed, baseline.stimuli) == (1.0, transient, 0, ())


def test_stimulus_defaults():
    protocol = {"duration": "700 ms", "stimulus": [{"target": "mu", "kind": "step", "amplitude": "1 mV/ms"}]}
    stimulus = load(spec({"model": "lif"}, protocols={"p": protocol})).protocols["p"].stimuli[0]
    assert stimulus.population == "E"
    assert stimulus.parameters == {"at": 0.0, "until": 0.7, "amplitude": 1.0}


def test_csv_beside_the_spec(tmp_path):
    (tmp_path / "spec.toml").write_text(BASE + CSV_BLOCK)
    (tmp_path / "drive.csv").write_text("t, value\r\n0, 0.1\r\n\n100, .5\n100, -1e-1\n")
    network = load(tmp_path / "spec.toml")
    points = network.protocols["main"].stimuli[3].parameters
    assert points == {"times": (0.0, 0.1, 0.1), "values": (0.1, 0.5, -0.1)}
    inline = CSV_BLOCK.replace('file = "drive.csv"', "times = [0, 100, 100]\nvalues = [0.1, 0.5, -0.1]")
    assert load(tomllib.loads(BASE + inline)) == network
    assert load(json.loads(json.dumps(to_dict(network)))) == network


def test_toml_and_json_and_dict_and_network_are_one(tmp_path):
    (tmp_path / "a.toml").write_text(BASE)
    (tmp_path / "a.json").write_text(json.dumps(tomllib.loads(BASE)))
    (tmp_path / "bom.toml").write_text("\ufeff" + BASE)
    (tmp_path / "without_suffix").write_text(json.dumps(tomllib.loads(BASE)))
    network = load(tomllib.loads(BASE))
    for name in ("a.toml", "a.json", "bom.toml", "without_suffix"):
        assert load(tmp_path / name) == network
        assert load(str(tmp_path / name)).spec_hash == network.spec_hash
    assert load(network) == network


@pytest.mark.parametrize("draw", [draw_spec, draw_network])
@pytest.mark.parametrize("seed", range(60))
def test_resolution_is_idempotent(seed, draw):
    network = load(write(draw(random.Random(seed))))
    document = to_dict(network)
    text = json.dumps(document)
    for again in (load(document), load(json.loads(text)), from_dict(json.loads(text)), load(network)):
        assert again == network
        assert again.spec_hash == network.spec_hash
    assert json.dumps(to_dict(load(document))) == text


@pytest.mark.parametrize("draw", [draw_spec, draw_network])
@pytest.mark.parametrize("seed", range(60))
def test_other_units_are_the_same_spec(seed, draw):
    drawn = draw(random.Random(seed))
    plain = load(write(drawn))
    rewritten = load(write(drawn, random.Random(1000 + seed)))
    assert rewritten == plain
    assert rewritten.spec_hash == plain.spec_hash


def test_hash_sees_what_matters():
    base = load(spec({"model": "adex"}))
    assert load(spec({"model": "adex"}, name="another name")).spec_hash == base.spec_hash
    assert spec_hash(base) == base.spec_hash
    assert len(base.spec_hash) == 64
    others = [
        spec({"model": "adex", "b": "41 pA"}),
        spec({"model": "eif"}),
        spec({"model": "adex"}, {"sigma": "2.0000001 mV/sqrt(ms)"}),
        spec({"model": "adex"}, population={"size": 11}),
        spec({"model": "adex"}, protocols={"p": {"duration": "1 s"}}),
        spec({"model": "adex"}, protocols={"p": {"duration": "1 s", "seed": 1}}),
    ]
    hashes = {load(other).spec_hash for other in others} | {base.spec_hash}
    assert len(hashes) == len(others) + 1


def test_a_network_built_in_python_is_checked():
    network = load(spec({"model": "adex"}))
    population = network.populations["E"]
    broken = replace(population.neuron, parameters={**population.neuron.parameters, "V_reset": -0.03})
    built = Network("x", {"E": replace(population, neuron=broken)}, network.protocols)
    with pytest.raises(SpecError, match="V_reset < V_peak"):
        load(built)


def test_numbers_are_plain_python_floats():
    network = load(write(draw_spec(random.Random(5))))
    for population in network.populations.values():
        assert {type(v) for v in population.neuron.parameters.values()} == {float}
        assert type(population.noise.sigma) is float


def test_a_worker_imports_little():
    """Reading a resolved spec needs neither pydantic nor pint nor Brian2, and no scipy."""
    code = (
        "import sys, json; from popdyn.spec import from_dict, load, to_dict\n"
        f"from_dict(json.loads(json.dumps(to_dict(load({str(EXAMPLES / 'adapting_population.toml')!r})))))\n"
        "print([m for m in ('pydantic', 'pint', 'brian2', 'scipy', 'numba', 'xarray', 'sympy') if m in sys.modules])"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]"


@pytest.mark.parametrize("path", sorted(EXAMPLES.glob("*.toml")), ids=lambda path: path.name)
def test_examples_load(path):
    assert load(path).populations


def test_bounds_of_every_parameter_are_finite_and_hold_the_default():
    for model in MODELS.values():
        for p in model.parameters:
            assert isinstance(p, Parameter)
            assert math.isfinite(p.lower)
            assert math.isfinite(p.upper)
            if isinstance(p.default, float):
                assert p.lower <= p.default <= p.upper
                neuron = {"model": model.name, p.name: format_quantity(p.default, p.unit)}
                assert load(spec(neuron)) == load(spec({"model": model.name}))


def test_a_protocol_is_found_by_its_name():
    network = load(spec({"model": "lif"}, protocols={"short": {"duration": "1 s"}}))
    short = network.protocols["short"]
    assert network.protocol("short") is short
    assert network.protocol(replace(short, name="other")).name == "other"
    with pytest.raises(UsageError, match="'long'; allowed: short"):
        network.protocol("long")
    with pytest.raises(UsageError, match="none in this spec"):
        replace(network, protocols={}).protocol("short")

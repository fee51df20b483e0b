"""`popdyn check` and `popdyn init`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from popdyn.cli import main
from popdyn.cli.init import starter
from popdyn.neurons import MODELS
from popdyn.spec import json_schema, load, to_dict

EXAMPLE = Path(__file__).parents[2] / "examples" / "adapting_population.toml"


def test_a_sound_spec(capsys):
    assert main(["check", str(EXAMPLE)]) == 0
    out = capsys.readouterr().out
    assert "population  E: 20000 x adex, mu 1.5 mV/ms, sigma 2 mV/sqrt(ms)" in out
    assert load(EXAMPLE).spec_hash in out


def test_connections_and_distributions_are_described(capsys, tmp_path):
    assert main(["check", str(EXAMPLE.with_name("ei_network.toml"))]) == 0
    out = capsys.readouterr().out
    assert "V_th distributed" in out
    assert "connection  E -> I: fixed_indegree, 100 per target, exponential 0.2 mV after 1.5 ms" in out
    assert "connection  I -> E: pairwise_bernoulli, 100 ± 9.49 per target, exponential -0.4 mV after 1.5 ms" in out


def test_what_a_table_leaves_out_is_said(capsys, tmp_path):
    text = EXAMPLE.read_text().replace(
        "[populations.E.noise]",
        '[[connections]]\npre = "E"\npost = "E"\nJ = "1 mV"\n'
        'rule = "explicit"\nedges = { source = [0, 1], target = [1, 0] }\n\n[populations.E.noise]',
    )
    (tmp_path / "spec.toml").write_text(text)
    assert main(["check", str(tmp_path / "spec.toml")]) == 0
    assert "left out  E -> E: pairs connected both ways are 2e+08 times" in capsys.readouterr().out


def test_json(capsys):
    assert main(["check", str(EXAMPLE), "--json"]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert answer["ok"] is True
    assert answer["spec_hash"] == load(EXAMPLE).spec_hash
    assert answer["resolved"] == to_dict(load(EXAMPLE))


def test_the_resolved_spec_is_a_spec(capsys, tmp_path):
    assert main(["check", str(EXAMPLE), "--resolved"]) == 0
    (tmp_path / "resolved.json").write_text(capsys.readouterr().out)
    assert load(tmp_path / "resolved.json") == load(EXAMPLE)


@pytest.mark.parametrize("resolved", [False, True])
def test_the_schema(capsys, resolved):
    assert main(["check", "--schema", *(["--resolved"] if resolved else [])]) == 0
    assert json.loads(capsys.readouterr().out) == json_schema(resolved=resolved)


def test_without_a_spec(capsys):
    assert main(["check"]) == 2
    assert "popdyn init" in capsys.readouterr().err


@pytest.mark.parametrize("model", MODELS)
def test_init_writes_a_spec_that_loads(model, tmp_path, capsys):
    assert main(["init", "mine", "--model", model, "--out", str(tmp_path)]) == 0
    assert "popdyn check" in capsys.readouterr().out
    network = load(tmp_path / "mine.toml")
    assert network.name == "mine"
    assert network.populations["E"].neuron.model == model


@pytest.mark.parametrize("model", MODELS)
def test_every_parameter_is_in_it_and_the_optional_lines_are_valid(model):
    import tomllib

    text = starter("mine", model)
    for p in MODELS[model].parameters:
        assert f"{p.name} " in text
        assert p.doc in text
    keys = tuple(f"# {key} =" for key in ("K", "nu", "J", "V", "pre", "post", "rule", "delay"))
    optional = [line.removeprefix("# ") for line in text.splitlines() if line.startswith(("# [", *keys))]
    assert len(optional) == 13
    network = load(tomllib.loads(text + "\n" + "\n".join(optional)))
    assert network.populations["E"].poisson[0].K == 100
    assert network.connections[0].K == 100


def test_init_as_json(tmp_path, capsys):
    assert main(["init", "--json", "--out", str(tmp_path)]) == 0
    assert json.loads(capsys.readouterr().out) == {"spec": str(tmp_path / "network.toml")}


@pytest.mark.parametrize("name", ["../x", "a/b", "", "x y", "a\x1b", "é", "n" * 65, "a.b"])
def test_init_refuses_odd_names(name, tmp_path, capsys):
    assert main(["init", name, "--out", str(tmp_path)]) == 2
    assert "allowed: letters" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_init_overwrites_nothing(tmp_path, capsys):
    (tmp_path / "network.toml").write_text("mine")
    assert main(["init", "--out", str(tmp_path)]) == 2
    assert "exists already" in capsys.readouterr().err
    assert (tmp_path / "network.toml").read_text() == "mine"


def test_init_refuses_an_unknown_model(tmp_path, capsys):
    assert main(["init", "--model", "glif", "--out", str(tmp_path)]) == 2
    assert "lif, eif, adex" in capsys.readouterr().err

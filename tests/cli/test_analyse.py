"""`popdyn analyse`: what it prints and what its JSON holds, for one state, for three, and for what it refuses."""

from __future__ import annotations

import json

import pytest

from popdyn.cli import main

SPEC = """
schema = 1
name = "net"

[populations.E]
size = 5000
noise = { mu = "0.5 mV/ms", sigma = "1 mV/sqrt(ms)" }

[populations.E.neuron]
model = "lif"
C_m = "200 pF"
tau_m = "20 ms"
E_L = "0 mV"
V_th = "20 mV"
V_reset = "10 mV"
t_ref = "5 ms"

[[connections]]
pre = "E"
post = "E"
rule = "fixed_indegree"
K = 1000
synapse = "SYNAPSE"
J = "WEIGHT"
delay = "1.5 ms"
"""


@pytest.fixture
def spec(tmp_path):
    def write(weight, synapse="delta", more=""):
        path = tmp_path / "net.toml"
        path.write_text(SPEC.replace("WEIGHT", weight).replace("SYNAPSE", synapse) + more, encoding="utf-8")
        return str(path)

    return write


def test_one_state(spec, capsys, tmp_path):
    assert main(["analyse", spec("-0.05 mV"), "--json", "--out", str(tmp_path / "out")]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert answer == json.loads((tmp_path / "out" / "analysis.json").read_text())
    assert answer["fixed_points"] == {
        "complete": True, "count": 1, "words": "1 fixed point; indices sum to +1, as those of a complete list do",
    }  # fmt: skip
    state = answer["states"][0]
    assert state["stability"]["unstable"] == 0
    assert state["stability"]["modes"][0]["growth"] < 0.0
    assert set(state["stability"]["modes"][0]["shape"]) == {"E"}
    assert {check["kind"] for check in state["checks"]} >= {"disorder", "stability", "finite_size", "fixed_points"}
    assert all(peak["population"] == "E" for peak in state["peaks"])


def test_three_states_in_words(spec, capsys):
    assert main(["analyse", spec("0.05 mV")]) == 0
    out = capsys.readouterr().out
    assert out.startswith("3 fixed points; indices sum to +1")
    assert [line.split(":")[0] for line in out.splitlines() if line.startswith("state")] == [
        "state 1",
        "state 2",
        "state 3",
    ]
    assert "  unstable: 1 roots with growth, the first without oscillation" in out
    assert "  note: the stationary state (E " in out
    assert out.count("  note: several states: rates() is one of 3 fixed points") == 3


def test_conductances_are_refused(spec, capsys):
    path = spec("1 nS", "conductance", 'tau_syn = "5 ms"\nE_rev = "0 mV"\n')
    assert main(["analyse", path]) == 2
    assert 'connections[0].synapse: got "conductance" in an analysis; allowed: synapses whose J is a charge' in (
        capsys.readouterr().err
    )


def test_a_network_without_loops_has_no_growth_to_speak_of(tmp_path, capsys):
    population = SPEC[SPEC.index("[populations.E]") : SPEC.index("[[connections]]")]
    follower = population.replace("populations.E", "populations.F")
    wires = SPEC[SPEC.index("[[connections]]") :].replace('post = "E"', 'post = "F"').replace("WEIGHT", "0.05 mV")
    path = tmp_path / "chain.toml"
    path.write_text(f"schema = 1\n\n{population}{follower}{wires.replace('SYNAPSE', 'delta')}", encoding="utf-8")
    assert main(["analyse", str(path), "--json"]) == 0
    (state,) = json.loads(capsys.readouterr().out)["states"]
    stability = next(check for check in state["checks"] if check["kind"] == "stability")
    assert stability["figure"] is None
    assert not stability["flagged"]


def test_escape_noise(tmp_path, capsys):
    path = tmp_path / "gif.toml"
    neuron = 'model = "gif"\nV_reset = "0 mV"\nV_T_star = "15 mV"\nE_L = "0 mV"\n'
    wires = SPEC[SPEC.index("[[connections]]") :].replace("SYNAPSE", "delta").replace("WEIGHT", "-0.05 mV")
    noise = 'noise = { mu = "0.9 mV/ms" }\n'
    head = f"schema = 1\n\n[populations.E]\nsize = 500\n{noise}\n[populations.E.neuron]\n{neuron}\n"
    path.write_text(head + wires.replace("K = 1000", "K = 200"), encoding="utf-8")
    assert main(["analyse", str(path), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    (state,) = found["states"]
    assert found["fixed_points"]["complete"]
    assert state["stability"]["unstable"] == 0
    assert {check["kind"] for check in state["checks"]} >= {"shots", "stability", "finite_size"}

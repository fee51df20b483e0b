"""Lists of a gif neuron in a spec: read, written back, refused where they are wrong."""

from __future__ import annotations

import pytest

from popdyn.errors import SpecError
from popdyn.spec import load, to_dict

TWO = {"tau_sfa": ["30 ms", "500 ms"], "q_sfa": ["3 mV", "0.6 mV"]}
NEURON = "populations.E.neuron"


def spec(model="gif", noise=None, **neuron):
    noise = {"mu": "1 mV/ms"} if noise is None else noise
    return {"populations": {"E": {"size": 10, "neuron": {"model": model, **neuron}, "noise": noise}}}


def faults(document):
    with pytest.raises(SpecError) as caught:
        load(document)
    return [(fault.path, str(fault)) for fault in caught.value.faults]


def test_lists_become_numbered_numbers_and_lists_again():
    found = load(spec(**TWO, tau_stc=["100 ms"], q_stc=["5 pA"]))
    p = found.populations["E"].neuron.parameters
    assert [p[f"{name}_{k}"] for k in (1, 2) for name in ("tau_sfa", "q_sfa")] == [0.03, 3e-3, 0.5, 0.6e-3]
    assert (p["tau_stc_1"], p["q_stc_1"]) == (0.1, 5e-12)
    written = to_dict(found)["populations"]["E"]["neuron"]
    assert (written["tau_sfa"], written["q_stc"]) == ([0.03, 0.5], [5e-12])
    assert load(to_dict(found)) == found
    assert load(to_dict(found)).spec_hash == found.spec_hash
    assert found.spec_hash == load(spec(**TWO, tau_stc=["0.1 s"], q_stc=["0.005 nA"])).spec_hash
    assert found.spec_hash == "07eff41bd81781a7274bd50f91ac80379c3a2aa7475627098e61130e8200c7fa"  # as first published
    swapped = {name: values[::-1] for name, values in TWO.items()}
    assert found.spec_hash != load(spec(**swapped, tau_stc=["100 ms"], q_stc=["5 pA"])).spec_hash


def test_without_lists_there_is_no_adaptation():
    assert load(spec()).spec_hash == load(spec(tau_sfa=[], q_sfa=[])).spec_hash
    assert "tau_sfa_1" not in load(spec()).populations["E"].neuron.parameters


def test_distributions_of_single_jumps_and_of_the_scale():
    scale = {"lognormal": [1.0, 0.5]}
    jumps = ["3 mV", {"normal": ["0.6 mV", "0.1 mV"]}]
    found = load(spec(**TWO | {"q_sfa": jumps}, adaptation_scale=scale, V_T_star={"normal": ["-50 mV", "2 mV"]}))
    assert set(found.populations["E"].spread) == {"V_T_star", "adaptation_scale", "q_sfa_2"}
    assert found.populations["E"].neuron.parameters["q_sfa_2"] == 0.6e-3
    assert load(to_dict(found)) == found


@pytest.mark.parametrize(
    ("change", "path", "says"),
    [
        ({"q_sfa": ["3 mV"]}, ".q_sfa", "1 value, while tau_sfa has 2 values"),
        ({"tau_sfa": None}, ".tau_sfa", "nothing, while q_sfa has 2 values"),
        ({"q_stc": ["1 pA"]}, ".tau_stc", "give one of q_stc for each of tau_stc"),
        ({"tau_sfa": "30 ms"}, ".tau_sfa", "write it in brackets"),
        ({"tau_sfa": ["30 ms"] * 17}, ".tau_sfa", "at most 16 values"),
        ({"tau_sfa": ["30 ms", "0 ms"]}, ".tau_sfa[1]", "at least 100 us"),
        ({"tau_sfa": ["-30 ms", "9 ms"]}, ".tau_sfa[0]", "at least 100 us"),
        ({"tau_sfa": ["30 ms", 500]}, ".tau_sfa[1]", "add the unit"),
        ({"q_sfa": ["3 mV", "0.6 pA"]}, ".q_sfa[1]", "that is a current"),
        ({"q_sfa": ["3 mV", {"normal": ["90 mV", "30 mV"]}]}, ".q_sfa[1]", "of its probability elsewhere"),
        ({"q_sfa": ["3 mV", {"normal": ["9 mV"]}]}, ".q_sfa[1].normal", "[mean, std]"),
        ({"lambda_0": "0 Hz"}, ".lambda_0", "at least"),
        ({"lambda_0": "-1 Hz"}, ".lambda_0", "at least"),
        ({"Delta_V": "0 mV"}, ".Delta_V", "at least 10 uV"),
        ({"V_reset": "-20 mV"}, ".V_reset", "V_reset <= V_T_star + 10 Delta_V"),
        ({"V_th": "-50 mV"}, ".V_th", "a key of model lif and eif and adex"),
        ({"tau_sfaa": ["1 ms"]}, ".tau_sfaa", 'did you mean "tau_sfa"'),
        ({"q_sfa_1": "1 mV"}, ".q_sfa_1", "unknown key"),
        ({"b": "1 pA"}, ".b", "a key of model adex"),
    ],
)
def test_refused(change, path, says):
    changed = {name: value for name, value in (TWO | change).items() if value is not None}
    found = faults(spec(**changed))
    assert [text for where, text in found if where == NEURON + path and says in text], found
    assert len(found) == 1


def test_refused_for_a_poisson_neuron():
    ((path, text),) = faults(spec("poisson", t_ref="2 ms"))
    assert path == f"{NEURON}.t_ref"
    assert "a key of model lif and eif and adex and gif" in text


def test_white_noise_is_not_needed_with_escape_noise():
    for model in ("gif", "poisson"):
        assert load(spec(model)).populations["E"].noise.sigma == 0.0
    assert faults(spec("lif"))[0][0] == "populations.E.noise"
    falling = {"population": "E", "target": "sigma", "kind": "step", "at": "0 ms", "amplitude": "-2 mV/sqrt(ms)"}
    document = spec(noise={"mu": "1 mV/ms", "sigma": "2 mV/sqrt(ms)"})
    document["protocols"] = {"p": {"duration": "1 s", "stimulus": [falling]}}
    assert load(document).protocols["p"]
    falling["amplitude"] = "-3 mV/sqrt(ms)"
    assert "can fall to" in faults(document)[0][1]


def test_V_starts_at_rest_also_above_the_threshold_and_traces_at_zero():
    found = load(spec("poisson", E_L="-40 mV")).populations["E"].initial
    assert found.V_mean == -0.04
    document = spec(**TWO)
    document["populations"]["E"]["initial"] = {"V": "-45 mV"}
    assert load(document).populations["E"].initial.V_mean == -0.045
    document["populations"]["E"]["initial"] = {"w": "1 pA"}
    assert "traces of this one start at 0" in faults(document)[0][1]

"""Campaigns over sizes, weights, in-degrees, drives of a network: any number that its spec has."""

import json
import math
import tomllib
from pathlib import Path

import numpy as np
import pytest
from batch.example_campaign import campaign_beside

import popdyn
from popdyn.cli import main
from popdyn.errors import SpecError, UsageError
from popdyn.spec import load
from popdyn.workflows.campaign_jobs import planned_jobs

NETWORK = (Path(__file__).parents[2] / "examples" / "ei_network.toml").read_text()


@pytest.fixture
def campaign(tmp_path):
    return campaign_beside(tmp_path, NETWORK)


def test_sizes_weights_degrees_and_amplitudes(campaign):
    found = campaign("""
[grid]
E.size = [500, 1000]
"E->I.J" = ["0.1 mV", 0.3]
"connections[1].K" = "50:100:2"
[zip]
"protocols.steps.stimulus[1].amplitude" = ["0.1 mV/ms", "200 uV/ms", "0.3 mV/ms"]
E.b = [1, 2, 3]
""")
    assert found.names == ("E.size", "E->I.J", "connections[1].K", "zip", "protocol", "replicate")
    network = found.network_at((1, 1, 0, 1))
    written = NETWORK.replace("size = 4000", "size = 1000").replace('b = "20 pA"', 'b = "2 pA"')
    first, _, second = written.partition('post = "I"')
    second = second.replace('J = "0.2 mV"', 'J = "0.3 mV"', 1).replace("K = 100", "K = 50", 1)
    head, at, tail = (first + 'post = "I"' + second).rpartition('amplitude = "0.6 mV/ms"')
    by_hand = head + at.replace("0.6", "0.2") + tail
    assert network.spec_hash == load(tomllib.loads(by_hand)).spec_hash
    assert len({one.key for one in planned_jobs(found)}) == math.prod(found.shape)


def test_samples_of_a_place_are_drawn_in_its_unit_and_rounded(campaign):
    found = campaign("""
[samples]
n = 8
over."E->E.K" = { uniform = [50, 100] }
over."E->E.J" = { normal = ["0.2 mV", "0.05 mV"] }
""")
    (dimension,) = found.dimensions
    degrees, jumps = (axis.shown for axis in dimension.axes)
    assert np.all(degrees == np.rint(degrees))
    assert degrees.min() >= 50
    assert len(set(degrees)) > 5
    assert abs(jumps.mean() - 0.2) < 0.03
    assert degrees[3] == found.network_at((3,)).connections[0].K


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('"E->Z.J" = ["1 mV"]', "E->Z, of which the spec has 0"),
        ('"E->I[1].J" = ["1 mV"]', "allowed: E->I[0]"),
        ('"connections[9].J" = ["1 mV"]', "connections[9].J, which the spec does not have"),
        ('"connections[0].pre" = ["I"]', "a number or a quantity"),
        ('"connections[0].J" = ["1 ms"]', "a potential"),
        ('"connections[0].K" = [1.5]', "an integer"),
        ('"connections[0].K" = "5:2:3"', "an empty range"),
        ('"populations.E.neuron.b" = ["1 pA"]', "allowed: E.b"),
        ('"protocols.steps.duration" = ["1 s"]', "several protocols in the spec"),
        ('"E->I.J-J" = ["1 mV"]', '"J-J" in a path'),
        ('"E->I.J" = ["1 mV"]\n"connections[1].J" = ["1 mV"]', "varied twice"),
    ],
)
def test_places_that_are_none(campaign, text, words):
    with pytest.raises(SpecError) as refused:
        campaign(f"[grid]\n{text}")
    assert words in str(refused.value)


def test_a_corner_without_a_network_is_told_before_anything_runs(campaign):
    with pytest.raises(UsageError, match=r"I->E.p = 1.5(.|\n)*connections\[2\].p"):
        campaign('[grid]\n"I->E.p" = [0.1, 1.5]')


def test_networks_of_several_sizes_run_and_open_as_one(tmp_path, capsys):
    spec = NETWORK.replace('duration = "1.5 s"', 'duration = "20 ms"').replace('at = "500 ms"', 'at = "5 ms"')
    spec = spec.replace('at = "1 s"', 'at = "10 ms"').replace("K = 100", "K = 5").replace("size = 1000", "size = 10")
    (tmp_path / "network.toml").write_text(spec.replace("size = 4000", "size = 40"))
    file = tmp_path / "campaign.toml"
    text = 'schema = 1\nspec = "network.toml"\n[truth]\nbackend = "numpy"\ngroups = 2\n[grid]\nE.size = [20, 40]\n'
    file.write_text(text)
    assert main(["batch", "run", str(file), "--store", str(tmp_path / "store")]) == 0
    capsys.readouterr()
    found = popdyn.open_campaign(file, store=tmp_path / "store")
    assert (found.status == "done").all()
    np.testing.assert_array_equal(found["E.size"], [20, 40])
    assert found["E.size"].dtype == np.int64
    assert main(["store", "ls", "--store", str(tmp_path / "store"), "--spec", "sparse*", "--json"]) == 0
    assert len(json.loads(capsys.readouterr().out)["objects"]) == 2
    assert np.isfinite(found.rate.sel(time=slice(0, None)).mean(("run", "time"), skipna=True)).all()

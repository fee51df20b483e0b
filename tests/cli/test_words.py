"""What the commands print: errors below the resolution, units as specs have them, notes of a comparison."""

from __future__ import annotations

import re

import numpy as np
import pytest
from typer.testing import CliRunner

from popdyn.cli import app
from popdyn.cli.options import error_words
from popdyn.errors import UsageError
from popdyn.results import make_dataset, save


def test_errors():
    assert error_words(0.0343, 0.0031, 0.01) == "nrmse 3.43 %, bias +0.31 %, truth resolves 1.00 %"
    assert error_words(-0.0018, 0.0009, 0.0119) == "nrmse not resolved, bias +0.09 %, truth resolves 1.19 %"
    assert error_words(0.0206, 0.0007, 0.0) == "nrmse 2.06 %, bias +0.07 %"
    assert error_words(None, None, None) == "nrmse -, bias -"


@pytest.mark.parametrize(
    ("grid", "head", "first"),
    [
        ("sigma=1 mV/sqrt(ms):3 mV/sqrt(ms):3", "sigma [mV/sqrt(ms)]", "1"),
        ("mu=500 mV/s:1.5 mV/ms:3", "mu [mV/ms]", "0.5"),
    ],
)
def test_f_I_curves_are_in_the_units_of_specs(grid, head, first, tmp_path):
    spec = tmp_path / "spec.toml"
    spec.write_text(
        'schema = 1\n[populations.E]\nsize = 100\nneuron = { model = "lif" }\n'
        'noise = { mu = "1 mV/ms", sigma = "1 mV/sqrt(ms)" }\n'
    )
    lines = CliRunner().invoke(app, ["rates", str(spec), "--vary", grid]).stdout.splitlines()
    assert lines[0].startswith(head)
    assert lines[1].split()[0] == first


def test_compare_says_that_the_networks_differ(tmp_path):
    time = (np.arange(400) + 0.5) * 1e-3
    rate = 10.0 + np.sin(20.0 * time)[None, :, None]
    for name in "ab":
        save(make_dataset(time, ["E"], rate, attrs={"spec_hash": name, "bin": 1e-3}), tmp_path / f"{name}.h5")
    found = CliRunner().invoke(app, ["compare", str(tmp_path / "a.h5"), str(tmp_path / "b.h5")])
    assert found.exit_code == 0
    assert "note: truth and model differ in spec_hash: a and b" in found.stdout


def test_rates_of_a_network_say_how_neurons_differ(tmp_path):
    spec = tmp_path / "spec.toml"
    spec.write_text(
        "schema = 1\n[populations.E]\nsize = 400\n"
        'neuron = { model = "lif", V_th = { normal = ["-50 mV", "1 mV"] } }\n'
        'noise = { mu = "0.8 mV/ms", sigma = "1 mV/sqrt(ms)" }\n'
        '[[connections]]\npre = "E"\npost = "E"\nrule = "fixed_indegree"\nK = 40\nJ = "0.1 mV"\ndelay = "1 ms"\n'
    )
    found = CliRunner().invoke(app, ["rates", str(spec)])
    assert found.exit_code == 0, found.output
    assert re.match(r"E  \d+\.\d{4} Hz  over neurons: s\.d\. of log rate 0\.\d{3} \(\d nodes: ", found.stdout)
    conductance = '"0.2 nS"\nsynapse = "conductance"\nE_rev = "0 mV"\ntau_syn = "5 ms"'
    spec.write_text(spec.read_text().replace('"0.1 mV"', conductance))
    refused = CliRunner().invoke(app, ["convert", str(spec), "--to", "unit"])
    assert isinstance(refused.exception, UsageError)
    assert "use --to density" in str(refused.exception)

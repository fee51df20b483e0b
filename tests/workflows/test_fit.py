"""popdyn.fit and `popdyn fit`: specs, ground truths and recordings."""

from __future__ import annotations

import json

import numpy as np
import pytest
import xarray as xr

import popdyn
from popdyn.cli import main
from popdyn.errors import UsageError
from popdyn.results import save
from popdyn.rungs.density import Density
from popdyn.rungs.model_file import read_any_model
from popdyn.rungs.rate_unit import RateUnit
from popdyn.spec import load

SPEC = {
    "schema": 1,
    "populations": {
        "E": {
            "size": 100,
            "neuron": {"model": "eif"},
            "noise": {"mu": "0.55 mV/ms", "sigma": "1.5 mV/sqrt(ms)"},
        }
    },
    "protocols": {
        "wander": {
            "duration": "3 s",
            "seed": 5,
            "stimulus": [{"population": "E", "target": "mu", "kind": "ou", "std": "0.2 mV/ms", "tau": "50 ms"}],
        }
    },
}


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """A spec, and the density's answer as if it were a truth, and as a recording."""
    folder = tmp_path_factory.mktemp("fit")
    (folder / "spec.json").write_text(json.dumps(SPEC), encoding="utf-8")
    network = load(SPEC)
    dataset = Density(network).simulate("wander")
    save(dataset, folder / "truth.h5")
    late = dataset.isel(time=dataset["time"].values > 0)
    mu = popdyn.stimuli.drive(network.populations["E"], network.protocols["wander"], late["time"].values)[0]
    rows = zip(late["time"].values * 1e3, late["rate"].values[0, :, 0], mu, strict=True)
    text = "\n".join(f"{t:.8g},{r:.8g},{m:.8g}" for t, r, m in rows)
    (folder / "cells.csv").write_text(f"time [ms],rate [Hz],mu [mV/ms]\n{text}\n", encoding="utf-8")
    return folder


def test_command_writes_a_model_that_simulates(files, capsys):
    out = files / "out"
    assert main(["fit", str(files / "spec.json"), "--family", "softplus", "--out", str(out), "--json"]) == 0
    answer = json.loads(capsys.readouterr().out)
    report = answer["populations"]["E"]
    assert report["family"] == "softplus"
    assert report["heldout"][0]["nrmse"] < 0.3
    assert {p["name"] for p in report["parameters"]} == {"gain", "smoothness", "threshold", "tau_r"}
    assert json.loads((out / "fit.json").read_text())["populations"]["E"]["unfixed"] == report["unfixed"]
    assert "| heldout_ou, held out |" in (out / "fit.md").read_text()
    model = read_any_model(out / "model.json")
    assert isinstance(model, RateUnit)
    assert model.fits["E"]["heldout"] == report["heldout"]
    assert main(["simulate", str(out / "model.json"), "--out", str(out), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["populations"]["E"]["rate"] > 1.0


def test_truth_and_recording_of_the_same_rates_give_the_same_unit(files, capsys):
    found = {}
    for name, arguments in (
        ("truth", [str(files / "spec.json"), "--truth", str(files / "truth.h5")]),
        ("recording", [str(files / "cells.csv")]),
    ):
        command = ["fit", *arguments, "--family", "softplus", "--varying-tau", "--out", str(files / name), "--json"]
        assert main(command) == 0
        (found[name],) = json.loads(capsys.readouterr().out)["populations"].values()
    values = [{p["name"]: p["value"] for p in found[name]["parameters"]} for name in found]
    for name in ("gain", "threshold", "quickening"):
        assert values[0][name] == pytest.approx(values[1][name], rel=0.05), name
    assert found["recording"]["parameters"][0]["bootstrap"] is not None
    assert found["truth"]["parameters"][0]["bootstrap"] is None  # a density has no sampling noise
    assert read_any_model(files / "recording" / "model.json").network is None
    assert main(["simulate", str(files / "recording" / "model.json")]) == 2
    assert "no spec" in capsys.readouterr().err


def test_the_noise_of_a_sampled_truth_is_taken_out(files):
    """Twelve groups, the density's rate with noise: the corrected error is that against the density itself."""
    exact = popdyn.open(files / "truth.h5")
    rng, runs = np.random.default_rng(0), 12
    many = xr.concat([exact] * runs, dim="run").assign_coords(run=range(runs)).assign_attrs(rung="spiking")
    noise = 5.0 * rng.standard_normal(many["rate"].shape)
    save(many.assign(rate=many["rate"].copy(data=np.maximum(many["rate"].values + noise, 0.0))), files / "noisy.h5")
    found = popdyn.fit(files / "spec.json", truth=files / "noisy.h5", varying_tau=True).fits["E"]
    clean = popdyn.fit(files / "spec.json", truth=files / "truth.h5", varying_tau=True).fits["E"]
    assert clean.corrected is None
    low, high = found.corrected["nrmse_interval"]
    assert low < clean.heldout[0].nrmse < high
    assert found.heldout[0].nrmse > found.corrected["nrmse"]
    assert found.parameters[0].bootstrap is not None


def test_python_and_command_agree(files):
    fitted = popdyn.fit(files / "spec.json", family="threshold_linear")
    assert fitted.unit.rates()["E"] == pytest.approx(popdyn.rates(SPEC)["populations"]["E"]["rate"], rel=0.3)
    assert list(fitted.fits) == ["E"]
    assert np.isfinite(fitted.fits["E"].heldout[0].nrmse)


REFUSED = [
    ({"family": "cubic"}, "threshold_linear"),
    ({"population": "X"}, "allowed: E"),
    ({"adaptation": 99}, "0 to 8"),
    ({"family": "cascade", "adaptation": 1}, "neuron's own adaptation"),
]


@pytest.mark.parametrize(("options", "message"), REFUSED)
def test_what_cannot_be_fitted_is_refused(options, message):
    with pytest.raises(UsageError, match=message):
        popdyn.fit(SPEC, **options)


def test_a_truth_of_another_spec_is_refused(files):
    other = json.loads(json.dumps(SPEC))
    other["populations"]["E"]["noise"]["mu"] = "0.6 mV/ms"
    with pytest.raises(UsageError, match="another spec"):
        popdyn.fit(other, truth=files / "truth.h5")


def test_populations_that_hear_each_other_are_refused():
    joined = {**SPEC, "connections": [{"pre": "E", "post": "E", "rule": "fixed_indegree", "K": 10, "J": "0.1 mV"}]}
    with pytest.raises(UsageError, match="stand alone"):
        popdyn.fit(joined)

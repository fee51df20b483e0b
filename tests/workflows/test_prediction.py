"""Errors predicted from the next closure: a closure is no witness of its own error."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import xarray as xr

from popdyn.comparison import compare
from popdyn.kernels.density_train import carries_second
from popdyn.rungs.coupled import CoupledDensity
from popdyn.rungs.density import Density
from popdyn.rungs.mixed import MixedDensity
from popdyn.spec import load
from popdyn.theory.problem import CLOSURES
from popdyn.workflows.prediction import (
    NEXT_BESIDE_TRAINS,
    OtherClosure,
    expected,
    of_mean,
    of_variation,
    predict_error,
)
from popdyn.workflows.prediction_cohorts import rest_part
from popdyn.workflows.prediction_network import beyond_noise, other_descriptions, predict_network_error
from popdyn.workflows.predictions_report import predictions

BURSTS = Path(__file__).parents[2] / "reference_sims" / "adex_bursting" / "network.toml"


def used(*closures: str) -> xr.Dataset:
    """A trajectory of populations whose rate is the length of their closure's name."""
    names = [f"P{k}" for k in range(len(closures))]
    rate = ("run", "time", "population"), [[[float(len(c)) for c in closures]]]
    return xr.Dataset({"rate": rate}, {"population": names}, {"closures_used": ",".join(closures)})


def falls_back(to: list[dict[str, str]], asked: list[str]):
    """Makes of a closure what simulates with those that its populations fall back on."""

    def make(closure):
        asked.append(closure)
        return SimpleNamespace(simulate=lambda _: used(*(one.get(closure, closure) for one in to)))

    return make


@pytest.mark.parametrize(
    ("to", "reference", "asked"),
    [
        ({}, "cumulant3", ["cumulant4"]),
        ({"cumulant4": "cumulant3"}, "cumulant3", ["cumulant4", "gaussian"]),
        ({"cumulant4": "gaussian", "cumulant3": "gaussian"}, "gaussian", ["cumulant4", "gaussian", "hermite1"]),
        (dict.fromkeys(["cumulant4", "gaussian", "hermite1"], "mean"), "mean",
         ["cumulant4", "gaussian", "hermite1", "mean"]),
    ],
)  # fmt: skip
def test_the_next_closure_that_is_another(to, reference, asked):
    found: list[str] = []
    OtherClosure(falls_back([to], found), "cumulant3", used(reference)).simulate("step")
    assert found == asked


def test_every_population_steps_down_by_itself():
    to = [{}, {"cumulant4": "cumulant3"}, {"cumulant4": "gaussian", "gaussian": "hermite1"}]
    reference = used("cumulant3", "cumulant3", "gaussian")
    found = OtherClosure(falls_back(to, []), "cumulant3", reference).simulate("step")
    assert found.attrs["closures_used"] == "cumulant4,gaussian,hermite1"
    assert found["rate"].values.ravel().tolist() == [9.0, 8.0, 8.0]


def test_a_network_steps_down_together():
    def make(closure):
        found = {"cumulant4": "cumulant3"}.get(closure, closure)
        return SimpleNamespace(simulate=lambda _: used(found, found).assign_attrs(closures_used=found))

    reference = used("cumulant3", "cumulant3").assign_attrs(closures_used="cumulant3")
    found = OtherClosure(make, "cumulant3", reference).simulate("step")
    assert found["rate"].values.ravel().tolist() == [8.0, 8.0]


def test_a_neighbour_does_not_hide_the_fall_back():
    """Beside a population whose next closure holds, bursts are predicted to be off by what they are alone."""
    bursts, neighbour = load(BURSTS), load(BURSTS.parents[1] / "adex_aug" / "network.toml").populations["E"]
    short = replace(bursts.protocols["mixed"], name="short", duration=0.5, transient=0.1)
    both = {**bursts.populations, "A": replace(neighbour, name="A")}
    closure = []
    for populations in (bursts.populations, both):
        density = Density(replace(bursts, populations=populations, protocols={**bursts.protocols, "short": short}))
        found = predict_error(density, "short", density.simulate("short"))
        closure.append(found["E"].parts["closure"])
    assert closure[1] == pytest.approx(closure[0])
    assert closure[0] > 0.02
    assert 0.0 < found["A"].parts["closure"] < 0.01


def test_bursts_are_predicted_to_be_off():
    """cumulant4 falls back on cumulant3 there: their distance is 0, the error 7 %."""
    network = load(BURSTS)
    density = Density(network)
    found = predict_error(density, "mixed", density.simulate("mixed"))["E"]
    assert 0.5 < found.nrmse / 0.0713 < 2.0  # docs/verification/dynamics.csv


def test_a_rung_below_the_density_has_its_distance_to_it_in_its_prediction():
    def run(*rates):
        data = {"rate": (("run", "time", "population"), [[[r] for r in rates]])}
        coordinates = {"time": [0.5e-3 + 1e-3 * k for k in range(len(rates))], "population": ["E"]}
        return xr.Dataset(data, coordinates, {"protocol": "step", "bin": 1e-3})

    density, unit = run(*[10.0, 12.0] * 50), run(*[10.3, 12.3] * 50)
    between = compare(density.assign_attrs(rung="density"), unit.assign_attrs(rung="unit"), bin=1e-3)
    size = between.populations["E"].nrmse
    predicted = {"E": SimpleNamespace(nrmse=0.01, bias=0.002)}
    work = SimpleNamespace(target="unit", protocol="step", comparisons=[between], predicted=predicted)
    rows = {(row["rung"], row["what"]): row["predicted"] for row in predictions(work)}
    assert rows["density", "nrmse"] == pytest.approx(0.01)
    assert rows["unit", "nrmse"] == pytest.approx((0.01**2 + size**2) ** 0.5)
    assert rows["unit", "bias"] == pytest.approx(0.002 + 0.3 / 11.0)
    assert all(row["measured"] is None for row in predictions(work))


def test_what_was_measured_comes_with_its_interval():
    """Of |bias|: from 0 where the truth does not tell it from 0; of an nrmse that it does not resolve, none."""

    def of(bias, interval, nrmse=0.004):
        sizes = {"bias": bias, "bias_interval": interval, "nrmse": nrmse, "nrmse_interval": (0.003, 0.005)}
        found = SimpleNamespace(truth="spiking", model="density", protocol="step",
                                populations={"E": SimpleNamespace(**sizes, resolution=0.002)})  # fmt: skip
        predicted = {"E": SimpleNamespace(nrmse=0.01, bias=0.002)}
        work = SimpleNamespace(target="density", protocol="step", comparisons=[found], predicted=predicted)
        return {row["what"]: (row["measured"], row["interval"]) for row in predictions(work)}

    assert of(-0.0015, (-0.002, -0.001)) == {"nrmse": (0.004, [0.003, 0.005]), "bias": (0.0015, [0.001, 0.002])}
    assert of(-0.0005, (-0.002, 0.001), nrmse=0.001) == {"nrmse": (None, None), "bias": (0.0005, [0.0, 0.002])}


@pytest.mark.parametrize(("swing", "bias"), [(4.0, 0.004), (0.0, 0.01)])
def test_errors_over_drives_have_a_bias(swing, bias):
    """Of nodes: 1 % of the s.d., here 0.4 of the mean, is at most 0.4 % of the mean; 1 % where nothing varies."""
    assert of_variation(0.01, square_wave(swing), "E") == (0.01, pytest.approx(bias))


def test_an_error_relative_to_the_mean_is_larger_relative_to_what_varies():
    nrmse, rest = rest_part({"spread": 0.01, "step": 0.002}, square_wave(4.0), "E")
    assert nrmse == pytest.approx(0.01 * 10.0 / 4.0)
    assert rest == pytest.approx(0.012)
    assert np.isnan(rest_part({"spread": 0.01}, square_wave(0.0), "E")[0])


def square_wave(swing):
    rate = [[[10.0 - swing], [10.0 + swing]] * 50]
    return xr.Dataset(
        {"rate": (("run", "time", "population"), rate)}, {"time": 1e-3 * np.arange(0.5, 100), "population": ["E"]}
    )


def of_rate(*runs: np.ndarray) -> xr.Dataset:
    time = (np.arange(len(runs[0])) + 0.5) * 1e-3
    return xr.Dataset({"rate": (("run", "time", "population"), np.array(runs)[:, :, None])},
                      {"time": time, "population": ["E"]})  # fmt: skip


def test_a_mean_that_is_off_by_size_is_told_from_noise():
    """False alarm of the second line: 5 % (two standard errors), of a fixed seed."""
    rng, limit = np.random.default_rng(0), 10.0 + np.sin(np.arange(800) / 30.0)
    noise = rng.normal(size=800)
    for share in (0.03, -0.03):  # positive: the rate without finite size is too high
        found = beyond_noise(of_rate((1.0 - share) * limit + 0.1 * noise), of_rate(limit), "E")
        assert found == pytest.approx(share, abs=1e-3)
    assert abs(beyond_noise(of_rate(limit + noise), of_rate(limit), "E")) < 2.0 * 0.1 / np.sqrt(800)
    nrmse, bias = of_mean(-0.03, of_rate(limit), "E")
    assert bias == -0.03
    assert nrmse == pytest.approx(0.03 * limit.mean() / limit.std())
    assert np.isnan(of_mean(0.03, of_rate(np.ones(800)), "E")[0])


DRIVE = {"mu": "0.9 mV/ms", "sigma": "1 mV/sqrt(ms)"}
FILTERED = {"synapse": "exponential", "tau_syn": "0.5 ms"}


@pytest.mark.parametrize(
    ("synapse", "drive", "sources"),
    [
        ({"J": "-0.1 mV"}, {"noise": DRIVE}, {"step", "grid", "trains", "jumps"}),
        ({"J": "-1.5 mV"}, {"noise": DRIVE}, {"step", "grid", "trains"}),
        ({"J": "-0.1 mV", **FILTERED}, {"poisson": [{"K": 1000, "nu": "8 Hz", "J": "0.12 mV", **FILTERED}]},
         {"step", "grid", "trains", "boundaries"}),
    ],
)  # fmt: skip
def test_sources_of_a_networks_error(synapse, drive, sources):
    """Diffusion in place of small jumps, jumps that are kept, boundaries that move under filtered noise."""
    spec = load({
        "schema": 1,
        "populations": {"E": {"size": 400, "neuron": {"model": "lif", "t_ref": "2 ms"}, **drive}},
        "connections": [{"pre": "E", "post": "E", "rule": "fixed_indegree", "K": 20, "delay": "1.5 ms", **synapse}],
        "protocols": {"rest": {"duration": "100 ms", "transient": "50 ms"}},
    })  # fmt: skip
    density = CoupledDensity(spec)
    trajectory = density.simulate("rest")
    found = predict_network_error(density, "rest", trajectory)["E"]
    assert set(found.parts) == sources
    finite = CoupledDensity(spec, finite=True).simulate("rest")
    assert set(predict_network_error(density, "rest", trajectory, finite)["E"].parts) == sources | {"size"}


def test_errors_of_known_sign_cancel_and_others_do_not():
    assert expected({"size": 0.003, "grid": 0.001, "trains": -0.004}) == pytest.approx(0.0)
    assert expected({"size": 0.003, "nodes": 0.004}) == pytest.approx(0.005)
    assert expected({"closure": -0.003, "nodes": 0.004}) == pytest.approx(0.005)


def test_the_next_closure_beside_regular_trains_keeps_their_second_moment():
    """cumulant4 has no column for it: the distance would be that of the moments."""
    found: list[str] = []
    OtherClosure(falls_back([{}], found), "cumulant3", used("cumulant3"), NEXT_BESIDE_TRAINS).simulate("step")
    assert found == ["hermite3"]
    for closure, following in NEXT_BESIDE_TRAINS.items():
        assert carries_second(CLOSURES[following][1]) >= carries_second(CLOSURES[closure][1])


@pytest.mark.parametrize(
    ("synapse", "sources"),
    [({"J": "-0.1 mV"}, {"grid", "jumps"}), ({"J": "-0.1 mV", **FILTERED}, {"grid", "boundaries"})],
)
def test_densities_beside_cohorts_have_the_sources_of_networks(synapse, sources):
    """Those that are other descriptions; that they are added: test_convert_mixed.py."""
    driven = [{"K": 1000, "nu": "8 Hz", "J": "0.12 mV", **FILTERED}]
    drive = {"poisson": driven} if "synapse" in synapse else {"noise": DRIVE}
    spec = load({
        "schema": 1,
        "populations": {
            "E": {"size": 100, "neuron": {"model": "gif"}, "noise": {"mu": "1.2 mV/ms"}},
            "I": {"size": 100, "neuron": {"model": "lif", "t_ref": "2 ms"}, **drive},
        },
        "connections": [{"pre": "I", "post": "I", "rule": "fixed_indegree", "K": 20, "delay": "1.5 ms", **synapse}],
        "protocols": {"rest": {"duration": "100 ms"}},
    })  # fmt: skip
    density = MixedDensity(spec)
    assert set(other_descriptions(density, xr.Dataset(), lambda _: density)) == sources

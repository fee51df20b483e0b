"""Every entry of reference_sims/: complete, what it says it is, and followed by the density rung."""

import json
import re

import make_reference as catalogue
import pytest

from popdyn.comparison import compare
from popdyn.neurons import MODELS
from popdyn.rungs.choose import density_rung
from popdyn.spec import from_dict, to_dict
from popdyn.theory.problem import input_statistics
from popdyn.theory.stationary_2d import stationary_rate_2d

NAMES = catalogue.entries()
FOLDERS = sorted(path.name for path in catalogue.HERE.iterdir() if path.is_dir() and path.name != "__pycache__")
FILES = {"network.toml", "job.toml", "resolved.json", "summary.json", "digest.h5"}
NETWORKS = sorted(path.parent.name for path in catalogue.HERE.glob("*/truth.json"))
SCRIPTS = {"drawn_per_spike.py", "larger.py", "event_driven.py", "plain_brian2.py", "exact_arrivals.py", "draw_sets.py"}
NETWORK_FILES = {"truth.json", "cases.toml", "sets.json", *SCRIPTS}
MOST_BYTES = 1_000_000
SLOWEST = 5.0  # blocks of time of the bootstrap, in units of tau_w


def test_every_folder_is_an_entry():
    assert sorted({*NAMES, *NETWORKS}) == FOLDERS


@pytest.mark.parametrize("name", sorted({*NETWORKS} - {*NAMES}))
def test_network_truth_says_how_it_was_made(name):
    """Runs of the folder's own scripts, which use nothing of the library; or published figures with their source."""
    folder = catalogue.HERE / name
    files = {path.name for path in folder.iterdir()} - {"__pycache__"}
    assert {file for file in files - NETWORK_FILES if not re.fullmatch(r"(spectrum|network)[\w.]*", file)} == set()
    for run in json.loads((folder / "truth.json").read_text(encoding="utf-8")):
        if run["method"] == "published":
            assert run["source"]
            continue
        assert run["method"] in files
        assert "popdyn" not in (folder / run["method"]).read_text(encoding="utf-8")
        assert {"seed", "duration"} <= run["settings"].keys()
        assert run["values"]
        assert run["units"]


@pytest.mark.parametrize("name", NAMES)
def test_entry_is_complete(name):
    assert re.fullmatch(r"[a-z][a-z0-9_]*", name)
    folder = catalogue.HERE / name
    assert FILES <= {path.name for path in folder.iterdir()} <= FILES | {"plain_brian2.py"}
    assert (folder / "digest.h5").stat().st_size <= MOST_BYTES
    summary, job = catalogue.read_summary(name), catalogue.read_job(name)
    assert summary["id"] == catalogue.read_network(name).name == name
    assert set(summary["checks"]) == set(job["checks"])
    assert ("against_density" in job) != ("expected" in job), "followed by the density, or said why not"


@pytest.mark.parametrize("name", NAMES)
def test_resolved_spec_is_the_network(name):
    network = catalogue.read_network(name)
    resolved = json.loads((catalogue.HERE / name / "resolved.json").read_text(encoding="utf-8"))
    assert resolved == to_dict(network)
    assert from_dict(resolved).spec_hash == network.spec_hash == catalogue.read_summary(name)["spec_hash"]


@pytest.mark.parametrize("name", NAMES)
def test_digest_is_the_one_that_was_made(name):
    summary, job, digest = catalogue.read_summary(name), catalogue.read_job(name), catalogue.read_digest(name)
    assert catalogue.digest_hash(name) == summary["digest"]["sha256"]
    network = catalogue.read_network(name)
    assert digest.attrs["key"] == summary["truth"]["protocol"]["key"]
    assert digest.attrs["protocol"] == job["protocol"]
    assert digest.sizes["run"] >= 10
    assert digest.sizes["time"] * catalogue.BIN == pytest.approx(network.protocols[job["protocol"]].duration)
    escape = MODELS[network.populations["E"].neuron.model].escape
    assert digest.attrs["dt"] <= (1e-4 if escape else 2e-5)


@pytest.mark.parametrize("name", NAMES)
def test_checks_hold_when_evaluated_again(name):
    summary = catalogue.read_summary(name)
    again = catalogue.checks(catalogue.read_job(name), summary["rest"], catalogue.read_digest(name))
    for check, result in again.items():
        assert result["passed"], f"{check}: {result}"
        assert result["value"] == pytest.approx(summary["checks"][check]["value"], rel=1e-6)


@pytest.mark.parametrize("name", [name for name in NAMES if "density_2d_rate" in catalogue.read_job(name)])
def test_rate_at_rest_of_the_two_dimensional_density(name):
    population = catalogue.read_network(name).populations["E"]
    rate, _ = stationary_rate_2d(population.neuron.parameters, population.neuron.model, *input_statistics(population))
    assert rate == pytest.approx(catalogue.read_job(name)["density_2d_rate"], rel=1e-5)


@pytest.mark.parametrize("name", [name for name in NAMES if "against_density" in catalogue.read_job(name)])
def test_density_follows_the_truth(name):
    """Upper 95 % bound of the noise-corrected nrmse, and the bias: deterministic, the truth is the stored digest."""
    job, network = catalogue.read_job(name), catalogue.read_network(name)
    trace = density_rung(network).simulate(job["protocol"])
    block = SLOWEST * network.populations["E"].neuron.parameters.get("tau_w", 0.02)
    found = compare(catalogue.read_digest(name), trace, bin=catalogue.BIN, block=block).populations["E"]
    assert found.nrmse_interval[1] <= job["against_density"]["nrmse_upper"]
    assert abs(found.bias) <= job["against_density"]["bias"]

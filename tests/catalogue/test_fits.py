"""Every entry of fits/: complete, of the reference it names, its report.md rendered from its report.json."""

import make_fit as catalogue
import make_reference
import network_fits
import pytest
import reference_truths

from popdyn.neurons import MODELS
from popdyn.report import render_markdown, validate
from popdyn.spec import load

NAMES = catalogue.entries()
FOLDERS = sorted(path.name for path in catalogue.HERE.iterdir() if path.is_dir() and path.name != "__pycache__")
FILES = {"fit.toml", "report.json", "report.md", "model.json"}


def no_density(network):
    """Networks of neurons with escape noise have no entry yet."""
    return any(MODELS[population.neuron.model].escape for population in network.populations.values())


def spec_of(name):
    cases = reference_truths.read_cases(name)["cases"]
    return load(reference_truths.HERE / name / next(iter(cases.values()))["spec"])


def test_every_reference_has_its_fit():
    assert sorted({catalogue.read_fit(name)["reference"] for name in NAMES}) == sorted(make_reference.entries())
    networks = [name for name in reference_truths.entries() if not no_density(spec_of(name))]
    assert network_fits.entries() == networks
    assert sorted([*NAMES, *network_fits.entries()]) == FOLDERS


@pytest.mark.parametrize("name", NAMES)
def test_entry_is_complete(name):
    files = {path.name for path in (catalogue.HERE / name).iterdir()}
    assert FILES - {"model.json"} <= files <= FILES


@pytest.mark.parametrize("name", NAMES)
def test_report_is_of_this_reference(name):
    document, reference = (
        catalogue.read_report(name),
        make_reference.read_network(catalogue.read_fit(name)["reference"]),
    )
    validate(document)
    assert document["spec_hash"] == reference.spec_hash
    summary = make_reference.read_summary(catalogue.read_fit(name)["reference"])
    assert document["provenance"]["keys"]["truth"] == summary["truth"]["protocol"]["key"]


@pytest.mark.parametrize("name", NAMES)
def test_markdown_is_rendered_from_the_json(name):
    stored = (catalogue.HERE / name / "report.md").read_text(encoding="utf-8")
    assert stored == render_markdown(catalogue.read_report(name))


@pytest.mark.parametrize("name", NAMES)
def test_density_passes_or_the_report_says_that_it_is_outside_its_domain(name):
    document, wanted = catalogue.read_report(name), catalogue.read_fit(name).get("expected_warning")
    pair = next(c for c in document["comparisons"] if (c["truth"], c["model"]) == ("spiking", "density"))
    if wanted is None:
        assert pair["verdict"] == "pass"
    else:
        assert any(wanted in warning for warning in document["warnings"])

"""Entries of fits/ that are networks: every case measured, of the spec and the truth that reference_sims/ has now."""

import network_fits as catalogue
import pytest
import reference_truths

CASES = [(name, case) for name in catalogue.measured_entries() for case in catalogue.settings(name)["cases"]]


def stored(name, case):
    return catalogue.read(name)["cases"][case]


@pytest.mark.parametrize("name", catalogue.measured_entries())
def test_entry_is_complete(name):
    files = {path.name for path in (catalogue.HERE / name).iterdir()}
    assert files == {"density.toml", "density.json"}
    document = catalogue.read(name)
    assert document["id"] == name
    assert document["source"] == reference_truths.read_cases(name)["source"]
    assert document["cases"].keys() == catalogue.settings(name)["cases"].keys()
    assert document["cases"].keys() <= reference_truths.read_cases(name)["cases"].keys()


@pytest.mark.parametrize(("name", "case"), CASES)
def test_case_is_of_this_spec_and_has_every_limit(name, case):
    entry = stored(name, case)
    assert entry["spec_hash"] == catalogue.network(name, case).spec_hash
    assert catalogue.settings(name)["cases"][case]["duration"].keys() == entry.keys() - {"spec_hash", "truth"}


@pytest.mark.parametrize(("name", "case"), CASES)
def test_errors_are_against_the_truth_as_it_is(name, case):
    entry, limits = stored(name, case), catalogue.settings(name)["cases"][case]["duration"]
    for population, truth in reference_truths.rates(name, case).items():
        assert entry["truth"][population]["value"] == pytest.approx(truth.value)
        for limit in limits:
            values = entry[limit]
            error = values["rates"][population] / truth.value - 1.0
            assert values["rate_errors"][population] == pytest.approx(error, abs=1e-9)
            assert values["mass_error"] < 1e-8

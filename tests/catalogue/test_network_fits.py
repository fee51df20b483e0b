"""Entries of fits/ that are networks: every case measured, of the spec that reference_sims/ has now."""

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
def test_errors_are_against_the_truth(name, case):
    """As it was stored, which a truth that has been extended since must not contradict: 3 standard errors."""
    entry, limits = stored(name, case), catalogue.settings(name)["cases"][case]["duration"]
    for population, truth in reference_truths.rates(name, case).items():
        used = entry["truth"][population]
        assert used["value"] == pytest.approx(truth.value, abs=3.0 * (used["error"] or 0.0) + 1e-9)
        for limit in limits:
            values = entry[limit]
            error = values["rates"][population] / used["value"] - 1.0
            assert values["rate_errors"][population] == pytest.approx(error, abs=1e-9)
            assert values["mass_error"] < 1e-8

"""What a report says of escape-noise populations: tables, what is not available, and that labels stay data."""

from __future__ import annotations

import pytest
from page import parse
from synthetic_network import make_network_report
from test_report_network import rows

from popdyn.errors import SpecError
from popdyn.report import render_html, render_markdown, validate


def make_cohort_report(label: str = "E") -> dict:
    """The synthetic network with cohorts in the place of nodes."""
    document = make_network_report(label)
    for key in ("derivations", "neuron_rates", "validity"):
        del document[key]
    document["cohorts"] = [
        {
            "population": label, "model": "gif", "size": 4000, "closure": "gaussian", "order": 2,
            "variables": ["a(0.03)", label],
            "frozen": {"V_T_star": 2e-3, "mu with unequal inputs": 0.02, "adaptation": 0.3},
            "history": 0.105, "width": 1e-3, "cohorts": 33, "dt": 5e-4, "shot_noise": "coloured",
            "regularity": {label: 0.61}, "rate": 12.3, "mu": 1.25, "sigma": 0.01,
            "predicted": {"closure": 5e-4, "history": 1e-7, "ages": 2e-6, "step": 4e-5, "spread": 2e-3},
            "spread": "frozen variables (0.20 % off cubature of degree 5, 9 nodes)", "spread_error": 2e-3, "nodes": 1,
        },
        {"population": "I", "model": "poisson", "closure": "cohort_mean", "order": 1, "variables": []},
    ]  # fmt: skip
    document["not_available"] = [f"rate unit {label}"]
    return document


def test_the_cohorts_in_words():
    page = parse(render_html(make_cohort_report()))
    table = rows(page, "cohorts")
    assert table[0][:5] == ["E", "4,000", "gif", "means and covariances (gaussian)", "a(0.03), E"]
    assert table[0][5] == "V_T_star 2.00\u202fmV, mu with unequal inputs 0.0200 mV/ms, adaptation 0.300"
    assert table[0][7:12] == ["33 from 1.00\u202fms", "105\u202fms", "500\u202fµs", "coloured", "E 0.61"]
    assert table[0][6] == "frozen variables (0.20 % off cubature of degree 5, 9 nodes)"
    assert table[0][12:] == ["12.3", "1.25", "0.316"]
    assert table[1][3:9] == ["means (cohort_mean)", "—", "—", "—", "0 from —", "—"]
    assert table[2] == ["E", "0.050", "1.0·10^−5", "0.00020", "0.0040", "0.20", "0.25"]
    assert "rate unit E" in page.by_id("main").text
    assert {"#cohorts", "#not-available"} <= {e.attributes["href"] for e in page.all("a")}


def test_labels_stay_data():
    label = '</td><script>alert("E")</script>'
    for page in (render_html(make_cohort_report(label)), render_markdown(make_cohort_report(label))):
        assert "<script>" not in page


def test_a_wrong_part_is_refused():
    document = make_cohort_report()
    document["cohorts"][0]["history"] = "long"
    with pytest.raises(SpecError, match=r"cohorts\.0\.history"):
        validate(document)

"""Verdict in words, numbers as text, colours, Markdown, files."""

from __future__ import annotations

import json

import numpy as np
import pytest
from synthetic_report import make_report

from popdyn.errors import SpecError
from popdyn.report import json_schema, judge, render_html, render_markdown, to_json, write
from popdyn.report.palette import DARK, LIGHT, contrast
from popdyn.report.rows import prediction_table
from popdyn.report.text import bar, number, percent, percent_interval, plain, quantity, quantity_interval


def measures(verdict, nrmse=0.01, bias=0.001):
    return {
        "truth_mean": 10.0,
        "model_mean": 10.0,
        "nrmse": nrmse,
        "nrmse_interval": [nrmse - 0.002, nrmse + 0.002],
        "bias": bias,
        "bias_interval": [bias - 0.001, bias + 0.001],
        "ceiling": 0.02,
        "resolution": 0.012,
        "verdict": verdict,
    }


def report_with(*found, target="unit"):
    comparisons = [
        {
            "truth": truth,
            "model": model,
            "protocol": f"p{i}",
            "tolerance": 0.02,
            "verdict": m["verdict"],
            "populations": {"E": m},
        }
        for i, (truth, model, m) in enumerate(found)
    ]
    rungs = [{"name": "density"}, {"name": "unit"}]
    head = {"schema": 1, "title": "t", "target": target, "tolerance": 0.02, "populations": ["E"]}
    return {**head, "rungs": rungs, "comparisons": comparisons}


def test_the_worst_protocol_of_the_target_decides():
    report = report_with(
        ("spiking", "unit", measures("pass")),
        ("spiking", "unit", measures("fail", 0.05)),
        ("spiking", "density", measures("pass")),
    )
    verdict = judge(report)
    assert verdict["word"] == "fail"
    assert "protocol p1" in verdict["sentence"]
    assert "The density rung meets it" in verdict["sentence"]
    assert judge({**report, "target": "density"})["word"] == "pass"


def test_only_spikes_verify():
    verdict = judge(report_with(("density", "unit", measures("pass"))))
    assert verdict["word"] == "unverified"


def test_inconclusive_says_what_to_do():
    sentence = judge(report_with(("spiking", "unit", measures("inconclusive"))))["sentence"]
    assert "not decided" in sentence
    assert "1.20" in sentence
    assert "more neurons" in sentence


@pytest.mark.parametrize(
    ("word", "figures"),
    [
        ("pass", "the error of its rate is not resolved (this truth resolves 1.20 %; 95 % interval 0.30 to 0.70 %)"),
        ("inconclusive", "the error of its rate is not resolved (95 % interval 0.30 to 0.70 %)"),
    ],
)
def test_an_error_below_what_the_truth_resolves_gets_no_bound(word, figures):
    """The resolution lies above or below the interval's end: it is no bound of the error."""
    report = report_with(("spiking", "unit", measures(word, nrmse=0.005)))
    sentence = judge(report)["sentence"].replace("\u202f", " ")
    assert f"{figures}, its mean is off by +0.10 %" in sentence
    assert sentence.count("resolves 1.20 %") == 1
    assert "| not resolved (0.30 to 0.70" in render_markdown(report)
    assert "<" not in sentence


def test_empty_equations_are_left_out():
    report = make_report()
    report["equations"] |= {"modes": "", "unit": "tau_h dh/dt = mu - h"}
    for page, mark in ((render_markdown(report), "## Equations: {}\n"), (render_html(report), "<summary>{}</summary>")):
        assert mark.format("unit") in page
        assert mark.format("modes") not in page


def test_a_prediction_stands_beside_an_interval_and_its_note():
    """A ratio needs a measured error that is not zero."""
    report = make_report()
    one = {"population": "E", "rung": "density", "what": "bias", "predicted": 0.001, "measured": 0.0005}
    report["predictions"] = [one | {"interval": [2.5e-4, 7.5e-4]}, one | {"interval": [0.0, 1e-3]}, one]
    rows = prediction_table(report).rows
    assert [row[-1] for row in rows] == ["2.0", "—", "2.0"]
    assert rows[0][4].endswith(f"({percent_interval([2.5e-4, 7.5e-4])})")
    for page in (render_html(report), render_markdown(report)):
        assert "the truth's own time step" in page.replace("&#39;", "'")


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (number(1234.5), "1234"),
        (number(0.00012), "0.000120"),
        (number(-2.5e-7), "−2.50·10^−7"),
        (number(None), "—"),
        (number(float("nan")), "—"),
        (number(0.0), "0"),
        (percent(0.02), "2.00\u202f%"),
        (percent(-0.151, signed=True), "−15.1\u202f%"),
        (percent(0.001, signed=True), "+0.10\u202f%"),
        (bar(0.02), "2\u202f%"),
        (bar(0.005), "0.5\u202f%"),
        (percent_interval([-0.01, 0.02], floor=True), "0.00 to 2.00\u202f%"),
        (quantity(5.2e-3, "s"), "5.20\u202fms"),
        (quantity(0.96, "1"), "0.960"),
        (quantity(45.0, "1/s"), "45.0\u202f1/s"),
        (quantity(40e-12, "A"), "40.0\u202fpA"),
        (quantity_interval(4e-3, 6e-3, "s", 5e-3), "4.00 to 6.00\u202fms"),
        (plain("a\x1b[31mb\u2028"), "a[31mb"),
    ],
)
def test_numbers_as_text(text, shown):
    assert text == shown


@pytest.mark.parametrize("palette", [LIGHT, DARK], ids=["light", "dark"])
def test_contrast_is_wcag_aa(palette):
    """Text 4.5:1 on page and panel; lines and markers 3:1."""
    for ground in ("page", "panel"):
        for name in ("ink", "soft", "blue", "pass", "inconclusive", "fail", "unverified"):
            assert contrast(palette[name], palette[ground]) >= 4.5, (name, ground)
        for name in ("truth", "blue", "vermilion", "green", "purple", "ochre"):
            assert contrast(palette[name], palette[ground]) >= 3.0, (name, ground)
    assert set(LIGHT) == set(DARK)
    assert contrast("#000000", "#ffffff") == pytest.approx(21)


def test_figures_use_no_colour_outside_the_palette():
    html = render_html(make_report())
    drawings = html[html.index("<main") :]
    assert "#0067a8" not in drawings
    assert not [word for word in ("#1f77b4", "fill: #", "stroke: #") if word in drawings]


def test_markdown_has_the_errors_and_escapes():
    text = render_markdown(make_report(label="a|b `c` <script>"))
    assert text.startswith("# a\\|b \\`c\\` \\<script\\>\n\n**fail**")
    assert "<script>" not in text.replace("\\<script\\>", "").split("```text")[0]
    assert "| density vs spiking | pass | mixed |" in text
    assert "tau\\_h" in text
    assert text == render_markdown(make_report(label="a|b `c` <script>"))


def test_files_hold_the_verdict_and_no_nan(tmp_path):
    report = make_report()
    del report["spec_hash"]
    report["curves"][0]["models"]["unit"] = np.full(27, np.nan)
    write(report, tmp_path / "out")
    text = (tmp_path / "out/report.json").read_text()
    document = json.loads(text, parse_constant=lambda word: pytest.fail(word))
    assert document["verdict"]["word"] == "fail"
    assert document["curves"][0]["models"]["unit"] == [None] * 27
    assert list(document) == sorted(document)
    assert (tmp_path / "out/report.html").read_text() == render_html(document)
    write(json.loads(text), tmp_path / "again")
    assert (tmp_path / "again/report.json").read_text() == text


def test_a_broken_report_leaves_no_file(tmp_path):
    with pytest.raises(SpecError):
        write({"schema": 1}, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_numpy_becomes_json():
    assert to_json({"a": np.float32(0.5), "b": (np.int64(2), np.inf), 3: np.array([[1.0]])}) == {
        "a": 0.5,
        "b": [2, None],
        "3": [[1.0]],
    }
    assert json_schema()["required"] == ["schema", "title", "target", "tolerance", "populations"]

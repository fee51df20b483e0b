"""The page: self-contained, accessible, safe with any label, the same bytes for the same report."""

from __future__ import annotations

import copy
import itertools
import re
from collections import Counter

import pytest
from page import parse
from synthetic_report import make_report

from popdyn.errors import SpecError
from popdyn.report import render_html

HOSTILE = '</script></style><script>alert(1)</script><img src="http://evil/x" onerror=alert(1)>'
HOSTILE += "{{ 7*7 }} $\\frac{x$ [/] \x00\x1b"


@pytest.fixture(scope="module")
def full():
    return make_report()


@pytest.fixture(scope="module")
def html(full):
    return render_html(full)


def test_the_verdict_stands_in_its_element(html):
    page = parse(html)
    assert page.by_id("verdict").text == "fail"
    assert "misses the tolerance of 2" in page.by_id("verdict-sentence").text
    assert "density" in page.by_id("verdict-sentence").text


def test_every_part_is_there_in_reading_order(html):
    headings = [element.text for element in parse(html).all("h2")]
    assert headings == [
        "Warnings",
        "The ladder",
        "Errors",
        "Rates",
        "Stationary rates",
        "Step response",
        "Linear response",
        "Predicted and measured errors",
        "The rate unit",
        "Derived equations",
        "Domain of validity",
        "The spec",
        "Provenance",
    ]


def test_nothing_is_loaded_and_nothing_runs(html):
    page = parse(html)
    assert not [
        e for e in page.elements if e.tag in {"script", "link", "img", "iframe", "object", "embed", "form", "base"}
    ]
    assert not [key for e in page.elements for key in e.attributes if key.startswith("on")]
    targets = [
        e.attributes.get(key) for e in page.elements for key in ("src", "href", "xlink:href") if e.attributes.get(key)
    ]
    assert targets
    assert all(target.startswith("#") for target in targets)
    assert not re.search(r"url\((?!#)|@import", html)
    policy = next(e.attributes["content"] for e in page.all("meta") if e.attributes.get("http-equiv"))
    assert policy.startswith("default-src 'none'")
    assert "script" not in policy


def test_structure_for_readers_and_keyboards(html):
    page = parse(html)
    assert page.all("html")[0].attributes["lang"] == "en"
    assert len(page.all("h1")) == 1
    levels = [int(e.tag[1]) for e in page.elements if re.fullmatch("h[1-6]", e.tag)]
    assert all(b - a <= 1 for a, b in itertools.pairwise(levels))
    drawings = page.all("svg")
    assert len(drawings) == 5
    for drawing in drawings:
        assert drawing.attributes["role"] == "img"
        for key in drawing.attributes["aria-labelledby"].split():
            assert page.by_id(key).text.strip()
    assert all(e.text.strip() for e in page.all("caption"))
    ids = Counter(e.attributes["id"] for e in page.elements if "id" in e.attributes)
    assert max(ids.values()) == 1
    links = {e.attributes["href"][1:] for e in page.all("a")}
    assert links <= set(ids)
    references = set(re.findall(r"url\(#([^)]+)\)", html)) | {e.attributes["xlink:href"][1:] for e in page.all("use")}
    assert references <= set(ids)


def test_a_table_is_behind_every_figure(html):
    figures = html.split("<figure>")[1:]
    assert len(figures) == 5
    for figure in figures:
        section = figure.split("</section>")[0]
        assert "<table>" in section


def test_size_and_reproducible_bytes(full, html):
    assert len(html.encode()) < 400_000
    assert render_html(copy.deepcopy(full)) == html


def test_many_populations_and_protocols_stay_below_a_megabyte():
    report = make_report(names=("E", "I", "P", "S"))
    report["traces"] = [{**report["traces"][0], "protocol": f"p{i}"} for i in range(8)]
    html = render_html(report)
    assert len(html.encode()) < 1_000_000
    assert "left out to keep this page small" in html


def test_hostile_labels_are_text():
    report = make_report(names=(HOSTILE, "I"), label=HOSTILE)
    report["curves"][0]["drive"] = report["traces"][0]["stimulus"]["label"] = HOSTILE
    report["traces"][0]["protocol"] = report["steps"][0]["protocol"] = HOSTILE
    report["equations"][HOSTILE] = report["spec_text"] = HOSTILE
    report["units"][0]["parameters"][0]["name"] = HOSTILE
    for item in report["comparisons"]:
        item["notes"] = [HOSTILE]
    html = render_html(report)
    page = parse(html)
    assert not page.all("script")
    assert not page.all("img")
    assert len(page.all("style")) == 1
    assert "49" not in page.all("h1")[0].text
    assert "<script>alert(1)</script>" in page.all("h1")[0].text
    assert "\x00" not in html
    assert "\x1b" not in html
    assert page.by_id("verdict").text == "fail"


def test_without_truth_it_is_stamped_unverified():
    page = parse(render_html(make_report(truth=False)))
    assert page.by_id("verdict").text == "unverified"
    assert "was not compared with the spiking network" in page.by_id("verdict-sentence").text
    assert [e.text for e in page.all("p") if e.attributes.get("class") == "stamp"] == ["UNVERIFIED"]
    assert "unverified" in page.all("title")[0].text


OPTIONAL = sorted(set(make_report()) - {"schema", "title", "target", "tolerance", "populations"})


@pytest.mark.parametrize("key", OPTIONAL)
def test_every_optional_part_may_be_absent(full, key):
    smaller = {name: part for name, part in full.items() if name not in {key, "traces", "curves", "responses"}}
    html = render_html(smaller)
    assert parse(html).by_id("verdict").text in {"pass", "fail", "inconclusive", "unverified"}
    assert "None" not in re.sub(r"<svg.*?</svg>", "", html, flags=re.S)


def test_the_least_report_is_a_page():
    least = {"schema": 1, "title": "x", "target": "density", "tolerance": 0.02, "populations": ["E"]}
    assert parse(render_html(least)).by_id("verdict").text == "unverified"


def test_several_populations_are_all_shown():
    html = render_html(make_report(names=("E", "I")))
    assert "Protocol mixed, population I" in html
    assert ">population<" in html


def test_what_is_no_report_is_refused_with_all_faults():
    report = make_report()
    report["tolerance"] = "two"
    report["surprise"] = 1
    with pytest.raises(SpecError) as caught:
        render_html(report)
    assert {fault.path for fault in caught.value.faults} == {"tolerance", "surprise"}
    short = make_report()
    short["traces"][0]["populations"]["E"]["models"]["unit"].pop()
    with pytest.raises(SpecError, match="999 values"):
        render_html(short)

"""What a report says of networks: tables, the figure of rates over neurons, and that labels stay data."""

from __future__ import annotations

import pytest
from page import parse
from synthetic_network import make_network_report

from popdyn.errors import SpecError
from popdyn.report import render_html, render_markdown, validate


def rows(page, heading):
    """Text of the cells of the first table after a heading."""
    start = next(i for i, e in enumerate(page.elements) if e.attributes.get("id") == heading)
    found = []
    for element in page.elements[start:]:
        if element.tag == "tr" and "tbody" in element.parents:
            found.append([])
        if element.tag in ("td", "th") and "tbody" in element.parents:
            found[-1].append(element.text.strip())
        if element.tag == "section" and found:
            break
    return found


def test_the_network_in_words():
    page = parse(render_html(make_network_report()))
    first, second = rows(page, "network")
    assert first[:5] == [
        "small network",
        "12,000",
        "5",
        "0.21\u202f%",
        "V_th 81 %, quenched input (in-degrees, weights) 19 %",
    ]
    assert first[5:8] == ["−3.40\u202f%", "finite jumps", "60.3, 16.5"]
    assert first[8:] == ["9.87", "0.742", "2.54"]
    assert second[2:7] == ["1", "—", "—", "—", "—"]
    (spread,) = rows(page, "neurons")[:1]
    assert spread == ["small network", "0.500", "0.480", "0.520", "+4.00\u202f%", "5 from 4.00 to 21.0"]
    assert [row[-1] for row in rows(page, "validity")] == ["within", "beyond"]


def test_figures_of_networks():
    document = make_network_report()
    page = parse(render_html(document))
    headings = [e.text for e in page.all("h3")]
    assert "Rates over neurons, population small network" in headings
    assert "Open loop. small network" in " ".join(e.text for e in page.all("figcaption"))
    figures = [e.text for e in page.all("figure")]
    driven = [text for text in figures if "mu [mV/ms]" in text and text.strip().startswith("Protocol")]
    assert len(driven) == 1
    assert "population I" in driven[0]


def test_without_a_resolved_spread_there_is_no_figure():
    document = make_network_report()
    del document["neuron_rates"][0]["truth_quantiles"], document["neuron_rates"][0]["truth_sd_log"]
    page = parse(render_html(document))
    assert rows(page, "neurons")[0][1:5] == ["—", "0.480", "0.520", "—"]
    assert not any("Rates over neurons, population" in e.text for e in page.all("h3"))


def test_markdown_has_the_same():
    text = render_markdown(make_network_report())
    for heading in ("The network as the density has it", "Rates over neurons", "Limits of the theory"):
        assert f"## {heading}" in text


def test_hostile_labels_stay_text():
    label = '</svg><script>alert(1)</script><b id="x">'
    page = parse(render_html(make_network_report(label)))
    assert not page.all("script")
    assert not page.all("b")
    assert rows(page, "network")[0][0] == label[:39] + "…"


@pytest.mark.parametrize(
    ("part", "key", "value"),
    [
        ("derivations", "nodes", "many"),
        ("neuron_rates", "sd_log", None),
        ("validity", "flagged", "x"),
        ("validity", "more", 1),
    ],
)
def test_faults_are_named(part, key, value):
    document = make_network_report()
    document[part][0][key] = value
    with pytest.raises(SpecError, match=f"{part}.0.{key}"):
        validate(document)

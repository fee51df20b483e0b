"""report.html: one self-contained page, drawn from the report's JSON alone."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import cache, partial
from pathlib import Path
from typing import Any

import jinja2
from markupsafe import Markup

from popdyn.report.block import Block
from popdyn.report.figure_budget import budget_figure
from popdyn.report.figure_curve import curve_figure
from popdyn.report.figure_neurons import neuron_rates_figure
from popdyn.report.figure_rates import rates_figure
from popdyn.report.figure_response import response_figure
from popdyn.report.figure_step import step_figure
from popdyn.report.judge import judge
from popdyn.report.ladder import cards
from popdyn.report.palette import DARK, LIGHT, css_variables
from popdyn.report.rows import (
    PREDICTION_NOTE,
    comparison_notes,
    cost_table,
    error_table,
    parameter_table,
    prediction_table,
    provenance_table,
)
from popdyn.report.rows_cohorts import cohort_error_table, cohort_table
from popdyn.report.rows_network import derivation_table, neuron_rate_table, validity_table
from popdyn.report.schema import Report, validate
from popdyn.report.text import number, percent, plain

LIMIT = 1_000_000
"""Bytes of a page. Figures beyond FIGURES of them are left out, and the page says so."""
FIGURES = 750_000
MARKS = {"pass": "✓", "inconclusive": "?", "fail": "✗", "unverified": "!"}


def render_html(report: dict[str, Any]) -> str:
    """The page. The same report gives the same bytes; labels are data and never markup.

    Raises
    ------
    SpecError : the document is not a report
    """
    checked = validate(report)
    budget = budget_figure(checked)
    sections, left_out = _within_budget(checked, len(str(budget.svg)) if budget else 0)
    return _template().render(
        report=checked,
        title=plain(checked["title"]),
        verdict=checked.get("verdict") or judge(checked),
        marks=MARKS,
        style=_style(),
        cards=cards(checked),
        budget=budget,
        errors=error_table(checked),
        notes=comparison_notes(checked),
        sections=sections,
        left_out=left_out,
        derivations=derivation_table(checked),
        cohorts=cohort_table(checked),
        cohort_errors=cohort_error_table(checked),
        neurons=neuron_rate_table(checked),
        validity=validity_table(checked),
        predictions=prediction_table(checked),
        prediction_note=PREDICTION_NOTE,
        units=[(unit, parameter_table(unit)) for unit in checked.get("units", [])],
        spec_text=_spec_text(checked),
        costs=cost_table(checked),
        provenance=provenance_table(checked),
    )


def _within_budget(report: Report, used: int) -> tuple[dict[str, list[Block]], int]:
    """Figures by section, drawn until one as large as the largest so far would not fit; how many were left out."""
    sections: dict[str, list[Block]] = {"rates": [], "neurons": [], "curves": [], "steps": [], "responses": []}
    drawings = _drawings(report)
    largest = 0
    for i, (section, draw) in enumerate(drawings):
        if used + largest > FIGURES:
            return sections, len(drawings) - i
        block = draw(f"figure{i + 1}")
        if block is None:
            continue
        size = len(str(block.svg)) + 60 * sum(len(row) for row in block.table.rows)
        used, largest = used + size, max(largest, size)
        sections[section].append(block)
    return sections, 0


def _drawings(report: Report) -> list[tuple[str, Callable[[str], Block | None]]]:
    """What there is to draw, the most telling first; traces, the largest, last."""
    found: list[tuple[str, Callable[[str], Block | None]]] = []
    found += [("steps", partial(step_figure, report, step)) for step in report.get("steps", [])]
    found += [("curves", partial(curve_figure, curve)) for curve in report.get("curves", [])]
    found += [("neurons", partial(neuron_rates_figure, entry)) for entry in report.get("neuron_rates", [])]
    found += [("responses", partial(response_figure, response)) for response in report.get("responses", [])]
    for trace in report.get("traces", []):
        found += [("rates", partial(rates_figure, trace, name)) for name in trace["populations"]]
    return found


def _spec_text(report: Report) -> str:
    if report.get("spec_text"):
        return plain_lines(report["spec_text"])
    return json.dumps(report["spec"], indent=2, sort_keys=True, ensure_ascii=False) if report.get("spec") else ""


def plain_lines(text: str) -> str:
    """Text of several lines without control characters."""
    return "\n".join(plain(line, 2000) for line in text.splitlines())


@cache
def _style() -> Markup:
    css = (Path(__file__).parent / "style.css").read_text(encoding="utf-8")
    light, dark = css_variables(LIGHT), css_variables(DARK)
    head = (
        f":root {{ color-scheme: light dark; {light} }}\n"
        f"@media screen and (prefers-color-scheme: dark) {{ :root {{ {dark} }} }}\n"
    )
    return Markup(head + css)  # noqa: S704  (both are files of this package)


@cache
def _template() -> jinja2.Template:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=jinja2.ChainableUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(percent=percent, number=number, plain=plain, lines=plain_lines)
    return environment.get_template("template.html")

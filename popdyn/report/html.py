"""report.html: one self-contained page, drawn from the report's JSON alone."""

from __future__ import annotations

import json
from functools import cache
from itertools import count
from pathlib import Path
from typing import Any

import jinja2
from markupsafe import Markup

from popdyn.report.block import Block
from popdyn.report.figure_budget import budget_figure
from popdyn.report.figure_curve import curve_figure
from popdyn.report.figure_rates import rates_figure
from popdyn.report.figure_response import response_figure
from popdyn.report.figure_step import step_figure
from popdyn.report.judge import judge
from popdyn.report.ladder import cards
from popdyn.report.palette import DARK, LIGHT, css_variables
from popdyn.report.rows import (
    comparison_notes,
    cost_table,
    error_table,
    parameter_table,
    prediction_table,
    provenance_table,
)
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
        predictions=prediction_table(checked),
        units=[(unit, parameter_table(unit)) for unit in checked.get("units", [])],
        spec_text=_spec_text(checked),
        costs=cost_table(checked),
        provenance=provenance_table(checked),
    )


def _within_budget(report: Report, used: int) -> tuple[dict[str, list[Block]], int]:
    sections: dict[str, list[Block]] = {"rates": [], "curves": [], "steps": [], "responses": []}
    left_out = 0
    for section, block in _figures(report):
        size = len(str(block.svg)) + 60 * sum(len(row) for row in block.table.rows)
        if used + size > FIGURES:
            left_out += 1
            continue
        used += size
        sections[section].append(block)
    return sections, left_out


def _figures(report: Report) -> list[tuple[str, Block]]:
    numbers = count(1)
    found: list[tuple[str, Block | None]] = []
    found += [("steps", step_figure(report, step, f"figure{next(numbers)}")) for step in report.get("steps", [])]
    found += [("curves", curve_figure(curve, f"figure{next(numbers)}")) for curve in report.get("curves", [])]
    found += [("responses", response_figure(item, f"figure{next(numbers)}")) for item in report.get("responses", [])]
    for trace in report.get("traces", []):
        found += [("rates", rates_figure(trace, name, f"figure{next(numbers)}")) for name in trace["populations"]]
    return [(section, block) for section, block in found if block is not None]


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

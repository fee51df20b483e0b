"""report.md: the figures of a conversion as tables, from the report's JSON alone."""

from __future__ import annotations

import re
from typing import Any

from popdyn.report.block import Table
from popdyn.report.html import plain_lines
from popdyn.report.judge import judge
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


def render_markdown(report: dict[str, Any]) -> str:
    """The report as Markdown; labels are escaped."""
    checked = validate(report)
    verdict = checked.get("verdict") or judge(checked)
    parts = [f"# {_escape(checked['title'])}", f"**{verdict['word']}** — {_escape(verdict['sentence'])}"]
    if checked.get("summary"):
        parts.append(_escape(checked["summary"]))
    parts += _section("Errors", error_table(checked))
    parts += [_list(comparison_notes(checked))]
    for curve in checked.get("curves", []):
        shown = curve["models"]
        cells = tuple(
            (number(drive), *(number(rates[i], 4) for rates in shown.values()))
            for i, drive in enumerate(curve["values"])
        )
        columns = (f"{plain(curve['drive'])} [{plain(curve['unit'])}]", *(f"{plain(name)} [Hz]" for name in shown))
        parts += _section(f"Stationary rate of {plain(curve['population'])}", Table(columns, cells))
    parts += _responses(checked)
    parts += _section("The network as the density has it", derivation_table(checked))
    parts += _section("The cohorts of every population", cohort_table(checked))
    parts += _section("Expected error of stationary rates", cohort_error_table(checked))
    parts += _section("Rates over neurons", neuron_rate_table(checked))
    parts += _section("Limits of the theory", validity_table(checked))
    parts += _section("Predicted and measured errors", prediction_table(checked), PREDICTION_NOTE)
    for unit in checked.get("units", []):
        parts += _section(f"Unit {plain(unit['family'])} for {plain(unit['population'])}", parameter_table(unit))
        parts += [_escape(unit["note"])] if unit.get("note") else []
    for rung, text in checked.get("equations", {}).items():
        if text:
            parts += [f"## Equations: {_escape(rung)}", _code(plain_lines(text))]
    for heading, items in (
        ("Domain of validity", checked.get("domain")),
        ("Not available", checked.get("not_available")),
        ("Warnings", checked.get("warnings")),
    ):
        if items:
            parts += [f"## {heading}", _list(items)]
    parts += _section("Cost", cost_table(checked))
    parts += _section("Provenance", provenance_table(checked))
    return "\n\n".join(part for part in parts if part) + "\n"


def _responses(report: Report) -> list[str]:
    parts = []
    for response in report.get("responses", []):
        errors = [
            f"{plain(rung)}: {percent(value)} of the largest |H|" for rung, value in response.get("error", {}).items()
        ]
        if errors:
            parts += [
                f"## Linear response of {_escape(response['population'])} to {_escape(response['target'])}",
                _list(errors),
            ]
    return parts


def _section(heading: str, table: Table | None, note: str = "") -> list[str]:
    if table is None:
        return []
    head = [[_escape(cell) for cell in table.columns], ["---"] * len(table.columns)]
    lines = [_row(cells) for cells in head] + [_row([_escape(cell) for cell in row]) for row in table.rows]
    return [f"## {_escape(heading)}", *([_escape(note)] if note else []), "\n".join(lines)]


def _row(cells: list[str]) -> str:
    return "| " + " | ".join(cells) + " |"


def _list(items: list[str]) -> str:
    return "\n".join(f"- {_escape(item)}" for item in items)


def _escape(text: str) -> str:
    return re.sub(r"([\\`*_{}\[\]<>#|~$&])", r"\\\1", plain(text, 2000))


def _code(text: str) -> str:
    fence = "`" * max(3, 1 + max((len(run) for run in re.findall("`+", text)), default=0))
    return f"{fence}text\n{text}\n{fence}"

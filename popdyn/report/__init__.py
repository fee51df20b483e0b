"""One self-contained report from one JSON."""

from popdyn.report.build import trace_part
from popdyn.report.html import render_html
from popdyn.report.judge import judge
from popdyn.report.markdown import render_markdown
from popdyn.report.schema import Report, json_schema, validate
from popdyn.report.write import to_json, write

__all__ = [
    "Report",
    "json_schema",
    "judge",
    "render_html",
    "render_markdown",
    "to_json",
    "trace_part",
    "validate",
    "write",
]

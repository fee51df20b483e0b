"""The table of a campaign as CSV, JSON and markdown."""

from __future__ import annotations

import csv
import io
import json
from collections import Counter
from pathlib import Path
from typing import Any

from popdyn.errors import UsageError
from popdyn.store import Store
from popdyn.workflows.campaign import open_campaign_file
from popdyn.workflows.campaign_keys import keys_of
from popdyn.workflows.campaign_table import Table, table_of
from popdyn.workflows.progress import plain

SHOWN = 50
HIDDEN = ("seed", "key")
"""Columns that markdown leaves out."""


def report_campaign(
    path: str | Path, *, store: str | Path | None = None, out: str | Path | None = None
) -> tuple[Table, list[Path]]:
    """Write report.csv, report.json and report.md of a campaign; the table and the files."""
    campaign, shelf = open_campaign_file(path), Store(store)
    if store is not None and not shelf.root.is_dir():
        raise UsageError(f"--store: {shelf.root} is no store; allowed: the one that the campaign ran with")
    table = table_of(campaign, shelf, keys_of(campaign, shelf.root))
    folder = Path(out) if out is not None else Path("out") / f"{Path(path).stem}-report"
    folder.mkdir(parents=True, exist_ok=True)
    title = f"{campaign.file.name}: {campaign.file.do}"
    texts = {"report.csv": to_csv(table), "report.json": to_json(table, title), "report.md": to_markdown(table, title)}
    for name, text in texts.items():
        (folder / name).write_text(text, encoding="utf-8")
    return table, [folder / name for name in texts]


def to_csv(table: Table) -> str:
    """All rows; an empty cell is a value that is not there; what a spreadsheet would run as a formula is quoted."""
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(table.columns)
    for row in table.rows:
        writer.writerow([_harmless(row.get(name)) for name in table.columns])
    return stream.getvalue()


def _harmless(value: Any) -> Any:
    return f"'{value}" if isinstance(value, str) and value[:1] in "=+-@\t\r" and value else value


def to_json(table: Table, title: str) -> str:
    """{"title", "columns", "rows"}; null is a value that is not there."""
    rows = [{name: row.get(name) for name in table.columns} for row in table.rows]
    document = {"schema": 1, "title": title, "columns": list(table.columns), "rows": rows}
    return json.dumps(document, indent=1, allow_nan=False) + "\n"


def to_markdown(table: Table, title: str) -> str:
    """The first rows, and how many there are."""
    columns = [name for name in table.columns if name not in HIDDEN]
    lines = [f"# {title}", "", summary(table), "", "| " + " | ".join(columns) + " |", "|" + "---|" * len(columns)]
    for row in table.rows[:SHOWN]:
        lines.append("| " + " | ".join(_cell(row.get(name)) for name in columns) + " |")
    if len(table.rows) > SHOWN:
        lines += ["", f"{len(table.rows) - SHOWN} more rows are in report.csv."]
    return "\n".join(lines) + "\n"


def _cell(value: Any) -> str:
    if value is None:
        return "–"
    text = f"{value:.4g}" if isinstance(value, float) else str(value)
    return plain(text.replace("|", "\\|").replace("\n", " ").replace("<", "&lt;"))


def summary(table: Table) -> str:
    """ "40 rows: 38 done, 2 failed; verdicts: 30 pass, 8 fail"."""
    status = Counter(str(row["status"]) for row in table.rows)
    words = f"{len(table.rows)} rows: " + ", ".join(f"{count} {name}" for name, count in sorted(status.items()))
    verdicts = Counter(str(row["verdict"]) for row in table.rows if row.get("verdict"))
    said = ", ".join(f"{count} {name}" for name, count in sorted(verdicts.items()))
    return words + (f"; verdicts: {said}" if said else "")

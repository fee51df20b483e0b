"""report.json and report.html, written from one dict."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np

from popdyn.report.html import render_html
from popdyn.report.judge import judge
from popdyn.report.schema import validate


def write(report: dict[str, Any], directory: str | Path) -> None:
    """report.json (sorted keys, no nan) and report.html, which is rendered from what the JSON holds and nothing else.

    numpy arrays and scalars become numbers, what is not finite becomes null; a missing verdict is filled in.

    Raises
    ------
    SpecError : the document is not a report
    """
    document = to_json(report)
    if "verdict" not in document:
        document["verdict"] = dict(judge(validate(document)))
    text = json.dumps(document, sort_keys=True, ensure_ascii=False, allow_nan=False, indent=1) + "\n"
    page = render_html(json.loads(text))
    folder = Path(directory)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "report.json").write_text(text, encoding="utf-8")
    (folder / "report.html").write_text(page, encoding="utf-8")


def to_json(value: Any) -> Any:
    """Plain dicts, lists and numbers; nan and infinities as None."""
    if isinstance(value, dict):
        return {str(key): to_json(item) for key, item in value.items()}
    if isinstance(value, np.ndarray):
        return to_json(value.tolist())
    if isinstance(value, list | tuple):
        return [to_json(item) for item in value]
    if isinstance(value, np.generic):
        return to_json(value.item())
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return value

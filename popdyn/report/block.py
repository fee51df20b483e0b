"""A figure of the report with the table behind it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from markupsafe import Markup

from popdyn.report.text import number
from popdyn.types import FloatArray

ROWS = 60
"""Longest table behind a figure; longer data are thinned, and the table says so."""


@dataclass(frozen=True)
class Table:
    """Header cells, rows of cells as text, and what the reader must know."""

    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    note: str = ""
    verdict_column: int | None = None


@dataclass(frozen=True)
class Block:
    """One figure: id, heading, drawing, caption, its data (`open`: shown without a click)."""

    key: str
    heading: str
    svg: Markup
    caption: str
    table: Table
    open: bool = False


def array(values: Sequence[float | None] | None) -> FloatArray:
    """Numbers of the JSON as an array; null is nan."""
    return np.array([np.nan if value is None else value for value in values or ()], dtype=np.float64)


def numeric_table(columns: Sequence[str], data: Sequence[FloatArray]) -> Table:
    """Columns of numbers, thinned to at most ROWS rows."""
    count = len(data[0])
    step = max(1, -(-count // ROWS))
    rows = tuple(tuple(number(float(column[i]), 4) for column in data) for i in range(0, count, step))
    note = f"Every {step}th of {count} rows; all of them are in report.json." if step > 1 else ""
    return Table(tuple(columns), rows, note)

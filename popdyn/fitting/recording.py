"""Rates that were recorded: a CSV with time, rate and drive, units in the header, as targets of a fit.

    time [ms],rate [Hz],mu [mV/ms],sigma [mV/sqrt(ms)]

One row per bin, evenly spaced; rate and drive are means over the bin. The drive is `mu` (and `sigma`, if it varies),
or `drive` in a current, a potential, or a plain number (`drive [1]`), which then is the unit of the fitted parameters.
"""

from __future__ import annotations

import csv
import math
import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from popdyn.errors import UsageError
from popdyn.fitting.measures import BIN, binned
from popdyn.fitting.rate_target import RateTarget, checked, steps_of
from popdyn.quantities import UNITS
from popdyn.types import FloatArray

MAX_BYTES = 64_000_000
LEAST_ROWS = 40
EVEN = 1e-3
"""Largest deviation of a step of time from the mean one, relative to it."""
SKIP = 0.05
"""Share of a recording that is not scored: the unit forgets where it began."""
_HEAD = re.compile(r"\s*(time|rate|mu|sigma|drive)\s*\[([^\]]*)\]\s*")
COLUMNS = "time [ms], rate [Hz], and mu [mV/ms], with or without sigma [mV/sqrt(ms)], or drive in [pA], [mV] or [1]"
_ALLOWED = {"time": ("s",), "rate": ("Hz",), "mu": ("V/s",), "sigma": ("V/sqrt(s)",), "drive": ("A", "V", "1")}


@dataclass(frozen=True)
class Recording:
    """Columns (bin,) in SI; width of a bin [s]; the SI unit of the drive `mu`."""

    width: float
    rate: FloatArray
    mu: FloatArray
    sigma: FloatArray
    drive_unit: str


def read_recording(path: str | Path) -> Recording:
    """Raises UsageError where a column, a unit or a number is missing or wrong."""
    source = Path(path)
    try:
        if source.stat().st_size > MAX_BYTES:
            raise UsageError(f"{path}: larger than {MAX_BYTES} bytes; allowed: wider bins")
        with source.open(newline="", encoding="utf-8") as file:
            lines = list(csv.reader(file))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        got = (isinstance(error, OSError) and error.strerror) or f"{type(error).__name__}: {error}"
        raise UsageError(f"{path}: got {got}; allowed: a CSV of recorded rates") from None
    heads = [_head(str(path), cell) for cell in (lines[0] if lines else [])]
    names = [name for name, _, _ in heads]
    drives = [name for name in names if name in ("mu", "drive")]
    if len(set(names)) < len(names) or not {"time", "rate"} <= set(names) or len(drives) != 1:
        raise UsageError(f"{path}: got columns {', '.join(names) or 'none'}; allowed: {COLUMNS}")
    table = _numbers(str(path), lines[1:], names) * np.array([factor for _, _, factor in heads])
    column = {name: table[:, i] for i, name in enumerate(names)}
    unit = next(si for name, si, _ in heads if name == drives[0])
    width = _width(str(path), column["time"])
    sigma = column.get("sigma", np.zeros(len(table)))
    return Recording(width, column["rate"], column[drives[0]], sigma, unit)


def recorded_target(recording: Recording, name: str) -> RateTarget:
    """In bins of about 5 ms, or the recording's own where they are wider."""
    ratio, steps = max(1, round(BIN / recording.width)), steps_of(recording.width)
    rate = binned(recording.rate, ratio)
    mu, sigma = (np.repeat(x, steps) for x in (recording.mu, recording.sigma))
    first = round(SKIP * len(rate))
    width = ratio * recording.width
    return checked(RateTarget(name, "recorded rates", mu, sigma, rate[first:], first, width, recording.width / steps))


def _head(path: str, cell: str) -> tuple[str, str, float]:
    """Name, SI unit and its factor, of `name [unit]`."""
    match = _HEAD.fullmatch(cell.removeprefix("\ufeff"))
    unit = "".join(match[2].split()).replace("µ", "u").replace("μ", "u") if match else ""
    known = UNITS.get("" if unit == "1" else unit)
    if match is None or known is None or known[0] not in _ALLOWED[match[1]]:
        raise UsageError(f"{path}: got column {cell!r}; allowed: {COLUMNS}")
    return match[1], known[0], float(known[1])


def _numbers(path: str, lines: list[list[str]], names: list[str]) -> FloatArray:
    rows = [(n, line) for n, line in enumerate(lines, 2) if line]
    if len(rows) < LEAST_ROWS:
        raise UsageError(f"{path}: got {len(rows)} rows; allowed: at least {LEAST_ROWS}")
    return np.array([_row(f"{path}: line {number}", line, names) for number, line in rows])


def _row(where: str, line: list[str], names: list[str]) -> list[float]:
    try:
        values = [float(field) for field in line]
    except ValueError:
        values = []
    if len(values) != len(names) or not all(map(math.isfinite, values)):
        raise UsageError(f"{where}: got {', '.join(line)[:80]!r}; allowed: {len(names)} finite numbers")
    if (rate := values[names.index("rate")]) < 0:
        raise UsageError(f"{where}: got the rate {rate:g}; allowed: a rate of at least 0")
    return values


def _width(path: str, time: FloatArray) -> float:
    steps = np.diff(time)
    width = float(steps.mean())
    if not width > 0 or np.max(np.abs(steps - width)) > EVEN * width:
        raise UsageError(f"{path}: time [s] steps from {steps.min():g} to {steps.max():g}; allowed: even steps")
    return width

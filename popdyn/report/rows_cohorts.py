"""Tables of what a report says of escape-noise populations: their cohorts, and the error expected of them."""

from __future__ import annotations

import math

from popdyn.report.block import Table
from popdyn.report.schema import Report
from popdyn.report.schema_cohorts import CohortDerivation
from popdyn.report.text import number, plain, quantity

ORDERS = {1: "means", 2: "means and covariances"}
SOURCES = ("closure", "history", "ages", "step", "spread")


def cohort_table(report: Report) -> Table | None:
    """One row per population: what its cohorts keep, for how long, what is frozen, its noise and working point."""
    rows = tuple(_row(d) for d in report.get("cohorts", []))
    columns = (
        "population", "neurons", "model", "closure keeps", "beside V", "frozen: s.d. over neurons", "spread as",
        "cohorts", "history", "step", "shot noise", "over Poisson's", "rate [Hz]", "mu [mV/ms]", "sigma [mV/√ms]",
    )  # fmt: skip
    return Table(columns, rows) if rows else None


def _row(d: CohortDerivation) -> tuple[str, ...]:
    frozen = [_frozen(name, size) for name, size in d.get("frozen", {}).items()]
    regular = [f"{plain(name, 40)} {number(share, 2)}" for name, share in d.get("regularity", {}).items()]
    return (
        plain(d["population"], 40),
        f"{d.get('size', 0):,}",
        plain(d["model"], 40),
        f"{ORDERS.get(d['order'], str(d['order']))} ({plain(d['closure'], 40)})",
        ", ".join(plain(name, 40) for name in d["variables"]) or "—",
        ", ".join(frozen) or "—",
        plain(d.get("spread", "—"), 120),
        f"{d.get('cohorts', 0)} from {quantity(d.get('width'), 's')}",
        quantity(d.get("history"), "s"),
        quantity(d.get("dt"), "s"),
        plain(d.get("shot_noise", "—"), 40),
        ", ".join(regular) or "—",
        number(d.get("rate")),
        number(d.get("mu")),
        number(d.get("sigma", 0.0) * math.sqrt(1e3)),
    )


def _frozen(name: str, size: float) -> str:
    """`V_T_star 2 mV`; of a drive in mV/ms, of the factor on all jumps as it is."""
    if name.startswith("mu"):
        return f"{plain(name, 40)} {number(size)} mV/ms"
    return f"{plain(name, 40)} {number(size) if name == 'adaptation' else quantity(size, 'V')}"


def cohort_error_table(report: Report) -> Table | None:
    """Expected error of the stationary rate by source."""
    rows = []
    for d in report.get("cohorts", []):
        found = d.get("predicted", {})
        if found:
            sizes = [*(found.get(source) for source in SOURCES), sum(found.values())]
            cells = [number(None if size is None else 100.0 * size, 2) for size in sizes]
            rows.append((plain(d["population"], 40), *cells))
    columns = ("population", *(f"{source} [%]" for source in (*SOURCES, "all")))
    return Table(columns, tuple(rows)) if rows else None

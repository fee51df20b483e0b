"""Tables of the report: errors, predictions, parameters, costs. Text cells, shared by HTML and Markdown."""

from __future__ import annotations

import itertools

from popdyn.report.block import Table
from popdyn.report.schema import Comparison, Measures, Report, Unit
from popdyn.report.text import bar, error_text, number, percent, percent_interval, plain, quantity, quantity_interval

ERROR_COLUMNS = (
    "rung",
    "verdict",
    "protocol",
    "population",
    "nrmse (95 %)",
    "bias (95 %)",
    "tolerance",
    "truth's own",
    "resolves",
    "correlation",
    "mean rates [Hz]",
)


def error_table(report: Report) -> Table | None:
    """One row per comparison and population, with its verdict; the population is named where there are several."""
    rows = [
        _error_row(comparison, population, measures)
        for comparison in report.get("comparisons", [])
        for population, measures in comparison["populations"].items()
    ]
    if not rows:
        return None
    keep = [column != "population" or len(report["populations"]) > 1 for column in ERROR_COLUMNS]
    columns = tuple(itertools.compress(ERROR_COLUMNS, keep))
    return Table(columns, tuple(tuple(itertools.compress(row, keep)) for row in rows), verdict_column=1)


def _error_row(comparison: Comparison, population: str, m: Measures) -> tuple[str, ...]:
    use = f" ({plain(comparison['use'], 20)})" if comparison.get("use") else ""
    interval, bias_interval = m.get("nrmse_interval"), m.get("bias_interval")
    nrmse = error_text(m)
    return (
        f"{plain(comparison['model'], 40)} vs {plain(comparison['truth'], 40)}",
        m["verdict"],
        plain(comparison["protocol"], 40) + use,
        plain(population, 40),
        nrmse + (f" ({percent_interval(interval, floor=True)})" if interval else ""),
        percent(m["bias"], signed=True) + (f" ({percent_interval(bias_interval)})" if bias_interval else ""),
        bar(comparison["tolerance"]),
        percent(m.get("ceiling")) if m.get("ceiling") else "—" if m.get("groups", 1) > 1 else "exact",
        percent(m.get("resolution")) if m.get("resolution") else "—",
        number(m.get("correlation"), 5),
        f"{number(m['truth_mean'], 4)} / {number(m['model_mean'], 4)}",
    )


def comparison_notes(report: Report) -> list[str]:
    """What the comparisons had to say about themselves."""
    notes = []
    for comparison in report.get("comparisons", []):
        head = (
            f"{plain(comparison['model'], 40)} vs {plain(comparison['truth'], 40)}, {plain(comparison['protocol'], 40)}"
        )
        notes += [f"{head}: {plain(note)}" for note in comparison.get("notes", [])]
        for population, measures in comparison["populations"].items():
            notes += [f"{head}, {plain(population, 40)}: {plain(note)}" for note in measures.get("notes", [])]
    return notes


PREDICTION_NOTE = (
    "Predicted before any spike was simulated; the ratio says how far such a prediction can be trusted. —: the truth "
    "does not resolve it. Of a rung below the density it is the density's and the distance between the two, mostly the "
    "latter. What is measured is a sample: the 95 % interval is that of its neurons. No prediction has the truth's own "
    "time step in it, by which mean rates of lif, eif and adex neurons are low by 0.01 to 0.02 % at 0.02 ms, by 0.04 "
    "to 0.13 % at 0.1 ms (docs/verification.md)."
)


def prediction_table(report: Report) -> Table | None:
    """Errors predicted before any spike, beside the measured ones and, where these are not zero, their ratio."""
    rows = []
    for p in report.get("predictions", []):
        measured, predicted, interval = p["measured"], p["predicted"], p.get("interval")
        resolved = measured and (interval is None or interval[0] > 0.0)
        ratio = abs(predicted / measured) if predicted is not None and measured and resolved else None
        rows.append(
            (
                plain(p["population"], 40),
                plain(p["rung"], 40),
                plain(p["what"], 120),
                percent(predicted),
                percent(measured) + (f" ({percent_interval(interval, floor=True)})" if interval else ""),
                number(ratio, 2),
            )
        )
    columns = ("population", "rung", "error", "predicted", "measured (95 %)", "predicted / measured")
    return Table(columns, tuple(rows)) if rows else None


def parameter_table(unit: Unit) -> Table:
    """Fitted parameters with 95 % intervals and units."""
    rows = tuple(
        (
            plain(p["name"], 40),
            plain(p.get("meaning", "")),
            quantity(p["value"], p["unit"]),
            "fixed" if p.get("fixed") else quantity_interval(p.get("low"), p.get("high"), p["unit"], p["value"]),
            plain(p.get("note", "")),
        )
        for p in unit["parameters"]
    )
    columns = ("parameter", "meaning", "value", "95 % interval", "note")
    keep = len(columns) if any(row[-1] for row in rows) else -1
    return Table(columns[:keep] if keep == -1 else columns, tuple(row[:keep] if keep == -1 else row for row in rows))


def cost_table(report: Report) -> Table | None:
    """CPU and wall-clock seconds per stage."""
    costs = report.get("provenance", {}).get("costs", [])
    rows = tuple(
        (plain(c["stage"], 80), number(c.get("cpu_s")), number(c.get("wall_s")), plain(c.get("note", "")))
        for c in costs
    )
    return Table(("stage", "CPU s", "wall s", "note"), rows) if rows else None


def provenance_table(report: Report) -> Table | None:
    """Command, versions, seeds, keys, settings."""
    p = report.get("provenance", {})
    rows = [("command", plain(p["command"], 2000))] if p.get("command") else []
    if report.get("spec_hash"):
        rows.append(("spec_hash", plain(report["spec_hash"], 128)))
    for part in ("versions", "seeds", "keys", "settings"):
        values = p.get(part, {})
        if isinstance(values, dict):
            rows += [(f"{part[:-1]}: {plain(key, 60)}", plain(value, 300)) for key, value in values.items()]
    return Table(("what", "value"), tuple(rows)) if rows else None

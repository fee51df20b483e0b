"""The ladder as cards: every rung with its worst error beside the truth's own sampling error."""

from __future__ import annotations

from dataclasses import dataclass

from popdyn.report.schema import Comparison, Measures, Report, Rung
from popdyn.report.text import NARROW, error_text, number, percent, percent_interval, plain

_ORDER = ("pass", "inconclusive", "fail")


@dataclass(frozen=True)
class Card:
    """One rung: what it is, its headline figure, the lines below, the verdict."""

    name: str
    label: str
    about: str
    headline: str
    headline_note: str
    lines: tuple[str, ...]
    verdict: str
    against: str
    is_target: bool


def cards(report: Report) -> list[Card]:
    """One card per rung, in the order of the report."""
    return [_card(report, rung) for rung in report.get("rungs", [])]


def _card(report: Report, rung: Rung) -> Card:
    name = rung["name"]
    as_model = _measures(report, name, "model")
    as_truth = _measures(report, name, "truth")
    headline, note, verdict, against = "", "", "", ""
    lines = []
    if as_model:
        worst, measures = max(as_model, key=lambda item: _badness(item[1]))
        headline = error_text(measures)
        interval = measures.get("nrmse_interval")
        note = f"nrmse against {worst['truth']}" + (
            f", 95 %: {percent_interval(interval, floor=True)}" if interval else ""
        )
        lines.append(f"bias {percent(measures['bias'], signed=True)}")
        if len(as_model) > 1:
            lines.append(f"worst of {len(as_model)} comparisons")
        verdict = measures["verdict"]
        against = "" if worst["truth"] == "spiking" else f"against {plain(worst['truth'], 40)}"
    elif as_truth and as_truth[0][1].get("ceiling"):
        ceiling = max(item[1].get("ceiling", 0.0) for item in as_truth)
        groups = min(item[1].get("groups", 1) for item in as_truth)
        headline, note = percent(ceiling), f"its own sampling error ({groups} groups)"
        lines.append(f"resolves {percent(max(item[1].get('resolution', 0.0) for item in as_truth))}")
    elif name == "spiking":
        lines.append("not simulated")
    if rung.get("cpu_s_per_s") is not None:
        lines.append(f"{_cost(rung['cpu_s_per_s'])} per simulated second")
    if rung.get("state"):
        lines.append(f"state: {plain(rung['state'], 80)}")
    return Card(
        name=plain(name, 40),
        label=plain(rung.get("label", name), 60),
        about=plain(rung.get("about", ""), 200),
        headline=headline,
        headline_note=note,
        lines=tuple(lines),
        verdict=verdict,
        against=against,
        is_target=name == report["target"],
    )


def _measures(report: Report, name: str, side: str) -> list[tuple[Comparison, Measures]]:
    """All comparisons of a rung as `side`; as a model, those against the spiking truth if there are any."""
    found = [
        (comparison, measures)
        for comparison in report.get("comparisons", [])
        if (comparison["model"] if side == "model" else comparison["truth"]) == name and not comparison.get("by_itself")
        for measures in comparison["populations"].values()
    ]
    against_truth = [item for item in found if item[0]["truth"] == "spiking"]
    return against_truth or found


def _badness(measures: Measures) -> tuple[int, float]:
    interval = measures.get("nrmse_interval")
    return _ORDER.index(measures["verdict"]), interval[1] if interval else measures["nrmse"] or 0.0


def _cost(cpu: float | None) -> str:
    if cpu is None:
        return "—"
    return f"{number(cpu)}{NARROW}CPU{NARROW}s" if cpu >= 1 else f"{number(1e3 * cpu)}{NARROW}CPU{NARROW}ms"

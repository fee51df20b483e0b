"""The verdict in words: one sentence that says what was measured and what to do."""

from __future__ import annotations

from popdyn.report.schema import Comparison, Measures, Report, Verdict, Word
from popdyn.report.text import bar, percent, percent_interval, resolved

SAMPLED = ("spiking",)
_ORDER: tuple[Word, ...] = ("pass", "inconclusive", "fail")


def judge(report: Report) -> Verdict:
    """The worst verdict of the target rung against the spiking truth, over protocols and populations."""
    against = _against_truth(report, report["target"])
    if not against:
        return Verdict(word="unverified", sentence=_unverified(report))
    comparison, population, measures = max(against, key=lambda item: _badness(item[2]))
    word: Word = measures["verdict"]
    where = f"population {population}, protocol {comparison['protocol']}" if len(against) > 1 else ""
    sentence = f"{_opening(word, report, comparison)}: {_figures(measures, where)}.{_advice(word, report, measures)}"
    return Verdict(word=word, sentence=sentence)


def _against_truth(report: Report, rung: str) -> list[tuple[Comparison, str, Measures]]:
    return [
        (comparison, population, measures)
        for comparison in report.get("comparisons", [])
        if comparison["model"] == rung and comparison["truth"] in SAMPLED
        for population, measures in comparison["populations"].items()
    ]


def _badness(measures: Measures) -> tuple[int, float]:
    interval = measures.get("nrmse_interval")
    size = interval[1] if interval else measures["nrmse"] or abs(measures["bias"] or 0.0)
    return _ORDER.index(measures["verdict"]), size


def _opening(word: Word, report: Report, comparison: Comparison) -> str:
    limit = bar(comparison["tolerance"])
    bias_bar = comparison.get("bias_tolerance", comparison["tolerance"])
    if bias_bar != comparison["tolerance"]:
        limit = f"{limit} (bias {bar(bias_bar)})"
    return {
        "pass": f"The {report['target']} rung is within {limit} of the spiking network",
        "inconclusive": f"Whether the {report['target']} rung is within {limit} of the spiking network is not decided",
        "fail": f"The {report['target']} rung misses the tolerance of {limit} against the spiking network",
    }[word]


def _figures(measures: Measures, where: str) -> str:
    parts = []
    if measures["nrmse"] is not None:
        interval = measures.get("nrmse_interval")
        span = f"95 % interval {percent_interval(interval, floor=True)}" if interval else ""
        parts.append(_resolved(measures, span) if resolved(measures) else _unresolved(measures, span))
    if measures["bias"] is not None:
        bias_interval = measures.get("bias_interval")
        span = f" ({percent_interval(bias_interval)})" if bias_interval else ""
        off = "" if parts and resolved(measures) else "is off "
        parts.append(f"its mean {off}by {percent(measures['bias'], signed=True)}{span}")
    if measures.get("ceiling"):
        parts.append(f"the truth's own sampling error is {percent(measures['ceiling'])}")
    head = f"at worst ({where}) " if where else ""
    return head + ", ".join(parts)


def _resolved(measures: Measures, span: str) -> str:
    brackets = f" ({span})" if span else ""
    return f"its rate is off by {percent(measures['nrmse'])}{brackets} once the truth's noise is removed"


def _unresolved(measures: Measures, span: str) -> str:
    """An inconclusive verdict says in its advice what the truth resolves."""
    limit = "" if measures["verdict"] == "inconclusive" else f"this truth resolves {percent(measures['resolution'])}"
    brackets = "; ".join(words for words in (limit, span) if words)
    return "the error of its rate is not resolved" + (f" ({brackets})" if brackets else "")


def _advice(word: Word, report: Report, measures: Measures) -> str:
    if word == "inconclusive":
        resolution = percent(measures.get("resolution", 0.0))
        return f" This truth resolves {resolution}: simulate more neurons or a longer protocol, or ask for less."
    if word == "fail":
        names = [rung["name"] for rung in report.get("rungs", [])]
        for name in names:
            found = _against_truth(report, name)
            if name != report["target"] and found and all(item[2]["verdict"] == "pass" for item in found):
                return f" The {name} rung meets it: convert with --to {name}."
    return ""


def _unverified(report: Report) -> str:
    return (
        f"The {report['target']} rung was not compared with the spiking network. Its errors below, where there are "
        "any, are against other derived rungs: run again without --no-truth before relying on it."
    )

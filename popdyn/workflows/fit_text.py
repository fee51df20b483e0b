"""The report of a fit in words: errors, intervals, what the data do not fix."""

from __future__ import annotations

from typing import Any


def report_text(document: dict[str, Any], equations: str) -> str:
    """Markdown: the equations, then a section per population."""
    parts = [f"# Fit\n\n```\n{equations}\n```"]
    for name, fit in document["populations"].items():
        parts.append(f"## {name}: {fit['family']}, fitted to {fit['fitted_to']}\n\n" + "\n".join(lines(fit)))
    return "\n\n".join(parts)


def lines(fit: dict[str, Any]) -> list[str]:
    """One population."""
    found = ["| parameter | value | 95 % interval | unit |", "|---|---|---|---|"]
    for p in fit["parameters"]:
        boot = p.get("bootstrap")
        beside = f" (bootstrap {boot[0]:.4g} to {boot[1]:.4g})" if boot else ""
        loose = "" if p["identified"] else f"; not fixed by the data: {p['why']}"
        found.append(
            f"| {p['name']} | {p['value']:.4g} | {p['low']:.4g} to {p['high']:.4g}{beside}{loose} | {p['unit']} |"
        )
    found += ["", "| protocol | nrmse | bias | correlation | outside the domain |", "|---|---|---|---|---|"]
    for kind in ("training", "heldout"):
        for e in fit[kind]:
            found.append(
                f"| {e['protocol']}{', held out' if kind == 'heldout' else ''} | {e['nrmse']:.2%} | {e['bias']:+.2%} | "
                f"{'–' if e['correlation'] is None else format(e['correlation'], '.4f')} | {e['outside_domain']:.2%} |"
            )
    found += ["", *_corrected_words(fit), *(response_words(r) for r in _responses(fit)), unfixed_words(fit)]
    return [*found, *(f"**Warning**: {text}." for text in fit.get("warnings", [])), "", fit["interval"]]


def summary(name: str, fit: dict[str, Any]) -> list[str]:
    """What the command prints of one population."""
    found = [f"{name}: {fit['family']}, fitted to {fit['fitted_to']}"]
    for p in fit["parameters"]:
        loose = "" if p["identified"] else f"  not fixed by the data: {p['why']}"
        found.append(f"  {p['name']:<16} {p['value']:.4g} {p['unit']}  [{p['low']:.4g}, {p['high']:.4g}]{loose}")
    for e in fit["heldout"]:
        found.append(f"  held out {e['protocol']}: nrmse {e['nrmse']:.2%}, bias {e['bias']:+.2%}")
    words = [*_corrected_words(fit), *(response_words(r) for r in _responses(fit)), unfixed_words(fit)]
    return [*found, *(f"  {text}" for text in words), *(f"  warning: {text}" for text in fit.get("warnings", []))]


def response_words(response: dict[str, Any]) -> str:
    low, high = response["band"]
    words = f"response to {response['target']}, {low:g} to {high:g} Hz: off by up to {response['relative']:.2%} of the "
    words += f"largest (at {response['frequency']:.3g} Hz)"
    if "magnitude" in response:
        words += f", magnitude {response['magnitude']:.2%}, phase {response['phase']:.1f} degrees"
    return words


def unfixed_words(fit: dict[str, Any]) -> str:
    loose = [p["name"] for p in fit["parameters"] if not p["identified"]]
    return f"not fixed by the data: {', '.join(loose)}" if loose else "the data fix every parameter"


def _corrected_words(fit: dict[str, Any]) -> list[str]:
    """Held-out error without the sampling noise of the truth."""
    found = fit.get("corrected")
    if found is None or found["nrmse"] is None or found["nrmse_interval"] is None:
        return []
    low, high = found["nrmse_interval"]
    return [
        f"held out, sampling noise of the truth taken out: nrmse {found['nrmse']:.2%} ({low:.2%} to {high:.2%}), bias "
        f"{found['bias']:+.2%}"
    ]


def _responses(fit: dict[str, Any]) -> list[dict[str, Any]]:
    """A cascade reports one response, or none."""
    found = fit["response"]
    return found if isinstance(found, list) else [found] * (found is not None)

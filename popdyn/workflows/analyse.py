"""Fixed points of a spec, and for each its leading modes, spectral peaks and the checks of the mean field's domain."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from popdyn.analysis.fixed_points import FixedPoint, FixedPoints, fixed_points
from popdyn.analysis.operating import as_problem, linearised
from popdyn.analysis.spectra import Spectra, spectra
from popdyn.analysis.stability import Stability, stability
from popdyn.analysis.validity import Validity, validity
from popdyn.errors import NumericsError
from popdyn.spec import Network
from popdyn.theory.network_problem import NetworkProblem
from popdyn.types import Progress
from popdyn.workflows.source import open_source

MOST_STATES = 5


def analyse(
    spec: str | Path | Mapping[str, Any] | Network, *, closure: str | None = None, progress: Progress | None = None
) -> dict[str, Any]:
    """Fixed points, stability, spectra and validity of a network, without simulating it.

    Returns
    -------
    {"spec_hash", "populations", "fixed_points": {"complete", "words"}, "states": [...]}; of each state "rates" [1/s],
    "index", "stability" {"words", "unstable", "modes": [{"growth" [1/s], "frequency" [Hz], "shape"}]}, "peaks" (null
    where the state is unstable; "frequency" [Hz], "power" [1/s, two-sided], "relative": over rate/N) and "checks".
    """
    network = open_source(spec).network
    report = progress or (lambda _fraction, _message: None)
    report(0.0, "fixed points")
    problem = as_problem(network)
    found = fixed_points(problem)
    states = []
    for k, point in enumerate(found.points[:MOST_STATES]):
        report((k + 1) / (len(found.points[:MOST_STATES]) + 1), f"state {k + 1} of {len(found.points)}")
        states.append(_state(problem, point, found, closure))
    return {
        "spec_hash": network.spec_hash,
        "populations": list(network.populations),
        "fixed_points": {"complete": found.complete, "count": len(found.points), "words": found.words},
        "states": states,
    }


def _state(problem: NetworkProblem, point: FixedPoint, points: FixedPoints, closure: str | None) -> dict[str, Any]:
    head = {"rates": _by_name(points.names, point.rates), "index": point.index}
    try:
        linear = linearised(problem, rates=point.rates, closure=closure)
    except NumericsError as error:
        return {**head, "stability": None, "peaks": None, "checks": [], "words": str(error)}
    modes = stability(linear)
    power = spectra(linear, checked=modes) if modes.stable else None
    checks = validity(linear, checked=modes, points=points)
    return {
        "rates": _by_name(points.names, linear.point.rates),
        "index": point.index,
        "stability": _stability(modes),
        "peaks": None if power is None else _peaks(power),
        "checks": _checks(checks),
    }


def _by_name(names: tuple[str, ...], values: Any) -> dict[str, float]:
    return {name: float(value) for name, value in zip(names, values, strict=True)}


def _stability(found: Stability) -> dict[str, Any]:
    modes = [
        {
            "growth": mode.growth,
            "frequency": mode.frequency,
            "shape": {n: [float(s.real), float(s.imag)] for n, s in zip(found.names, mode.shape, strict=True)},
        }
        for mode in found.modes
    ]
    return {"words": found.words, "unstable": found.unstable, "complete": found.complete, "modes": modes}


def _peaks(power: Spectra) -> list[dict[str, Any]]:
    return [
        {"population": p.population, "frequency": p.frequency, "power": p.power, "relative": p.relative}
        for p in power.peaks
    ]


def _checks(found: Validity) -> list[dict[str, Any]]:
    return [
        {
            "kind": c.kind, "populations": list(c.populations), "limit": c.limit, "flagged": c.flagged,
            "words": c.words, "figure": c.figure if math.isfinite(c.figure) else None,
        }
        for c in found.checks
    ]  # fmt: skip

"""Populations of escape noise at a network's working point, as its linearisation needs them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from popdyn.rungs.cohort_bank import noises
from popdyn.rungs.derivation import Derivation
from popdyn.theory.escape_response import Ear, EscapeLinear
from popdyn.theory.synaptic import release


def escape_responses(derived: Derivation) -> tuple[EscapeLinear, ...]:
    """Of every population of escape noise, in the problem's order."""
    return tuple(_linear(derived, one.population) for one in derived.problem.escaping)


def _linear(derived: Derivation, name: str) -> EscapeLinear:
    problem, point, held = derived.problem, derived.point, derived.held[name]
    sources, nu = noises(problem, name, "coloured").source, problem.presynaptic(point.rates)
    widths, ears = problem.quenched(point.rates, point.squares), {}
    for k, source in sources.items():
        p = problem.projections[k]
        u = release(p.synapse, float(nu[k])) * nu[k]
        wider = widths[k] ** 2 / (held.width * u) if held.width > 0.0 and u > 0.0 else 0.0
        D = 0.5 * p.K * p.J**2 * p.square * held.share[k]
        ears[k] = Ear(p.K * p.J, D, source, float(wider))
    at = held.problem
    if held.width > 0.0:
        own = next(one.problem.frozen.get("mu", 0.0) for one in problem.escaping if one.population == name)
        frozen = {key: value for key, value in at.frozen.items() if key != "mu"} | ({"mu": own} if own > 0.0 else {})
        at = replace(at, frozen=frozen | {"gain": 1.0})
    return EscapeLinear(at, np.array(held.D), held.width, held.rate, held.trains, ears)

"""The value of a spiking parameter at which a population has a wanted rate: Newton's method inside a bracket."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from popdyn.errors import NumericsError, UsageError
from popdyn.neurons import MODELS
from popdyn.quantities import parse
from popdyn.rungs.choose import density_rung, is_coupled
from popdyn.rungs.density import Density
from popdyn.spec import Network
from popdyn.theory.problem import DEFAULT_CLOSURE
from popdyn.theory.sensitivity import parameters_of, rate_sensitivity, scale_of, value_of
from popdyn.types import Progress
from popdyn.workflows.map_axes import Axis, at_point, ends_of, named_axis
from popdyn.workflows.source import open_source

PROBES = 13
"""Values of the range that are tried before the rate is said not to be reached."""
REACH = 4.0
"""Of a change that matters: how far from the spec's value a range reaches that nobody gave."""
TOLERANCE = 1e-7
MOST = 60

Rate = Callable[[float], tuple[float, float | None]]


@dataclass(frozen=True)
class Solved:
    """The value [SI] with its rate [1/s], d rate/d value where it is exact, and the spec with that value."""

    axis: Axis
    value: float
    rate: float
    slope: float | None
    evaluations: int
    network: Network

    def to_dict(self) -> dict[str, Any]:
        """JSON-able, SI and in the shown unit."""
        shown = {"value": self.value / self.axis.factor, "unit": self.axis.unit}
        known = {"parameter": f"{self.axis.population}.{self.axis.label}", "value_SI": self.value, "rate": self.rate}
        return {**known, **shown, "slope_SI": self.slope, "evaluations": self.evaluations}


def solve_rate(
    given: str | Path | Mapping[str, Any] | Network, wanted: str, vary: Sequence[str], progress: Progress | None = None
) -> Solved:
    """The parameter of `vary` ("mu", "b=0:200 pA") at which the stationary rate is `wanted` ("rate=8Hz", "E.rate=8").

    Without a range, it reaches four times a change that matters about the spec's value. Where the rate passes the
    wanted one several times, the crossing nearest to the spec's value is found.

    Raises UsageError where the range is empty, or holds no such rate: with the least and largest found.
    """
    network = open_source(given).network
    if len(vary) != 1:
        raise UsageError(f"--solve: got {len(vary)} --vary; allowed: one, e.g. --vary mu or --vary b=0:200")
    low, high, axis = _range(vary[0], network, given)
    target, watched = _target(wanted, network, axis)
    count = 0

    def rate_at(value: float) -> tuple[float, float | None]:
        nonlocal count
        count += 1
        if progress is not None:
            progress(min(count / MOST, 1.0), f"solving: {axis.label} = {value / axis.factor:.6g} {axis.unit}")
        return _rate(at_point(network, (axis,), (value,)), watched, axis)

    start = 0.0 if axis.spread else value_of(network.populations[axis.population], axis.name)
    bracket = _bracket(rate_at, target, np.linspace(low, high, PROBES), min(max(start, low), high), axis)
    value, rate, slope = _newton(rate_at, target, *bracket)
    return Solved(axis, value, rate, slope, count, at_point(network, (axis,), (value,)))


def _range(text: str, network: Network, given: Any) -> tuple[float, float, Axis]:
    key, _, rest = text.partition("=")
    if rest:
        parts = [part.strip() for part in rest.split(":")][:2]
        if len(parts) != 2:
            raise UsageError(f"--vary: got {text!r}; allowed with --solve: KEY, or KEY=FIRST:LAST")
        low, high, axis = ends_of(key, parts, network, given)
    else:
        axis = named_axis(key.strip(), network, given)
        population = network.populations[axis.population]
        width, parameter = REACH * scale_of(population, axis.name), parameters_of(population)[axis.name]
        centre = 0.0 if axis.spread else value_of(population, axis.name)
        low, high = max(centre - width, parameter.lower), min(centre + width, parameter.upper)
        low = max(low, 0.0) if axis.spread else low
        low, high = _where_neurons_exist(network, axis, low, centre), _where_neurons_exist(network, axis, high, centre)
    if not low < high:
        raise UsageError(f"--vary {key}: got {rest!r}, an empty range; allowed: FIRST < LAST")
    return low, high, axis


def _where_neurons_exist(network: Network, axis: Axis, end: float, centre: float) -> float:
    """The end, drawn towards the spec's value until the spec is one of a neuron."""
    for _ in range(MOST):
        try:
            at_point(network, (axis,), (end,))
        except UsageError:
            end = centre + 0.8 * (end - centre)
        else:
            return end
    return centre


def _target(wanted: str, network: Network, axis: Axis) -> tuple[float, str]:
    key, _, value = wanted.partition("=")
    population, _, quantity = key.strip().rpartition(".")
    if quantity != "rate" or not value or (population and population not in network.populations):
        raise UsageError(f"--solve: got {wanted!r}; allowed: rate=8Hz, or POPULATION.rate=8Hz")
    bare = re.fullmatch(r"\s*[-+0-9.eE]+\s*", value)
    target = parse(f"{value} Hz" if bare else value, "Hz")
    if not target > 0:
        raise UsageError(f"--solve: got {wanted!r}; allowed: a rate above 0")
    return target, population or axis.population


def _rate(network: Network, watched: str, axis: Axis) -> tuple[float, float | None]:
    """Rate and its exact derivative; None where populations hear each other, or differ in their neurons."""
    population = network.populations[watched]
    if is_coupled(network) or axis.spread or MODELS[population.neuron.model].escape or axis.population != watched:
        return density_rung(network).rates()[watched], None
    alone = Density(replace(network, populations={watched: population}, protocols={}))
    found = rate_sensitivity(population, alone.grids[watched].operator, DEFAULT_CLOSURE, [axis.name])
    return found.rate, float(found.gradient[0])


def _bracket(rate_at: Rate, target: float, values: Any, start: float, axis: Axis) -> tuple[float, float, float, float]:
    """Neighbouring values between which the rate passes the target (and the rates there), nearest to `start`."""
    order = sorted(values, key=lambda v: abs(v - start))
    known: dict[float, float] = {}
    for value in order:
        known[value] = rate_at(float(value))[0]
        sides = [(a, b) for a, b in itertools.pairwise(values) if a in known and b in known]
        for a, b in sides:
            if (known[a] - target) * (known[b] - target) <= 0:
                return float(a), float(b), known[a], known[b]
    low, high = min(known, key=lambda v: known[v]), max(known, key=lambda v: known[v])
    f = axis.factor
    where = f"{axis.label} from {values[0] / f:.6g} to {values[-1] / f:.6g} {axis.unit}"
    raise UsageError(
        f"--solve: no rate of {target:g} Hz for {where}: "
        f"it goes from {known[low]:.4g} Hz (at {low / f:.6g}) to {known[high]:.4g} Hz (at {high / f:.6g}); "
        "allowed: a range that holds it"
    )


def _newton(
    rate_at: Rate, target: float, low: float, high: float, at_low: float, at_high: float
) -> tuple[float, float, float | None]:
    """Newton's steps where a slope is known and stays inside the bracket, else those of regula falsi and bisection."""
    value = low + (high - low) * (target - at_low) / (at_high - at_low) if at_high != at_low else low
    width = high - low
    for k in range(MOST):
        rate, slope = rate_at(value)
        if abs(rate - target) <= TOLERANCE * target:
            return value, rate, slope
        if (rate - target) * (at_low - target) > 0:
            low, at_low = value, rate
        else:
            high, at_high = value, rate
        step = value - (rate - target) / slope if slope else low + (high - low) * (target - at_low) / (at_high - at_low)
        slow = slope is None and k % 3 == 2
        value = 0.5 * (low + high) if slow or not min(low, high) < step < max(low, high) else step
        if abs(high - low) <= 1e-13 * width:
            return value, rate, slope
    raise NumericsError(
        f"--solve: the rate did not settle at {target:g} Hz within {MOST} steps; allowed: another range"
    )

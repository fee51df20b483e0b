"""What a campaign varies, in the words of `popdyn map --vary`: dimensions with the values of their parameters."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from popdyn.batch.campaign_file import MOST_JOBS, CampaignFile, Samples
from popdyn.distributions import Distribution
from popdyn.errors import Fault, PopdynError
from popdyn.parameters import Parameter
from popdyn.spec.section import Section, show
from popdyn.spec.spread import is_distribution, read_distribution
from popdyn.types import FloatArray
from popdyn.workflows.campaign_places import PlaceAxis, listed_places, place_axis, range_of_places
from popdyn.workflows.map_axes import Axis, listed_axis, named_axis, parse_axis

LISTED = 'allowed: "FIRST:LAST:COUNT" or a list of values such as ["0 pA", "40 pA"]'
_GOT = re.compile(r"(?:--vary[^:]*: )?(?:got )?(.*?)(?:; allowed(?: for [\w.]+)?: (.*))?", re.S)


@dataclass(frozen=True)
class Dimension:
    """One dimension of a campaign: parameters that move together along it. Each axis has `size` values."""

    name: str
    size: int
    axes: tuple[Axis, ...] = ()


def dimensions(file: CampaignFile) -> tuple[Dimension, ...]:
    """The grid's axes in their order, then `zip` and `sample`; faults are added to the file's."""
    found = [Dimension(axis.label_in(file.network), len(axis.values), (axis,)) for axis in _grid(file)]
    zipped = _axes(file, "zip", file.zipped)
    lengths = {len(axis.values) for axis in zipped}
    if len(lengths) > 1:
        sizes = ", ".join(f"{axis.label} {len(axis.values)}" for axis in zipped)
        file.faults.append(Fault("zip", f"lists of different lengths ({sizes})", "lists of one length"))
    elif zipped:
        found.append(Dimension("zip", lengths.pop(), tuple(zipped)))
    if file.samples is not None:
        found.append(Dimension("sample", file.samples.n, tuple(_sampled(file, file.samples))))
    _check(file, found)
    return tuple(found)


def _check(file: CampaignFile, found: list[Dimension]) -> None:
    axes = [axis for dimension in found for axis in dimension.axes]
    named = [axis.path if isinstance(axis, PlaceAxis) else (axis.population, axis.label) for axis in axes]
    for name in dict.fromkeys(name for name in named if named.count(name) > 1):
        where = ".".join(map(str, name))
        file.faults.append(Fault(where, "a parameter that is varied twice", "each once", "remove one"))
    jobs = math.prod(dimension.size for dimension in found)
    jobs *= len(file.protocols) * (len(file.seeds) or file.replicates)
    if jobs > MOST_JOBS:
        file.faults.append(Fault("(file)", f"{jobs} jobs", f"at most {MOST_JOBS}", "split the campaign"))


def _grid(file: CampaignFile) -> list[Axis]:
    return _axes(file, "grid", file.grid)


def _axes(file: CampaignFile, table: str, written: Mapping[str, Any]) -> list[Axis]:
    found = (_axis(file, f"{table}.{key}", key, value) for key, value in written.items())
    return [axis for axis in found if axis is not None]


def _axis(file: CampaignFile, path: str, key: str, value: Any) -> Axis | None:
    texts = [value] if isinstance(value, str) else value
    sound = isinstance(texts, list) and bool(texts) and all(type(one) in (str, int, float) for one in texts)
    if not sound:
        file.faults.append(Fault(path, show(value), LISTED.removeprefix("allowed: ")))
        return None
    try:
        if isinstance(value, str) and value.count(":") == 2:
            axis = _range(file, key, value)
        else:
            axis = _listed(file, key, [str(one) for one in texts])
    except PopdynError as error:
        file.faults.append(_fault(path, error))
        return None
    if len(set(axis.values)) < len(axis.values) and path.startswith("grid."):
        file.faults.append(Fault(path, "a value that stands twice", "each once", "remove one"))
    return axis


def _range(file: CampaignFile, key: str, text: str) -> Axis:
    place = place_axis(key, file.network, file.given)
    return parse_axis(f"{key}={text}", file.network, file.given) if place is None else range_of_places(place, text)


def _listed(file: CampaignFile, key: str, texts: list[str]) -> Axis:
    place = place_axis(key, file.network, file.given)
    return listed_axis(key, texts, file.network, file.given) if place is None else listed_places(place, texts)


def _fault(path: str, error: PopdynError) -> Fault:
    match = _GOT.fullmatch(str(error))
    assert match is not None
    return Fault(path, match[1], match[2] or LISTED.removeprefix("allowed: "))


def _sampled(file: CampaignFile, samples: Samples) -> list[Axis]:
    known = [_distributed(file, f"samples.over.{key}", key, value) for key, value in samples.over.items()]
    pairs = [one for one in known if one is not None]
    u = unit_points(samples, len(pairs)) if pairs else np.empty((samples.n, 0))
    return [_at(axis, d.quantile(u[:, k]).tolist()) for k, (axis, d) in enumerate(pairs)]


def _at(axis: Axis, values: list[float]) -> Axis:
    return axis.at(values) if isinstance(axis, PlaceAxis) else replace(axis, values=tuple(values))


def _distributed(file: CampaignFile, path: str, key: str, value: Any) -> tuple[Axis, Distribution] | None:
    try:
        axis = place_axis(key, file.network, file.given) or named_axis(key, file.network, file.given)
    except PopdynError as error:
        file.faults.append(_fault(path, error))
        return None
    if not is_distribution(value):
        example = '{ uniform = ["0 pA", "100 pA"] }'
        file.faults.append(Fault(path, show(value), f"a distribution such as {example}"))
        return None
    before = len(file.faults)
    table, _, name = path.rpartition(".")
    found = read_distribution(Section({name: value}, table, file.faults), name, value, Parameter(name, axis.si, ""))
    return None if found is None or len(file.faults) > before else (axis, found)


def unit_points(samples: Samples, dimensions: int) -> FloatArray:
    """(n, dimensions) points in the unit cube, by the seed alone, none on its border."""
    from scipy.stats import qmc

    rng = np.random.default_rng(np.random.SeedSequence(samples.seed))
    if samples.method == "random":
        points = rng.random((samples.n, dimensions))
    else:
        make = qmc.Sobol if samples.method == "sobol" else qmc.LatinHypercube
        points = make(dimensions, rng=rng).random(samples.n)
    return np.clip(points, 2.0**-33, 1 - 2.0**-33)

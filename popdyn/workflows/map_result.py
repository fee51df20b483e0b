"""What a map hands back: tables over the grid, and an interpolation that knows how wrong it is."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from scipy.interpolate import RegularGridInterpolator

from popdyn.errors import DomainError, UsageError
from popdyn.types import FloatArray
from popdyn.workflows.map_axes import Axis

KIND, SCHEMA = "popdyn map", 1
LEAST_CUBIC = 4


@dataclass(frozen=True)
class Output:
    """A quantity over the grid, SI: `E.rate`, `E.gain`, …; NaN where a cell failed. low, high: 95 % intervals."""

    name: str
    unit: str
    values: FloatArray
    low: FloatArray | None = None
    high: FloatArray | None = None

    @property
    def log(self) -> bool:
        """Interpolated as a logarithm: positive everywhere."""
        return bool(np.all(self.values > 0))


@dataclass(frozen=True)
class LeftOut:
    """Error of the interpolation where a plane of the grid is left out of it: of values at twice the grid's spacing.

    worst, rms: in the output's unit; `relative`: worst over the output's range on the grid.
    """

    worst: float
    rms: float
    relative: float
    points: int


@dataclass(frozen=True)
class ParameterMap:
    """Rates and unit parameters over a grid of spiking parameters. `failed`: what a cell said, by its index as text."""

    axes: tuple[Axis, ...]
    outputs: Mapping[str, Output]
    spec_hash: str
    family: str
    failed: Mapping[str, str]
    cpu_s: float = 0.0

    def at(self, **values: float) -> dict[str, float]:
        """Every output, interpolated, at values of the axes in SI (`V_th__std` for V_th.std).

        Raises DomainError outside the grid, UsageError where a cell failed or an axis is missing.
        """
        point = []
        for axis in self.axes:
            key = axis.label.replace(".", "__")
            if key not in values:
                raise UsageError(f"map: got {', '.join(values) or 'nothing'}; allowed: {', '.join(self._keys)}")
            low, high = axis.values[0], axis.values[-1]
            if not low <= values[key] <= high:
                raise DomainError(f"map: {axis.label} = {values[key]:g}; allowed: {low:g} to {high:g} (SI)")
            point.append(values[key])
        if self.failed:
            raise UsageError(f"map: {len(self.failed)} cells failed, no interpolation; allowed: a grid without them")
        return {
            name: float(_predict(self.axes, o.values, o.log, np.array([point]))[0]) for name, o in self.outputs.items()
        }

    @property
    def _keys(self) -> list[str]:
        return [axis.label.replace(".", "__") for axis in self.axes]

    @cached_property
    def left_out(self) -> dict[str, LeftOut]:
        """Measured error of `at`, by output; empty where a cell failed or no axis has an inner point."""
        if self.failed:
            return {}
        found = {name: _left_out(self.axes, output) for name, output in self.outputs.items()}
        return {name: error for name, error in found.items() if error is not None}

    def to_dict(self) -> dict[str, Any]:
        """JSON-able."""
        return {
            "kind": KIND, "schema": SCHEMA, "spec_hash": self.spec_hash, "family": self.family, "cpu_s": self.cpu_s,
            "axes": [asdict(axis) for axis in self.axes],
            "outputs": {
                name: {"unit": o.unit, "values": _listed(o.values), "low": _listed(o.low), "high": _listed(o.high)}
                for name, o in self.outputs.items()
            },
            "left_out": {name: asdict(error) for name, error in self.left_out.items()},
            "failed": dict(self.failed),
        }  # fmt: skip

    @staticmethod
    def load(path: str | Path) -> ParameterMap:
        """A map.json. Raises UsageError where it is none."""
        try:
            d = json.loads(Path(path).read_text(encoding="utf-8"))
            if (d["kind"], d["schema"]) != (KIND, SCHEMA):
                raise ValueError("another kind of document")
            axes = tuple(Axis(**{**axis, "values": tuple(axis["values"])}) for axis in d["axes"])
            outputs = {
                name: Output(name, o["unit"], _array(o["values"]), *(o[k] and _array(o[k]) for k in ("low", "high")))
                for name, o in d["outputs"].items()
            }
            shape = tuple(len(axis.values) for axis in axes)
            if any(o.values.shape != shape for o in outputs.values()):
                raise ValueError("a table that is not of the grid's shape")
            return ParameterMap(axes, outputs, d["spec_hash"], d["family"], d["failed"], d["cpu_s"])
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise UsageError(f"{path}: got no map ({error}); allowed: the map.json of `popdyn map`") from error

    def to_csv(self) -> str:
        """One row per cell; axes in their shown units, outputs in SI."""
        buffer = io.StringIO()
        writer = csv.writer(buffer, lineterminator="\n")
        writer.writerow(
            [f"{a.label} [{a.unit}]" for a in self.axes] + [f"{o.name} [{o.unit}]" for o in self.outputs.values()]
        )
        for index in np.ndindex(*(len(axis.values) for axis in self.axes)):
            point = [f"{axis.shown[i]:.10g}" for axis, i in zip(self.axes, index, strict=True)]
            writer.writerow(point + [f"{o.values[index]:.10g}" for o in self.outputs.values()])
        return buffer.getvalue()


def _predict(axes: tuple[Axis, ...], values: FloatArray, log: bool, points: FloatArray) -> FloatArray:
    """Monotone cubics (linear where an axis has fewer than four values) through values, or their logarithms."""
    grids = [np.array(axis.values) for axis in axes]
    method = "pchip" if min(len(grid) for grid in grids) >= LEAST_CUBIC else "linear"
    spans = [(grid[0], grid[-1] - grid[0]) for grid in grids]
    unit = [(grid - low) / span for grid, (low, span) in zip(grids, spans, strict=True)]
    scaled = np.clip((points - [low for low, _ in spans]) / [span for _, span in spans], 0.0, 1.0)
    found = RegularGridInterpolator(unit, np.log(values) if log else values, method=method)(scaled)
    return np.asarray(np.exp(found) if log else found)


def _left_out(axes: tuple[Axis, ...], output: Output) -> LeftOut | None:
    """Every inner plane of every axis in turn, predicted from the others."""
    errors = []
    for k, axis in enumerate(axes):
        for i in range(1, len(axis.values) - 1):
            kept = tuple(v for j, v in enumerate(axis.values) if j != i)
            fewer = tuple(replace(a, values=kept) if j == k else a for j, a in enumerate(axes))
            grids = [(axis.values[i],) if j == k else a.values for j, a in enumerate(axes)]
            points = np.stack([g.ravel() for g in np.meshgrid(*grids, indexing="ij")], axis=-1)
            guess = _predict(fewer, np.delete(output.values, i, axis=k), output.log, points)
            errors.append(guess - np.take(output.values, i, axis=k).ravel())
    if not errors:
        return None
    error = np.concatenate(errors)
    worst, width = float(np.abs(error).max()), float(np.ptp(output.values))
    return LeftOut(worst, float(np.sqrt(np.mean(error**2))), worst / width if width > 0 else 0.0, error.size)


def _listed(values: FloatArray | None) -> Any:
    """Nested lists, None in the place of NaN."""
    if values is None:
        return None
    listed = values.astype(object)
    listed[~np.isfinite(values)] = None
    return listed.tolist()


def _array(values: Any) -> FloatArray:
    return np.array(values, dtype=np.float64)

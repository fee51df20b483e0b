"""What was measured of modes as model.json holds it, and back; sizes and matrices checked on the way in."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any, TypedDict

import numpy as np
from numpy.typing import NDArray

from popdyn.rungs.model_reader import Reader
from popdyn.rungs.modes_measured import Measured, ModesError
from popdyn.theory.discretisation import Domain

Array = NDArray[np.float64]
MOST = 64  # modes, moments or traces of a document


class MeasuredFields(TypedDict):
    """Of popdyn.rungs.modes_measured.Measured; what was tried on the way is not kept."""

    domain: Domain
    errors: tuple[ModesError, ...]
    tolerance: float
    effectivity: float
    scale: float
    largest: float
    cpu_s: float


def measured_document(measured: Measured) -> dict[str, Any]:
    """The fields, JSON."""
    return {
        "domain": asdict(measured.domain), "tolerance": measured.tolerance,
        "errors": [asdict(e) for e in measured.errors], "effectivity": measured.effectivity, "scale": measured.scale,
        "largest": measured.largest, "cpu_s": measured.cpu_s,
    }  # fmt: skip


def measured_of(entry: Reader) -> MeasuredFields:
    """The fields of one population."""
    box = entry.table("domain")
    errors = (
        ModesError(e.text("kind"), e.number("nrmse", 0.0), e.number("bias"), _or_none(e), e.number("mean", 0.0))
        for e in entry.tables("errors", 1, MOST)
    )
    return {
        "domain": Domain(*(box.number(key) for key in ("mu_low", "mu_high", "sigma_low", "sigma_high"))),
        "errors": tuple(errors), "tolerance": entry.number("tolerance", 0.0),
        "effectivity": entry.number("effectivity", 0.0), "scale": entry.number("scale", 0.0),
        "largest": entry.number("largest", 0.0), "cpu_s": entry.number("cpu_s", 0.0),
    }  # fmt: skip


def whole(entry: Reader, key: str, least: int = 1) -> int:
    """A count from `least` to MOST; 1 after a fault."""
    value = entry.data.get(key)
    if isinstance(value, int) and not isinstance(value, bool) and least <= value <= MOST:
        return value
    entry.fault(key, value, f"a whole number from {least} to {MOST}")
    return 1


def shaped(entry: Reader, key: str, shape: tuple[int, ...]) -> Array:
    """An array that is written row by row; zeros after a fault."""
    size = int(np.prod(shape))
    found = entry.array(key, size, size) if size else np.zeros(0)
    return np.ascontiguousarray(found.reshape(shape)) if found.size == size else np.zeros(shape)


def rows_of(entry: Reader, key: str, columns: int) -> int:
    """Rows of `columns` numbers that an array has, as far as its length tells; at most MOST."""
    values = entry.data.get(key)
    return min(len(values) // columns, MOST) if isinstance(values, list) else 0


def _or_none(e: Reader) -> float | None:
    return None if e.data.get("correlation") is None else e.number("correlation")

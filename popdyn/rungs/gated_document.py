"""The gated modes of one population as model.json holds them, and back; every field is checked on the way in."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import numpy as np
from numpy.typing import NDArray

from popdyn.kernels import gated as kernel
from popdyn.rungs.gated_choice import GatedChoice
from popdyn.rungs.model_reader import Reader
from popdyn.rungs.modes_document import errors_of
from popdyn.theory.discretisation import Domain
from popdyn.theory.gated import Gated

Array = NDArray[np.float64]
MOST = 64  # modes or traces of a document
ARRAYS = ("R", "E", "c", "v", "traces", "numbers")


def choice_document(choice: GatedChoice) -> dict[str, Any]:
    """One population, JSON."""
    reduced = choice.reduced
    return {
        "modes": reduced.count, "traces_count": int(reduced.modes.traces.shape[1]), "dt": reduced.dt,
        **{name: getattr(reduced.modes, name).ravel().tolist() for name in ARRAYS},
        "missing": reduced.missing.ravel().tolist(), "x": choice.x.tolist(), "domain": asdict(choice.domain),
        "tolerance": choice.tolerance, "errors": [asdict(e) for e in choice.errors],
        "effectivity": choice.effectivity, "scale": choice.scale, "largest": choice.largest, "cpu_s": choice.cpu_s,
    }  # fmt: skip


def choice_of(entry: Reader) -> GatedChoice | None:
    """One population; None after a fault."""
    before = len(entry.faults)
    K, J = _whole(entry, "modes", 1), _whole(entry, "traces_count", 0)
    terms = kernel.POWERS + J + kernel.LINEAR * J
    shapes = {
        "R": (4, K, K), "E": (terms, K), "c": (1 + J, 2, K), "v": (K + J,), "traces": (kernel.ROWS, J),
        "numbers": (kernel.NUMBERS,),
    }  # fmt: skip
    arrays = [_array(entry, name, shape) for name, shape in shapes.items()]
    columns = 4 * K + terms
    rows = min(len(entry.data.get("missing") or []) // columns, MOST)
    missing, x = _array(entry, "missing", (rows, columns)), _array(entry, "x", (K,))
    table = entry.table("domain")
    ends = {key: table.number(key) for key in ("mu_low", "mu_high", "sigma_low", "sigma_high")}
    errors = errors_of(entry)
    numbers = {key: entry.number(key, 0.0) for key in ("tolerance", "effectivity", "scale", "largest", "cpu_s")}
    dt = entry.number("dt", above=0.0)
    if len(entry.faults) > before:
        return None
    reduced = Gated(kernel.GatedModes(*arrays), dt, np.zeros((K, 0)), missing)
    return GatedChoice(reduced, x, Domain(**ends), errors=errors, tried=(), **numbers)


def _whole(entry: Reader, key: str, least: int) -> int:
    value = entry.data.get(key)
    if isinstance(value, int) and not isinstance(value, bool) and least <= value <= MOST:
        return value
    entry.fault(key, value, f"a whole number from {least} to {MOST}")
    return max(least, 1)


def _array(entry: Reader, name: str, shape: tuple[int, ...]) -> Array:
    size = int(np.prod(shape))
    if size == 0:
        return np.zeros(shape)
    found = entry.array(name, size, size)
    return np.ascontiguousarray(found.reshape(shape)) if found.size == size else np.zeros(shape)

"""The modes of one population as model.json holds them, and back; every field is checked on the way in."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import numpy as np
from numpy.typing import NDArray

from popdyn.kernels import modes as kernel
from popdyn.rungs.model_reader import Reader
from popdyn.rungs.modes_choice import Choice, ModesError
from popdyn.theory.discretisation import Domain
from popdyn.theory.reduced import Reduced

Array = NDArray[np.float64]
MOST = 64  # modes or moments of a document
ARRAYS = ("R", "E", "c", "v", "numbers")


def choice_document(choice: Choice) -> dict[str, Any]:
    """One population, JSON."""
    reduced = choice.reduced
    return {
        "modes": reduced.count, "moments": reduced.order + 1,
        **{name: getattr(reduced.modes, name).ravel().tolist() for name in ARRAYS},
        "missing": reduced.missing.ravel().tolist(), "norms": reduced.norms.ravel().tolist(),
        "x": choice.x.tolist(), "W": choice.W, "rest_x": choice.rest[0].tolist(), "rest_W": choice.rest[1],
        "domain": asdict(choice.domain), "tolerance": choice.tolerance, "errors": [asdict(e) for e in choice.errors],
        "effectivity": choice.effectivity, "scale": choice.scale, "largest": choice.largest, "cpu_s": choice.cpu_s,
    }  # fmt: skip


def choice_of(entry: Reader) -> Choice | None:
    """One population; None after a fault."""
    before = len(entry.faults)
    K, moments = (int(entry.number(key, 1, MOST)) if _whole(entry, key) else 1 for key in ("modes", "moments"))
    shapes = {"R": (4, K, K), "E": (moments, K), "c": (moments, 3, K), "v": (K,), "numbers": (kernel.NUMBERS,)}
    arrays = [_array(entry, name, shape) for name, shape in shapes.items()]
    rows = len(entry.data.get("missing") or []) // (4 * K)
    missing, norms = _array(entry, "missing", (4, min(rows, MOST), K)), _array(entry, "norms", (moments, K, K))
    x, rest_x = _array(entry, "x", (K,)), _array(entry, "rest_x", (K,))
    table = entry.table("domain")
    ends = {key: table.number(key) for key in ("mu_low", "mu_high", "sigma_low", "sigma_high")}
    errors = errors_of(entry)
    numbers = {key: entry.number(key, 0.0) for key in ("tolerance", "effectivity", "scale", "largest", "cpu_s")}
    W, rest_W = entry.number("W"), entry.number("rest_W")
    if len(entry.faults) > before:
        return None
    reduced = Reduced(kernel.Modes(*arrays), np.zeros((K, 0)), missing, norms)
    return Choice(reduced, x, W, Domain(**ends), errors=errors, rest=(rest_x, rest_W), tried=(), **numbers)


def errors_of(entry: Reader) -> tuple[ModesError, ...]:
    """The held-out errors of a population."""
    return tuple(
        ModesError(
            e.text("kind"), e.number("nrmse", 0.0), e.number("bias"), _or_none(e, "correlation"), e.number("mean", 0.0)
        )
        for e in entry.tables("errors", 1, MOST)
    )


def _or_none(entry: Reader, key: str) -> float | None:
    return None if entry.data.get(key) is None else entry.number(key)


def _whole(entry: Reader, key: str) -> bool:
    value = entry.data.get(key)
    good = isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= MOST
    if not good:
        entry.fault(key, value, f"a whole number from 1 to {MOST}")
    return good


def _array(entry: Reader, key: str, shape: tuple[int, ...]) -> Array:
    size = int(np.prod(shape))
    found = entry.array(key, size, size)
    return np.ascontiguousarray(found.reshape(shape)) if found.size == size else np.zeros(shape)

"""The modes of one population as model.json holds them, and back; every field is checked on the way in."""

from __future__ import annotations

from typing import Any

import numpy as np

from popdyn.kernels import modes as kernel
from popdyn.rungs.measured_document import measured_document, measured_of, rows_of, shaped, whole
from popdyn.rungs.model_reader import Reader
from popdyn.rungs.modes_choice import Choice
from popdyn.theory.reduced import Reduced

ARRAYS = ("R", "E", "c", "v", "numbers")


def choice_document(choice: Choice) -> dict[str, Any]:
    """One population, JSON."""
    reduced = choice.reduced
    return {
        "modes": reduced.count, "moments": reduced.order + 1,
        **{name: getattr(reduced.modes, name).ravel().tolist() for name in ARRAYS},
        "missing": reduced.missing.ravel().tolist(), "norms": reduced.norms.ravel().tolist(),
        "x": choice.x.tolist(), "W": choice.W, "rest_x": choice.rest[0].tolist(), "rest_W": choice.rest[1],
        **measured_document(choice),
    }  # fmt: skip


def choice_of(entry: Reader) -> Choice | None:
    """One population; None after a fault."""
    before = len(entry.faults)
    K, moments = whole(entry, "modes"), whole(entry, "moments")
    shapes = {"R": (4, K, K), "E": (moments, K), "c": (moments, 3, K), "v": (K,), "numbers": (kernel.NUMBERS,)}
    modes = kernel.Modes(*(shaped(entry, name, shape) for name, shape in shapes.items()))
    missing = shaped(entry, "missing", (4, rows_of(entry, "missing", 4 * K), K))
    reduced = Reduced(modes, np.zeros((K, 0)), missing, shaped(entry, "norms", (moments, K, K)))
    x, rest_x = shaped(entry, "x", (K,)), shaped(entry, "rest_x", (K,))
    W, rest_W = entry.number("W"), entry.number("rest_W")
    measured = measured_of(entry)
    if len(entry.faults) > before:
        return None
    return Choice(reduced=reduced, x=x, W=W, rest=(rest_x, rest_W), **measured)

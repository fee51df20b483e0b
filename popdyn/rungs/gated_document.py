"""The gated modes of one population as model.json holds them, and back; every field is checked on the way in."""

from __future__ import annotations

from typing import Any

import numpy as np

from popdyn.kernels import gated as kernel
from popdyn.rungs.gated_choice import GatedChoice
from popdyn.rungs.measured_document import measured_document, measured_of, rows_of, shaped, whole
from popdyn.rungs.model_reader import Reader
from popdyn.theory.gated import Gated

ARRAYS = ("R", "E", "c", "v", "traces", "numbers")


def choice_document(choice: GatedChoice) -> dict[str, Any]:
    """One population, JSON."""
    reduced = choice.reduced
    return {
        "modes": reduced.count, "traces_count": int(reduced.modes.traces.shape[1]), "dt": reduced.dt,
        **{name: getattr(reduced.modes, name).ravel().tolist() for name in ARRAYS},
        "missing": reduced.missing.ravel().tolist(), "x": choice.x.tolist(), **measured_document(choice),
    }  # fmt: skip


def choice_of(entry: Reader) -> GatedChoice | None:
    """One population; None after a fault."""
    before = len(entry.faults)
    K, J = whole(entry, "modes"), whole(entry, "traces_count", 0)
    terms = kernel.POWERS + J + kernel.LINEAR * J
    shapes = {
        "R": (4, K, K), "E": (terms, K), "c": (1 + J, 2, K), "v": (K + J,), "traces": (kernel.ROWS, J),
        "numbers": (kernel.NUMBERS,),
    }  # fmt: skip
    modes = kernel.GatedModes(*(shaped(entry, name, shape) for name, shape in shapes.items()))
    columns = 4 * K + terms
    missing = shaped(entry, "missing", (rows_of(entry, "missing", columns), columns))
    x, dt, measured = shaped(entry, "x", (K,)), entry.number("dt", above=0.0), measured_of(entry)
    if len(entry.faults) > before:
        return None
    return GatedChoice(reduced=Gated(modes, dt, np.zeros((K, 0)), missing), x=x, **measured)

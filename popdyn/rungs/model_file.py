"""model.json: a rate model as data. Schema, rung, spec, parameters with units and intervals, domain, error summary.

Reading checks every field and executes nothing; all faults come in one SpecError.
"""

from __future__ import annotations

import json
import os
from pathlib import Path

from popdyn.errors import Fault, SpecError
from popdyn.rungs.unit import CascadeUnit
from popdyn.spec.section import show

MAX_BYTES = 32_000_000


def write_model(unit: CascadeUnit, path: str | Path) -> None:
    """Writes model.json; the same model gives the same bytes."""
    target = Path(path)
    text = json.dumps(unit.to_dict(), indent=1, sort_keys=True, allow_nan=False)
    staging = target.with_name(target.name + ".part")
    staging.write_text(text + "\n", encoding="utf-8")
    os.replace(staging, target)


def read_model(path: str | Path) -> CascadeUnit:
    """The unit of a model.json. Raises SpecError with all faults."""
    source = Path(path)
    try:
        if source.stat().st_size > MAX_BYTES:
            raise ValueError(f"larger than {MAX_BYTES} bytes")
        document = json.loads(source.read_text(encoding="utf-8"), parse_constant=_refuse)
    except (OSError, ValueError, RecursionError) as error:
        got = show(f"{type(error).__name__}: {error}", 200)
        fault = Fault("file", got, "a model.json that popdyn wrote", "convert the spec again")
        raise SpecError([fault], str(source)) from None
    return CascadeUnit.from_dict(document, str(source))


def _refuse(constant: str) -> float:
    raise ValueError(f"{constant} is not a number of a model")

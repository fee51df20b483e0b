"""model.json: a rate model as data. Schema, rung, spec, parameters with units and intervals, domain, error summary.

Reading checks every field and executes nothing; all faults come in one SpecError.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from popdyn.errors import Fault, SpecError
from popdyn.rungs.cohort_modes import CohortModes
from popdyn.rungs.coupled_modes import CoupledModes
from popdyn.rungs.coupled_units import CoupledUnits
from popdyn.rungs.density_document import DensityModel, density_model
from popdyn.rungs.modes import Modes
from popdyn.rungs.rate_unit import RateUnit
from popdyn.rungs.unit import CascadeUnit
from popdyn.spec.section import show

MAX_BYTES = 32_000_000


AnyModel = CascadeUnit | CoupledUnits | RateUnit | DensityModel | Modes | CoupledModes | CohortModes


def write_model(model: AnyModel, path: str | Path) -> None:
    """Writes model.json; the same model gives the same bytes."""
    target = Path(path)
    text = json.dumps(model.to_dict(), indent=1, sort_keys=True, allow_nan=False)
    staging = target.with_name(target.name + ".part")
    staging.write_text(text + "\n", encoding="utf-8")
    os.replace(staging, target)


def read_model(path: str | Path) -> CascadeUnit:
    """The unit of a model.json. Raises SpecError with all faults."""
    return CascadeUnit.from_dict(_document(Path(path)), str(path))


def read_any_model(path: str | Path) -> AnyModel:
    """The unit, of any family, the modes or the density rung of a model.json. Raises SpecError with all faults."""
    document = _document(Path(path))
    if isinstance(document, dict) and document.get("rung") == "density":
        return density_model(document, str(path))
    if isinstance(document, dict) and document.get("rung") == "modes":
        if document.get("form") == "gated":
            return CohortModes.from_dict(document, str(path))
        return (CoupledModes if "groups" in document else Modes).from_dict(document, str(path))
    if isinstance(document, dict) and document.get("family") == "simple":
        return RateUnit.from_dict(document, str(path))
    whole = isinstance(document, dict) and "groups" in document
    return (CoupledUnits if whole else CascadeUnit).from_dict(document, str(path))


def _document(source: Path) -> Any:
    try:
        if source.stat().st_size > MAX_BYTES:
            raise ValueError(f"larger than {MAX_BYTES} bytes")
        return json.loads(source.read_text(encoding="utf-8"), parse_constant=_refuse)
    except (OSError, ValueError, RecursionError) as error:
        got = show(f"{type(error).__name__}: {error}", 200)
        fault = Fault("file", got, "a model.json that popdyn wrote", "convert the spec again")
        raise SpecError([fault], str(source)) from None


def _refuse(constant: str) -> float:
    raise ValueError(f"{constant} is not a number of a model")

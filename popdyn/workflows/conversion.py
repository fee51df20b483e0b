"""What a conversion found: derived rungs, truth, comparisons, and the report made of them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import xarray as xr

from popdyn.comparison import Comparison
from popdyn.fitting import UnitFit
from popdyn.rungs.density import Density
from popdyn.rungs.unit import CascadeUnit
from popdyn.spec import Network
from popdyn.workflows.prediction import PredictedError
from popdyn.workflows.truth import Truth


@dataclass
class Conversion:
    """What a conversion found; `document` is the report's JSON, `verdict` its word."""

    network: Network
    protocol: str
    target: str
    tolerance: float
    density: Density
    results: dict[str, xr.Dataset] = field(default_factory=dict)
    predicted: dict[str, PredictedError] = field(default_factory=dict)
    fits: dict[str, UnitFit] = field(default_factory=dict)
    unit: CascadeUnit | None = None
    truth: Truth | None = None
    comparisons: list[Comparison] = field(default_factory=list)
    costs: list[dict[str, Any]] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    document: dict[str, Any] = field(default_factory=dict)

    @property
    def verdict(self) -> str:
        return str(self.document["verdict"]["word"])

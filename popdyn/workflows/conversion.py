"""What a conversion found: derived rungs, truth, comparisons, and the report made of them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import xarray as xr

from popdyn.analysis.validity import Validity
from popdyn.comparison import Comparison
from popdyn.fitting import UnitFit
from popdyn.fitting.result import GroupFit
from popdyn.rungs.cohort_density import CohortDensity
from popdyn.rungs.cohort_modes import CohortModes
from popdyn.rungs.cohort_nodes import CohortNodes
from popdyn.rungs.coupled import CoupledDensity
from popdyn.rungs.coupled_modes import CoupledModes
from popdyn.rungs.coupled_units import CoupledUnits
from popdyn.rungs.density import Density
from popdyn.rungs.mixed import MixedDensity
from popdyn.rungs.modes import Modes
from popdyn.rungs.unit import CascadeUnit
from popdyn.spec import Network
from popdyn.theory.gif_nodes import Spread
from popdyn.workflows.prediction import PredictedError
from popdyn.workflows.truth import Truth


@dataclass
class Conversion:
    """What a conversion found; `document` is the report's JSON, `verdict` its word.

    `density` is of populations that stand alone, of a network, or of escape noise; `validity` and `annealed` belong to
    networks, `node_fits` to networks whose nodes are units, `at_rest` (expected errors of stationary rates by source)
    and `spreads` to escape noise.
    """

    network: Network
    protocol: str
    target: str
    tolerance: float
    density: Density | CoupledDensity | CohortDensity | CohortNodes | MixedDensity
    results: dict[str, xr.Dataset] = field(default_factory=dict)
    predicted: dict[str, PredictedError] = field(default_factory=dict)
    at_rest: dict[str, dict[str, float]] = field(default_factory=dict)
    spreads: dict[str, Spread] = field(default_factory=dict)
    fits: dict[str, UnitFit] = field(default_factory=dict)
    node_fits: list[GroupFit] = field(default_factory=list)
    unit: CascadeUnit | CoupledUnits | None = None
    modes: Modes | CoupledModes | CohortModes | None = None
    truth: Truth | None = None
    annealed: Truth | None = None
    validity: Validity | None = None
    comparisons: list[Comparison] = field(default_factory=list)
    costs: list[dict[str, Any]] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    summary: str = ""
    document: dict[str, Any] = field(default_factory=dict)

    @property
    def verdict(self) -> str:
        return str(self.document["verdict"]["word"])

    @property
    def simulated(self) -> float:
        """Length of the protocol [s], its transient included."""
        protocol = self.network.protocols[self.protocol]
        return protocol.duration + protocol.transient

    @property
    def alone(self) -> Density:
        """The density of populations that stand alone."""
        if not isinstance(self.density, Density):
            raise TypeError("the density is that of a network")
        return self.density

    @property
    def coupled(self) -> CoupledDensity:
        """The density of a network."""
        if not isinstance(self.density, CoupledDensity):
            raise TypeError("the density is of populations that stand alone")
        return self.density

    @property
    def cohorts(self) -> CohortDensity | CohortNodes:
        """The density of populations of escape noise."""
        if not isinstance(self.density, CohortDensity | CohortNodes):
            raise TypeError("the density is of populations without escape noise")
        return self.density

    @property
    def mixed(self) -> MixedDensity:
        """The density of a network of both kinds."""
        if not isinstance(self.density, MixedDensity):
            raise TypeError("the density is of one kind")
        return self.density

    def cost(self, stage: str, cpu_s: float | None, wall_s: float | None = None, note: str = "") -> None:
        """One more line of the table of costs."""
        self.costs.append({"stage": stage, "cpu_s": cpu_s, "wall_s": wall_s, "note": note})

    def cost_of_protocol(self) -> None:
        """The line that says what the costs of the rungs are of."""
        self.cost("simulated time", None, None, f"{self.simulated:g} s per rung")

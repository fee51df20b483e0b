"""The unit rung of the simple families: every population one of them, uncoupled."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from time import process_time
from typing import Any

import numpy as np
import xarray as xr

from popdyn.errors import UsageError
from popdyn.results import make_dataset
from popdyn.rungs.bins import BIN, bin_centres, step_middles, steps_in_bin
from popdyn.rungs.domain import report_outside, share_outside
from popdyn.rungs.rate_document import document_of, unit_of
from popdyn.rungs.rate_population import RatePopulation
from popdyn.rungs.rate_text import equations_of
from popdyn.rungs.unit import DT, drive_of
from popdyn.spec import under_protocol
from popdyn.spec.network import Network
from popdyn.spec.network import Protocol as StimulusProtocol
from popdyn.stimuli import waveforms
from popdyn.theory.problem import input_statistics
from popdyn.types import ComplexArray, FloatArray


@dataclass(frozen=True)
class RateUnit:
    """Populations as simple rate units, fitted to `network`, or to a recording (`network` is None).

    `fits` is what the fit reported of each population (JSON-able); empty for units made by hand.
    Valid when: the drive stays in each unit's domain; outside it `simulate` warns and flags, or raises when strict.
    """

    network: Network | None
    units: Mapping[str, RatePopulation]
    fits: Mapping[str, Any] = field(default_factory=dict)
    name: str = "unit"

    def __post_init__(self) -> None:
        unknown = set(self.units) - set(self.network.populations) if self.network else set()
        if unknown or not self.units:
            allowed = sorted(self.network.populations) if self.network else "at least one"
            raise UsageError(f"units: got {sorted(self.units)}; allowed: populations {allowed}")

    def simulate(
        self, protocol: str | StimulusProtocol, *, seed: int = 0, strict: bool = False, dt: float = DT
    ) -> xr.Dataset:
        """Rates in bins of 1 ms, one run. A unit of a recording is driven about its mean drive mu0, sigma0.

        `seed` changes nothing: the unit is deterministic, and the protocol brings its own seed.
        Raises DomainError where `strict` and the drive leaves the domain.
        """
        protocol = self._protocol(protocol)
        steps_per_bin = steps_in_bin(dt)
        began = process_time()
        middle = step_middles(protocol, dt)
        scored, rates, outside = middle >= 0, [], {}
        for key, unit in self.units.items():
            mu, sigma = self._drive(unit, protocol, middle)
            rates.append(unit.integrate(mu, sigma, dt=dt, steps_per_bin=steps_per_bin))
            share = share_outside(unit.domain, mu[scored], sigma[scored])
            report_outside(
                f"populations.{key}", share, unit.domain, strict=strict, units=(unit.drive_unit, unit.noise_unit)
            )
            outside[key] = {"input": share}
        attrs = {
            "rung": self.name,
            "spec_hash": under_protocol(self.network, protocol).spec_hash if self.network else None,
            "protocol": protocol.name,
            "bin": BIN,
            "dt": dt,
            "seed": seed,
            "outside_domain": int(any(v["input"] > 0 for v in outside.values())),
            "outside_domain_share": outside,
        }
        time = bin_centres(len(middle) // steps_per_bin, protocol.transient)
        dataset = make_dataset(time, list(self.units), np.stack(rates, axis=-1)[None], attrs=attrs)
        dataset.encoding["cpu_s"] = process_time() - began
        return dataset

    def rates(self) -> dict[str, float]:
        """Stationary rate of each population at its constant drive [1/s]."""
        return {key: unit.stationary(*self._rest(key))[1] for key, unit in self.units.items()}

    def linear_response(self, frequencies: FloatArray, *, population: str, target: str = "mu") -> ComplexArray:
        """d rate / d mu [1/V] or d rate / d D [s/V^2] about the constant drive; frequencies [1/s]."""
        if population not in self.units:
            raise UsageError(f"population: got {population!r}; allowed: {', '.join(self.units)}")
        if target not in ("mu", "D"):
            raise UsageError(f"target: got {target!r}; allowed: mu, D")
        return self.units[population].linear_response(frequencies, *self._rest(population), target)

    def equations(self) -> str:
        """The equations of every population with their values."""
        return "\n\n".join(equations_of(unit, self.fits.get(key, {})) for key, unit in self.units.items())

    def to_dict(self) -> dict[str, Any]:
        """The model as model.json holds it."""
        return document_of(self.network, self.units, self.fits)

    @staticmethod
    def from_dict(document: Any, source: str = "") -> RateUnit:
        """The model of a document. Raises SpecError with all faults, `source` named."""
        return RateUnit(*unit_of(document, source))

    def _protocol(self, given: str | StimulusProtocol) -> StimulusProtocol:
        if self.network is not None:
            return self.network.protocol(given)
        if isinstance(given, str):
            allowed = "a Protocol; a unit of a recording has no spec with protocols"
            raise UsageError(f"protocol: got {given!r}; allowed: {allowed}")
        return given

    def _rest(self, population: str) -> tuple[float, float]:
        """Constant mu and sigma of a population."""
        if self.network is not None:
            return input_statistics(self.network.populations[population])
        return self.units[population].mu0, self.units[population].sigma0

    def _drive(self, unit: RatePopulation, protocol: StimulusProtocol, t: FloatArray) -> tuple[FloatArray, FloatArray]:
        if self.network is not None:
            return drive_of(self.network.populations[unit.name], protocol, t)
        mu, sigma = (waveforms(protocol, unit.name, target)(t) for target in ("mu", "sigma"))
        return unit.mu0 + mu, unit.sigma0 + sigma

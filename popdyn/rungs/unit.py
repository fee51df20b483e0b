"""The unit rung: every population a cascade unit, fitted to the density rung."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from time import process_time
from typing import Any

import numpy as np
import xarray as xr

from popdyn.errors import Fault, SpecError, UsageError
from popdyn.results import make_dataset
from popdyn.rungs.bins import BIN, bin_centres, step_middles, steps_in_bin
from popdyn.rungs.cascade import CascadePopulation
from popdyn.rungs.cascade_document import MAX_PARAMETERS, population_document, population_of
from popdyn.rungs.cascade_text import equations_of
from popdyn.rungs.domain import report_outside, share_outside
from popdyn.rungs.fit_document import fit_of
from popdyn.rungs.model_reader import Reader
from popdyn.rungs.static_gain import AdaptationVariable
from popdyn.spec import from_dict, to_dict, under_protocol
from popdyn.spec.network import Network, Population
from popdyn.spec.network import Protocol as StimulusProtocol
from popdyn.stimuli import waveforms
from popdyn.theory.problem import input_statistics
from popdyn.types import ComplexArray, FloatArray

KIND, SCHEMA, FAMILY = "popdyn model", 1, "cascade"
DT = 1e-4  # [s]


@dataclass(frozen=True)
class CascadeUnit:
    """A network whose populations are cascade units, uncoupled.

    `fits` is what the fit reported of each population (JSON-able): intervals, errors; empty for a unit made by hand.
    Valid when: the drive stays in each unit's domain; outside it `simulate` warns and flags, or raises when strict.
    """

    network: Network
    units: Mapping[str, CascadePopulation]
    fits: Mapping[str, Any] = field(default_factory=dict)
    name: str = "unit"

    def __post_init__(self) -> None:
        unknown = set(self.units) - set(self.network.populations)
        if unknown:
            raise UsageError(f"units: got {sorted(unknown)}; allowed: populations {sorted(self.network.populations)}")

    def simulate(
        self, protocol: str | StimulusProtocol, *, seed: int = 0, strict: bool = False, dt: float = DT
    ) -> xr.Dataset:
        """Trajectory in bins of 1 ms, one run; every w starts at the spec's initial mean.

        `seed` changes nothing: the unit is deterministic, and the protocol brings its own seed.
        Raises DomainError where `strict` and the drive leaves the domain.
        """
        protocol = self.network.protocol(protocol)
        steps_per_bin = steps_in_bin(dt)
        began = process_time()
        middle = step_middles(protocol, dt)
        scored = middle >= 0
        traces, outside = [], {}
        for key, unit in self.units.items():
            mu, sigma = drive_of(self.network.populations[key], protocol, middle)
            start = start_of(unit.adaptation, self.network.populations[key])
            trace = unit.integrate(mu, sigma, start, dt=dt, steps_per_bin=steps_per_bin)
            shares = {"input": share_outside(unit.domain, mu[scored], sigma[scored]), "gain": trace.outside / len(mu)}
            report_outside(f"populations.{key}", max(shares.values()), unit.domain, strict=strict)
            outside[key] = shares
            traces.append(trace)
        rate, V_mean, w_mean = (np.stack(columns, axis=-1)[None] for columns in list(zip(*traces, strict=True))[:3])
        attrs = {
            "rung": self.name,
            "spec_hash": under_protocol(self.network, protocol).spec_hash,
            "protocol": protocol.name,
            "bin": BIN,
            "dt": dt,
            "seed": seed,
            "outside_domain": int(any(max(v.values()) > 0 for v in outside.values())),
            "outside_domain_share": outside,
        }
        time = bin_centres(len(middle) // steps_per_bin, protocol.transient)
        dataset = make_dataset(time, list(self.units), rate, V_mean, w_mean, attrs)
        dataset.encoding["cpu_s"] = process_time() - began
        return dataset

    def rates(self) -> dict[str, float]:
        """Stationary rate of each population at its constant drive [1/s]."""
        drives = {key: input_statistics(self.network.populations[key]) for key in self.units}
        return {key: unit.stationary(*drives[key])[1].rate for key, unit in self.units.items()}

    def linear_response(self, frequencies: FloatArray, *, population: str, target: str = "mu") -> ComplexArray:
        """d rate / d mu [1/V] or d rate / d D [s/V^2] about the constant drive; frequencies [1/s]."""
        if population not in self.units:
            raise UsageError(f"population: got {population!r}; allowed: {', '.join(self.units)}")
        if target not in ("mu", "D"):
            raise UsageError(f"target: got {target!r}; allowed: mu, D")
        mu, sigma = input_statistics(self.network.populations[population])
        return self.units[population].linear_response(frequencies, mu, sigma, target)

    def equations(self) -> str:
        """The equations of every population with their values."""
        return "\n\n".join(equations_of(unit, self.fits.get(key, {})) for key, unit in self.units.items())

    def to_dict(self) -> dict[str, Any]:
        """The model as model.json holds it."""
        return {
            "kind": KIND,
            "schema": SCHEMA,
            "rung": self.name,
            "family": FAMILY,
            "spec_hash": self.network.spec_hash,
            "network": to_dict(self.network),
            "units": {name: population_document(u, self.fits.get(name, {})) for name, u in self.units.items()},
        }

    @staticmethod
    def from_dict(document: Any, source: str = "") -> CascadeUnit:
        """The model of a document. Raises SpecError with all faults, `source` named."""
        faults: list[Fault] = []
        top = Reader(document, "", faults)
        for key, wanted in (("kind", KIND), ("schema", SCHEMA), ("rung", "unit"), ("family", FAMILY)):
            top.constant(key, wanted)
        written, spec, entries = top.text("spec_hash"), top.table("network"), top.table("units")
        if faults:
            raise SpecError(faults, source)
        network = from_dict(spec.data)
        if network.spec_hash != written:
            top.fault("spec_hash", written, "the hash of `network`: the file was edited, convert again")
        found = {name: entries.table(name) for name in entries.data}
        for name, entry in found.items():
            if name not in network.populations:
                faults.append(Fault(entry.path, "no such population", ", ".join(network.populations)))
        if not found:
            top.fault("units", "none", "at least one population")
        units = {name: population_of(entry, name) for name, entry in found.items()}
        fits = {name: fit_of(entry, MAX_PARAMETERS) for name, entry in found.items()}
        if faults:
            raise SpecError(faults, source)
        return CascadeUnit(network, {name: unit for name, unit in units.items() if unit is not None}, fits)


def join(units: list[CascadeUnit]) -> CascadeUnit:
    """One rung from the units of different populations of the same network."""
    first = units[0]
    if any(unit.network != first.network for unit in units):
        raise UsageError("join: the units come from different networks")
    return CascadeUnit(
        first.network,
        {key: value for unit in units for key, value in unit.units.items()},
        {key: value for unit in units for key, value in unit.fits.items()},
    )


def drive_of(population: Population, protocol: StimulusProtocol, t: FloatArray) -> tuple[FloatArray, FloatArray]:
    """mu [V/s] and sigma [V/sqrt(s)] at times t, Poisson sources in the diffusion approximation."""
    mu, sigma = input_statistics(population)
    noise = population.noise.sigma
    added = waveforms(protocol, population.name, "sigma")(t)
    return mu + waveforms(protocol, population.name, "mu")(t), np.sqrt(sigma**2 - noise**2 + (noise + added) ** 2)


def start_of(adaptation: tuple[AdaptationVariable, ...], population: Population) -> FloatArray:
    """Initial w of each adaptation variable [A]: the spec's mean, in equal shares of those that are currents."""
    shares = np.array([float(v.current > 0.0) for v in adaptation])
    if not shares.any():
        shares = np.ones(len(adaptation))
    return population.initial.w_mean * shares / max(shares.sum(), 1.0)

"""What the modes of populations that stand alone have in common, whatever density they are the modes of."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from popdyn.errors import Fault, SpecError, UsageError
from popdyn.kernels.modes import LEAST_RATE as LEAST
from popdyn.kernels.modes import MEAN_V, MEAN_W, RATE
from popdyn.results import make_dataset
from popdyn.rungs.domain import report_outside, share_outside
from popdyn.rungs.model_reader import Reader
from popdyn.rungs.modes_measured import BIN, Measured, check_rate, error_estimate
from popdyn.rungs.unit import KIND, SCHEMA
from popdyn.spec import from_dict, to_dict, under_protocol
from popdyn.spec.network import Network, Population, Protocol

Array = NDArray[np.float64]
C = TypeVar("C", bound=Measured)


@dataclass(frozen=True)
class Ran:
    """What one population did: (bin, column) of the kernel; mu, sigma (step,) that the domain is of; its step [s]."""

    out: Array
    mu: Array
    sigma: Array
    dt: float


class AloneModes:
    """Each population by itself: what runs, checks and writes its modes. The subclasses know the equations."""

    name = "modes"
    w_unit = 1.0  # [A] of the kernel's w

    def __init__(self, network: Network, choices: Mapping[str, Measured], closure: str, dt: float) -> None:
        self.network, self.measured, self.closure, self.dt = network, choices, closure, dt

    def _run(self, name: str, population: Population, protocol: Protocol) -> Ran:
        raise NotImplementedError

    def _states(self, name: str) -> int:
        raise NotImplementedError

    def _rate(self, name: str) -> float:
        """Stationary rate at the spec's drive [1/s]."""
        raise NotImplementedError

    def simulate(self, protocol: str | Protocol, *, seed: int = 0, strict: bool = False) -> xr.Dataset:
        """Trajectory on 1 ms bins; `seed` has no effect. attrs["error_estimate"] is the run's own, of the nrmse.

        Raises DomainError outside the domain where `strict`; NumericsError where a rate falls below zero by more than
        the tolerance times the largest rate of the domain.
        """
        chosen = self.network.protocol(protocol)
        began = time.process_time()
        columns, outside, estimates, taken = [], {}, {}, {}
        for name, measured in self.measured.items():
            ran = self._run(name, self.network.populations[name], chosen)
            out, taken[name] = ran.out, ran.dt
            steps, bins = (slice(round(chosen.transient / d), None) for d in (self.dt, BIN))
            outside[name] = share_outside(measured.domain, ran.mu[steps], ran.sigma[steps])
            report_outside(f"populations.{name}", outside[name], measured.domain, strict=strict)
            check_rate(name, measured, out[bins, RATE], out[bins, LEAST])
            estimates[name] = error_estimate(measured, out[bins])
            columns.append(out)
        traces = np.stack(columns, axis=-1)
        attrs = {
            "rung": self.name, "closure": self.closure, "protocol": chosen.name,
            "spec_hash": under_protocol(self.network, chosen).spec_hash, "bin": BIN, "dt": self.dt, "seed": seed,
            "outside_domain": int(max(outside.values()) > 0), "outside_domain_share": outside,
            "error_estimate": max(estimates.values()), "error_estimates": estimates,
            "steps": taken, "states": {name: self._states(name) for name in self.measured},
        }  # fmt: skip
        t = (np.arange(len(traces)) + 0.5) * BIN - chosen.transient
        rate, V_mean, w_mean = (traces[None, :, column] for column in (RATE, MEAN_V, MEAN_W))
        dataset = make_dataset(t, list(self.measured), rate, V_mean, w_mean * self.w_unit, attrs)
        dataset.encoding["cpu_s"] = time.process_time() - began
        return dataset

    def rates(self) -> dict[str, float]:
        """Stationary rate of each population at its constant drive [1/s]."""
        return {name: self._rate(name) for name in self.measured}

    def check_population(self, population: str) -> None:
        """Raises UsageError for a name that is none."""
        if population not in self.measured:
            raise UsageError(f"population: got {population!r}; allowed: {', '.join(self.measured)}")

    def head(self) -> dict[str, Any]:
        """What every model.json of modes begins with."""
        return {
            "kind": KIND, "schema": SCHEMA, "rung": self.name, "spec_hash": self.network.spec_hash,
            "network": to_dict(self.network), "closure": self.closure,
        }  # fmt: skip


def read_populations(
    top: Reader, source: str, closures: Collection[str], read: Callable[[Reader], C | None]
) -> tuple[Network, dict[str, C], str]:
    """Network, choices and closure of a document. Raises SpecError with all faults, `source` named."""
    faults: list[Fault] = top.faults
    for key, wanted in (("kind", KIND), ("schema", SCHEMA), ("rung", AloneModes.name)):
        top.constant(key, wanted)
    written, spec, entries = top.text("spec_hash"), top.table("network"), top.table("populations")
    closure = top.text("closure")
    if closure not in closures:
        top.fault("closure", closure, ", ".join(closures))
    if faults:
        raise SpecError(faults, source)
    network = from_dict(spec.data)
    if network.spec_hash != written:
        top.fault("spec_hash", written, "the hash of `network`: the file was edited, convert again")
    if set(entries.data) != set(network.populations):
        top.fault("populations", ", ".join(map(str, entries.data)), ", ".join(network.populations))
    choices = {name: read(entries.table(name)) for name in entries.data}
    if faults:
        raise SpecError(faults, source)
    return network, {name: choice for name, choice in choices.items() if choice is not None}, closure

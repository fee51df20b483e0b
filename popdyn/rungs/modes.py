"""The modes rung: a density projected onto the few continuous state variables that carry its dynamics."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from popdyn.errors import Fault, NumericsError, SpecError, UsageError
from popdyn.kernels import modes as kernel
from popdyn.results import make_dataset
from popdyn.rungs.density import Density
from popdyn.rungs.domain import report_outside, share_outside
from popdyn.rungs.march import StepDrive, step_drive
from popdyn.rungs.model_reader import Reader
from popdyn.rungs.modes_choice import DT, Choice, choose_modes, run_modes
from popdyn.rungs.modes_document import choice_document, choice_of
from popdyn.rungs.modes_training import box_plan
from popdyn.rungs.unit import KIND, SCHEMA
from popdyn.spec import from_dict, to_dict, under_protocol
from popdyn.spec.network import Network, Protocol
from popdyn.theory.discretisation import Domain
from popdyn.theory.problem import CLOSURES, W_UNIT, input_statistics
from popdyn.theory.reduced import ReducedState, response, stationary

Array = NDArray[np.float64]

BIN = 1e-3
PATH = 12  # steps of the drive on the way to a stationary state
TOLERANCE = 0.005


class Modes:
    """Population equations in a few state variables, each population by itself.

        x' = (R_0 + u R_1 + D R_2 + s R_3) x + reinjected fluxes,   rate = (c_0 + u c_1 + D c_2) . x

    with u = mu - W/C_m and D = sigma^2/2: linear dynamics gated by the input (popdyn.kernels.modes has all of it).

    Parameters
    ----------
    network : what the modes belong to
    choices : reduced model of each population; `derive_modes` makes them
    closure : of the density that they are the modes of
    dt : step [s], a whole fraction of 1 ms

    Valid on the domain of mu and sigma that each was trained on; outside, a warning and a flagged result, or a refusal.
    """

    name = "modes"

    def __init__(self, network: Network, choices: Mapping[str, Choice], closure: str, dt: float = DT) -> None:
        self.network, self.choices, self.closure, self.dt = network, choices, closure, dt

    def simulate(self, protocol: str | Protocol, *, seed: int = 0, strict: bool = False) -> xr.Dataset:
        """Trajectory on 1 ms bins; `seed` has no effect. attrs["error_estimate"] is the run's own, of the nrmse.

        Raises DomainError outside the domain where `strict`; NumericsError where a rate falls below zero by more than
        the tolerance times the largest rate of the domain.
        """
        if isinstance(protocol, str) and protocol not in self.network.protocols:
            raise UsageError(f"protocol: got {protocol!r}; allowed: {', '.join(self.network.protocols)}")
        chosen = self.network.protocols[protocol] if isinstance(protocol, str) else protocol
        began = time.process_time()
        columns, outside, estimates = [], {}, {}
        for name, choice in self.choices.items():
            drive = step_drive(self.network.populations[name], chosen, self.dt)
            outside[name] = _outside(name, choice.domain, drive, chosen.transient, self.dt, strict=strict)
            out = run_modes(choice.reduced, choice.x, choice.W, drive, self.dt, BIN)
            scored = out[round(chosen.transient / BIN) :]
            check_rate(name, choice, scored)
            estimates[name] = error_estimate(choice, scored)
            columns.append(out)
        traces = np.stack(columns, axis=-1)
        attrs = {
            "rung": self.name, "closure": self.closure, "protocol": chosen.name,
            "spec_hash": under_protocol(self.network, chosen).spec_hash, "bin": BIN, "dt": self.dt, "seed": seed,
            "outside_domain": int(max(outside.values()) > 0), "outside_domain_share": outside,
            "error_estimate": max(estimates.values()), "error_estimates": estimates,
            "states": {name: c.reduced.states for name, c in self.choices.items()},
        }  # fmt: skip
        t = (np.arange(len(traces)) + 0.5) * BIN - chosen.transient
        dataset = make_dataset(
            t, list(self.choices), traces[None, :, kernel.RATE], traces[None, :, kernel.MEAN_V],
            traces[None, :, kernel.MEAN_W] * W_UNIT, attrs,
        )  # fmt: skip
        dataset.encoding["cpu_s"] = time.process_time() - began
        return dataset

    def state(self, population: str, mu: float | None = None, sigma: float | None = None) -> ReducedState:
        """Stationary state at the spec's drive, or at mu [V/s] and sigma [V/sqrt(s)]."""
        base = input_statistics(self.network.populations[population])
        return stationary_at(
            self.choices[population], base[0] if mu is None else mu, base[1] if sigma is None else sigma
        )

    def rates(self) -> dict[str, float]:
        """Stationary rate of each population at its constant drive [1/s]."""
        return {name: self.state(name).rate for name in self.choices}

    def linear_response(self, frequencies: Array, *, population: str, target: str = "mu") -> NDArray[np.complex128]:
        """d rate/d mu [1/V] or d rate/d D [s/V^2] at the stationary state; frequencies [1/s]."""
        if target not in ("mu", "D"):
            raise UsageError(f"target: got {target!r}; allowed: mu, D")
        if population not in self.choices:
            raise UsageError(f"population: got {population!r}; allowed: {', '.join(self.choices)}")
        lambdas = 2j * np.pi * np.asarray(frequencies, dtype=float)
        return response(self.choices[population].reduced.modes, self.state(population), lambdas)[int(target == "D")]

    def equations(self) -> str:
        """The equations of every population, what its modes are, their errors and their domain."""
        from popdyn.rungs.modes_text import modes_equations

        return "\n\n".join(modes_equations(name, choice, self.state(name)) for name, choice in self.choices.items())

    def to_dict(self) -> dict[str, Any]:
        """The model as model.json holds it."""
        return {
            "kind": KIND, "schema": SCHEMA, "rung": self.name, "spec_hash": self.network.spec_hash,
            "network": to_dict(self.network), "closure": self.closure, "dt": self.dt,
            "populations": {name: choice_document(choice) for name, choice in self.choices.items()},
        }  # fmt: skip

    @staticmethod
    def from_dict(document: Any, source: str = "") -> Modes:
        """The model of a document. Raises SpecError with all faults, `source` named."""
        faults: list[Fault] = []
        top = Reader(document, "", faults)
        for key, wanted in (("kind", KIND), ("schema", SCHEMA), ("rung", "modes")):
            top.constant(key, wanted)
        written, spec, entries = top.text("spec_hash"), top.table("network"), top.table("populations")
        closure, dt = top.text("closure"), top.number("dt", above=0.0)
        if closure not in CLOSURES:
            top.fault("closure", closure, ", ".join(CLOSURES))
        if faults:
            raise SpecError(faults, source)
        network = from_dict(spec.data)
        if network.spec_hash != written:
            top.fault("spec_hash", written, "the hash of `network`: the file was edited, convert again")
        if set(entries.data) != set(network.populations):
            top.fault("populations", ", ".join(map(str, entries.data)), ", ".join(network.populations))
        choices = {name: choice_of(entries.table(name)) for name in entries.data}
        if faults:
            raise SpecError(faults, source)
        return Modes(network, {name: c for name, c in choices.items() if c is not None}, closure, dt)


def derive_modes(density: Density, *, tolerance: float = TOLERANCE, seed: int = 0, modes: int | None = None) -> Modes:
    """Modes of every population of a density, over the domain that its grids serve.

    Parameters
    ----------
    tolerance : nrmse against the density that decides how many modes there are, on runs that they were not trained on
    seed : of the training inputs
    modes : how many, in place of the tolerance

    Raises NumericsError where no stable modes are found.
    """
    choices = {}
    for name, population in density.network.populations.items():
        op, h = density.grids[name].operator, density.problems[name].hierarchy(density.closure)
        domain = density.domains[name]
        choices[name] = choose_modes(
            op,
            h,
            population.initial,
            domain,
            box_plan(domain, density.dt, seed),
            density.dt,
            tolerance=tolerance,
            seed=seed,
            modes=modes,
        )
    return Modes(density.network, choices, density.closure, density.dt)


def stationary_at(choice: Choice, mu: float, sigma: float) -> ReducedState:
    """Stationary state at a drive, followed there from the middle of the domain."""
    d = choice.domain
    first = 0.5 * (d.mu_low + d.mu_high), 0.5 * (d.sigma_low + d.sigma_high)
    x, W = choice.rest
    for part in np.linspace(0.0, 1.0, PATH):
        at_mu, at_sigma = (a + part * (b - a) for a, b in zip(first, (mu, sigma), strict=True))
        found = stationary(choice.reduced.modes, at_mu, 0.5 * at_sigma**2, x, W)
        x, W = found.x, found.W
    return replace(found, w_mean=found.w_mean * W_UNIT)


def check_rate(name: str, choice: Choice, out: Array) -> None:
    """Raises NumericsError where the rate is not finite, or negative beyond the tolerance."""
    least = out[:, kernel.LEAST_RATE]
    bad = np.flatnonzero(~np.isfinite(out[:, kernel.RATE]) | (least < -choice.tolerance * choice.largest))
    if bad.size:
        at = bad[0] * BIN
        got = f"{least[bad[0]]:.3g} Hz" if np.isfinite(least[bad[0]]) else "not finite"
        raise NumericsError(
            f"populations.{name}: the rate of the modes is {got} at t = {at:.3f} s; allowed: above "
            f"-{choice.tolerance:g} of the largest rate, {choice.largest:.3g} Hz; derive them on a wider domain"
        )


def error_estimate(choice: Choice, out: Array) -> float:
    """nrmse that the run's own defect lets expect; the defect is what the modes leave out of the density's change."""
    spread = float(np.std(out[:, kernel.RATE]))
    size = choice.effectivity * float(np.sqrt(np.mean(out[:, kernel.DEFECT] ** 2)))
    return size / spread if spread > 1e-3 * choice.scale else size / choice.scale


def _outside(name: str, domain: Domain, drive: StepDrive, transient: float, dt: float, *, strict: bool) -> float:
    scored = slice(round(transient / dt), None)
    share = share_outside(domain, drive.mu[scored], np.sqrt(2.0 * drive.D[scored]))
    report_outside(f"populations.{name}", share, domain, strict=strict)
    return share

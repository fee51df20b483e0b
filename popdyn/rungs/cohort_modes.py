"""The modes rung of escape-noise neurons: cohorts in the few continuous state variables that carry their dynamics."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from popdyn.errors import DomainError, Fault, NumericsError, SpecError, UsageError
from popdyn.kernels import gated as kernel
from popdyn.results import make_dataset
from popdyn.rungs.cohort_density import CohortDensity
from popdyn.rungs.cohort_drive import mean_drive
from popdyn.rungs.domain import report_outside, share_outside
from popdyn.rungs.gated_choice import GatedChoice, choose_gated, run_gated
from popdyn.rungs.gated_document import choice_document, choice_of
from popdyn.rungs.gated_training import BIN, Marching, filtered, reached
from popdyn.rungs.model_reader import Reader
from popdyn.rungs.unit import KIND, SCHEMA
from popdyn.spec import from_dict, to_dict, under_protocol
from popdyn.spec.network import Network, Protocol
from popdyn.stimuli import drive
from popdyn.theory.cohort_grid import CLOSURES
from popdyn.theory.discretisation import Domain
from popdyn.theory.gated import GatedRest, response, stationary

Array = NDArray[np.float64]

TOLERANCE = 0.005
FORM = "gated"


class CohortModes:
    """Population equations of escape-noise neurons in a few state variables, each population by itself.

        x' = (R_0 + g R_1 + g^2 R_2 + A R_3) x + E . psi,   A = (g c_0 + g^2 c_1) . x,   g ~ exp((h - theta)/Delta_V)

    with h the filtered drive and theta the mean threshold, both exact: linear dynamics gated by the hazard of a neuron
    that rested long (popdyn.kernels.gated has all of it).

    Parameters
    ----------
    network : what the modes belong to
    choices : reduced model of each population; `derive_cohort_modes` makes them
    closure : of the density that they are the modes of

    Valid at the spec's sigma on the domain of mu, as the membrane filters it, that each was trained on; outside, a
    warning and a flagged result, or a refusal.
    """

    name = "modes"

    def __init__(self, network: Network, choices: Mapping[str, GatedChoice], closure: str) -> None:
        self.network, self.choices, self.closure = network, choices, closure
        self.dt = next(iter(choices.values())).reduced.dt

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
            mu, D = mean_drive(self.network.populations[name], chosen, self.dt)
            scored, p = slice(round(chosen.transient / self.dt), None), self.network.populations[name].neuron.parameters
            seen = filtered(mu, self.dt, p["C_m"] / p["g_L"])
            outside[name] = share_outside(choice.domain, seen[scored], np.sqrt(2.0 * D[scored]))
            report_outside(f"populations.{name}", outside[name], choice.domain, strict=strict)
            out = run_gated(choice.reduced, choice.x, mu)
            check_rate(name, choice, out[round(chosen.transient / BIN) :])
            estimates[name] = error_estimate(choice, out[round(chosen.transient / BIN) :])
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
            traces[None, :, kernel.MEAN_W], attrs,
        )  # fmt: skip
        dataset.encoding["cpu_s"] = time.process_time() - began
        return dataset

    def state(self, population: str, mu: float | None = None) -> GatedRest:
        """Stationary state at the spec's drive, or at mu [V/s]."""
        if mu is None:
            silent = Protocol("silent", 1.0, 0.0, 0)
            mu = float(drive(self.network.populations[population], silent, np.zeros(1))[0][0])
        return stationary(self.choices[population].reduced, mu)

    def rates(self) -> dict[str, float]:
        """Stationary rate of each population at its constant drive [1/s]."""
        return {name: self.state(name).rate for name in self.choices}

    def linear_response(self, frequencies: Array, *, population: str, target: str = "mu") -> NDArray[np.complex128]:
        """d rate/d mu [1/V] at the stationary state; frequencies [1/s]. Raises DomainError for the target D."""
        if target == "D":
            raise DomainError("target: modes of escape-noise neurons hold at one sigma; allowed: mu, or --rung density")
        if target != "mu":
            raise UsageError(f"target: got {target!r}; allowed: mu")
        if population not in self.choices:
            raise UsageError(f"population: got {population!r}; allowed: {', '.join(self.choices)}")
        return response(self.choices[population].reduced, self.state(population), np.asarray(frequencies, dtype=float))

    def equations(self) -> str:
        """The equations of every population, what its modes are, their errors and their domain."""
        from popdyn.rungs.gated_text import gated_equations

        return "\n\n".join(gated_equations(name, choice, self.state(name)) for name, choice in self.choices.items())

    def to_dict(self) -> dict[str, Any]:
        """The model as model.json holds it."""
        return {
            "kind": KIND, "schema": SCHEMA, "rung": self.name, "form": FORM, "spec_hash": self.network.spec_hash,
            "network": to_dict(self.network), "closure": self.closure,
            "populations": {name: choice_document(choice) for name, choice in self.choices.items()},
        }  # fmt: skip

    @staticmethod
    def from_dict(document: Any, source: str = "") -> CohortModes:
        """The model of a document. Raises SpecError with all faults, `source` named."""
        faults: list[Fault] = []
        top = Reader(document, "", faults)
        for key, wanted in (("kind", KIND), ("schema", SCHEMA), ("rung", "modes"), ("form", FORM)):
            top.constant(key, wanted)
        written, spec, entries = top.text("spec_hash"), top.table("network"), top.table("populations")
        closure = top.text("closure")
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
        return CohortModes(network, {name: c for name, c in choices.items() if c is not None}, closure)


def derive_cohort_modes(
    density: CohortDensity, *, domains: Mapping[str, Domain] | None = None, tolerance: float = TOLERANCE,
    seed: int = 0, modes: int | None = None,
) -> CohortModes:  # fmt: skip
    """Modes of every population of a density of cohorts.

    Parameters
    ----------
    domains : range of the filtered mu of each population; default: what the protocols reach, and a little more
    tolerance : nrmse against the density that decides how many modes there are, on runs that they were not trained on
    seed : of the training inputs
    modes : how many, in place of the tolerance

    The modes start with all V at the initial mean, at most E_L: what its spread does is gone within a few tau_m.

    Raises DomainError for connections, Poisson input, spread adaptation and neurons that spikes leave as they are;
    NumericsError where no stable modes are found.
    """
    _check(density)
    network, choices = density.network, {}
    for name, problem in density.problems.items():
        domain = domains[name] if domains is not None else reached(network, name, problem)
        V = min(network.populations[name].initial.V_mean, problem.E_L)
        marching = Marching(problem, density.closure, density.dt, density.grid, V)
        choices[name] = choose_gated(marching, domain, tolerance=tolerance, seed=seed, modes=modes)
    return CohortModes(network, choices, density.closure)


def _check(density: CohortDensity) -> None:
    network = density.network
    if network.connections or density.finite:
        raise DomainError(
            "modes of escape-noise neurons: connections or finite size; allowed: populations without, N -> infinity; "
            "take --rung density"
        )
    for name, problem in density.problems.items():
        where = f"populations.{name}: modes of escape-noise neurons"
        if not problem.resets:
            raise DomainError(f"{where}: spikes leave its neurons as they are; its rate needs no modes: --rung density")
        if network.populations[name].poisson:
            raise DomainError(f"{where}: Poisson input; allowed: mu and sigma of white noise; take --rung density")
        if problem.frozen.get("adaptation", 0.0) > 0.0:
            raise DomainError(
                f"{where}: spread of adaptation_scale, whose mean jump is not that of a spike; allowed: spread of "
                "thresholds, drives and resets; take --rung density"
            )


def check_rate(name: str, choice: GatedChoice, out: Array) -> None:
    """Raises NumericsError where the rate is not finite, or negative beyond the tolerance."""
    least = out[:, kernel.LEAST_RATE]
    bad = np.flatnonzero(~np.isfinite(out[:, kernel.RATE]) | (least < -choice.tolerance * choice.largest))
    if bad.size:
        got = f"{least[bad[0]]:.3g} Hz" if np.isfinite(least[bad[0]]) else "not finite"
        raise NumericsError(
            f"populations.{name}: the rate of the modes is {got} at t = {bad[0] * BIN:.3f} s; allowed: above "
            f"-{choice.tolerance:g} of the largest rate, {choice.largest:.3g} Hz; derive them on a wider domain"
        )


def error_estimate(choice: GatedChoice, out: Array) -> float:
    """nrmse that the run's own defect lets expect; the defect is what the modes leave out of the cohorts' change."""
    spread = float(np.std(out[:, kernel.RATE]))
    size = choice.effectivity * float(np.sqrt(np.mean(out[:, kernel.DEFECT] ** 2)))
    return size / (spread if spread > 1e-3 * choice.scale else choice.scale)

"""The modes rung of a network: every node in a few state variables, coupled as the densities are."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from typing import Any

import numpy as np
import xarray as xr
from numba.typed import List
from numpy.typing import NDArray

from popdyn.errors import Fault, NumericsError, SpecError
from popdyn.kernels import modes_network as kernel
from popdyn.kernels.propagators import OUTSIDE
from popdyn.rungs.bank import make_projections
from popdyn.rungs.bins import BIN
from popdyn.rungs.coupled import CoupledDensity
from popdyn.rungs.density_document import density_model
from popdyn.rungs.density_march import source_steps, white_noise
from popdyn.rungs.derivation import Derivation
from popdyn.rungs.domain import report_outside
from popdyn.rungs.long_run import LongRunOfNodes, adapted, noted
from popdyn.rungs.met import Met, drives_of, met_in
from popdyn.rungs.model_reader import Reader
from popdyn.rungs.modes import TOLERANCE, stationary_at
from popdyn.rungs.modes_bank import make_bank
from popdyn.rungs.modes_choice import Choice, resting_state
from popdyn.rungs.modes_document import choice_document, choice_of
from popdyn.rungs.modes_measured import check_rate
from popdyn.rungs.modes_nodes import Group, groups_of, make_nodes, train, working_match
from popdyn.rungs.modes_steps import Steps
from popdyn.rungs.modes_table import NETWORK, steps_of
from popdyn.rungs.network_traces import on_bins
from popdyn.rungs.unit import KIND, SCHEMA
from popdyn.spec import to_dict, under_protocol
from popdyn.spec.network import Protocol
from popdyn.types import Progress

Array = NDArray[np.float64]

MOST_GROUPS = 4096
REST, STILL = 0.2, 1e-3  # [s] at the end of a constant drive, within which a network at rest changes by less
CHUNK = 10_000  # steps between two looks at the clock


@dataclass(frozen=True)
class Marched:
    """Outputs (population, step, OUTPUTS), sums and extremes of every node, first step that counts, steps done."""

    out: Array
    node_rate: Array
    watched: Array
    scored: int
    done: int
    implicit: bool


class CoupledModes(LongRunOfNodes):
    """Populations of a network in their modes: connections, delays, heterogeneity; N -> infinity.

    Parameters
    ----------
    density : of the network: nodes, working point, closure and step
    groups, choices : which nodes share modes, and the modes of each group
    match : (node, 3) mu, D and rate where every node fires as its density; default: the working point

    Finite jumps and the regularity of trains, which the density carries, enter as one factor of each node's noise, at
    the working point. Valid on the drives that the modes were trained on.
    """

    name = "modes"

    def __init__(
        self, density: CoupledDensity, groups: list[Group], choices: list[Choice], match: Array | None = None, *,
        implicit: bool = False,
    ) -> None:  # fmt: skip
        self.derivation: Derivation = density.derivation
        self.groups, self.choices, self.settings = groups, choices, density.settings
        self.network, self.closure, self.dt = density.network, density.closure, density.dt
        self.implicit = implicit
        self._steps: list[Steps | None] | None = None
        gains = [partial(_rate, choice) for choice in choices]
        domains = [choice.domain for choice in choices]
        self.match = working_match(self.derivation) if match is None else match
        self.nodes = make_nodes(self.derivation, groups, domains, gains, self.closure, self.dt, self.match)

    def settling(self) -> float:
        """Of the adaptation [s]."""
        return adapted(self.network)

    def simulate(self, protocol: str | Protocol, *, seed: int = 0, strict: bool = False) -> xr.Dataset:
        """Trajectory on 1 ms bins; `seed` has no effect.

        Raises DomainError outside the domain where `strict`; NumericsError where a rate is not finite, or far below 0.
        """
        chosen = self.network.protocol(protocol)
        began = time.process_time()
        marched = self._march(chosen)
        counted = marched.out.shape[1] - marched.scored
        share = self._outside(marched.watched, counted, strict=strict)
        traces = on_bins(marched.out, self.dt, chosen.transient, counted=False)
        attrs = {
            "rung": self.name, "closure": self.closure, "protocol": chosen.name,
            "spec_hash": under_protocol(self.network, chosen).spec_hash, "bin": BIN, "dt": self.dt, "seed": seed,
            "implicit": int(marched.implicit), "nodes": len(self.nodes.weight),
            "outside_domain": int(share > 0), "outside_domain_share": share,
            "states": sum(self.choices[g].reduced.states for g in self.nodes.group),
            "node_rates": noted(self.derivation.problem, marched.node_rate / counted),
        }  # fmt: skip
        return traces.dataset(self.network.populations, attrs, began)

    def equations(self) -> str:
        """Every group of nodes: its equations, its modes, its errors, its domain; what they hear is the density's."""
        from popdyn.rungs.coupled_text import network_equations
        from popdyn.rungs.modes_text import modes_equations

        point, texts = self.derivation.point, []
        for group, choice in zip(self.groups, self.choices, strict=True):
            q = group.members[0]
            names = {self.derivation.problem.nodes[k].population for k in group.members}
            at = stationary_at(choice, float(point.mu[q]), float(np.sqrt(2.0 * point.D[q])))
            texts.append(modes_equations(", ".join(sorted(names)), choice, at))
        return "\n\n".join([*texts, network_equations(self.derivation, self.closure)])

    def to_dict(self) -> dict[str, Any]:
        """The model as model.json holds it; nodes and working point are derived anew when it is read."""
        return {
            "kind": KIND, "schema": SCHEMA, "rung": self.name, "spec_hash": self.network.spec_hash,
            "network": to_dict(self.network), "settings": dict(self.settings),
            "groups": [choice_document(choice) for choice in self.choices], "match": self.match.ravel().tolist(),
        }  # fmt: skip

    @staticmethod
    def from_dict(document: Any, source: str = "") -> CoupledModes:
        """The model of a document. Raises SpecError with all faults, `source` named."""
        faults: list[Fault] = []
        top = Reader(document, "", faults)
        groups, match = top.tables("groups", 1, MOST_GROUPS), top.array("match", 3, 3 * MOST_GROUPS)
        choices = [choice_of(entry) for entry in groups]
        if faults:
            raise SpecError(faults, source)
        model = density_model({**document, "rung": "density"}, source)
        density = model.density()
        if not isinstance(density, CoupledDensity) or len(groups_of(density.derivation)) != len(choices):
            raise SpecError([Fault("groups", str(len(choices)), "one for every kind of node of `network`")], source)
        if match.size != 3 * len(density.derivation.problem.nodes):
            raise SpecError([Fault("match", f"{match.size} numbers", "three for every node of `network`")], source)
        found = [choice for choice in choices if choice is not None]
        return CoupledModes(density, groups_of(density.derivation), found, match.reshape(-1, 3))

    def steps(self) -> list[Steps] | None:
        """Propagators of every group, tabulated at the first call; None where implicit steps are taken."""
        if self.implicit:
            return None
        if self._steps is None:
            self._steps = [steps_of(choice, self.dt, NETWORK) for choice in self.choices]
        served = [steps for steps in self._steps if steps is not None]
        return served if len(served) == len(self._steps) else None

    def _march(self, protocol: Protocol) -> Marched:
        steps = self.steps()
        if steps is not None:
            tables, modes = [s.table for s in steps], [choice.reduced.modes for choice in self.choices]
            starts = [resting_state(self.choices[g], self.dt) for g in self.nodes.group]
            bank = make_bank(tables, modes, self.nodes.group, starts)
            marched = self._through(protocol, partial(kernel.run_bank, bank))
            if not bank.scalars[:, OUTSIDE].any():
                return self._checked(marched, protocol)
        groups, states = List(), List()
        for choice in self.choices:
            groups.append(choice.reduced.modes)
        for g in self.nodes.group:
            states.append(resting_state(self.choices[g], self.dt))
        return self._checked(self._through(protocol, partial(kernel.run, groups, states), implicit=True), protocol)

    def _through(self, protocol: Protocol, run: Callable[..., int], *, implicit: bool = False) -> Marched:
        mu, D, restart = white_noise(self.network.populations.values(), protocol, self.dt)
        external = source_steps(self.network, protocol, self.dt)
        projections = make_projections(self.derivation.problem, self.dt, 0.0)
        firing = np.append(self.derivation.point.rates, external[:, 0])
        activity = np.tile(firing[:, None], projections.lags.shape[1] + 2)
        kernel.settle(projections, activity, self.dt)
        out = np.zeros((*mu.shape, kernel.OUTPUTS))
        node_rate, watched = np.zeros(len(self.nodes.weight)), np.zeros((len(self.nodes.weight), kernel.WATCHED))
        scored, done = round(protocol.transient / self.dt), 0
        marks = sorted({*range(0, mu.shape[1], CHUNK), scored, mu.shape[1]})
        for first, last in pairwise(marks):
            if first == scored:
                node_rate[:], watched[:] = 0.0, 0.0
            part = slice(first, last)
            done += run(
                self.nodes, projections, activity, external[:, part], mu[:, part], D[:, part], restart[:, part], first,
                self.dt, out[:, part], node_rate, watched,
            )  # fmt: skip
            if done < last:
                break
        return Marched(out, node_rate, watched, scored, done, implicit)

    def _checked(self, marched: Marched, protocol: Protocol) -> Marched:
        if marched.done < marched.out.shape[1]:
            at = marched.done * self.dt - protocol.transient
            raise NumericsError(f"the modes are no longer finite at t = {at:.4f} s; derive them on a wider domain")
        self._check_rates(marched.out[:, marched.scored :])
        return marched

    def _check_rates(self, out: Array) -> None:
        """The rule of modes that stand alone, with the largest rate of any node of the population."""
        for a, name in enumerate(self.network.populations):
            own = [self.choices[g] for g in self.nodes.group[self.nodes.population == a]]
            largest = max(own, key=lambda choice: choice.largest)
            check_rate(name, largest, out[a, :, kernel.RATE], out[a, :, kernel.LEAST_RATE], self.dt)

    def _outside(self, watched: Array, steps: int, *, strict: bool) -> float:
        shares = watched[:, kernel.OUTSIDE] / steps
        worst = int(np.argmax(shares))
        name = self.derivation.problem.nodes[worst].population
        report_outside(
            f"populations.{name}", float(shares[worst]), self.choices[self.nodes.group[worst]].domain, strict=strict
        )
        return float(shares[worst])


def _rate(choice: Choice, mu: float, sigma: float) -> float:
    return float(stationary_at(choice, mu, sigma).rate)


def derive_coupled_modes(
    density: CoupledDensity, *, tolerance: float = TOLERANCE, seed: int = 0,
    protocols: Mapping[str, Protocol] | None = None, progress: Progress | None = None,
) -> CoupledModes:  # fmt: skip
    """Modes of a network's nodes on the drives that its densities meet under the protocols (default: the spec's)."""
    met = met_in(density, protocols)
    groups, choices = groups_of(density.derivation), []
    for k, group in enumerate(groups):
        if progress is not None:
            progress(k / len(groups), f"modes of the nodes: {k} of {len(groups)} kinds")
        choices.append(train(group, drives_of(group, met), density.closure, density.dt, tolerance=tolerance, seed=seed))
    return CoupledModes(density, groups, choices, _rested(density, met[0]))


def _rested(density: CoupledDensity, met: Met) -> Array | None:
    """mu, D and rate of every node of the density (node, 3) at rest; None where it does not rest, or is finite."""
    late = slice(-round(REST / density.dt), None)
    if density.finite or any(
        np.ptp(drive.mu[late]) > STILL * (np.abs(drive.mu[late]).max() + 0.1) for drive in met.drives
    ):
        return None
    return np.array([[d.mu[-1], d.D[-1], rate] for d, rate in zip(met.drives, met.rates, strict=True)])

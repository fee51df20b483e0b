"""What the unit of a network's node is fitted to: the node's density under the drives that it meets there."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np

from popdyn.fitting.diffusion_group import followed
from popdyn.fitting.protocols import Job
from popdyn.fitting.residuals import Record
from popdyn.fitting.target import Target
from popdyn.kernels.operators import Operator
from popdyn.rungs.march import StepDrive
from popdyn.rungs.modes_nodes import Group
from popdyn.rungs.modes_training import SETTLE, march_through
from popdyn.rungs.static_gain import AdaptationVariable
from popdyn.rungs.unit import start_of
from popdyn.spec.network import Network, Population, Protocol, WhiteNoise
from popdyn.theory.discretisation import Domain, choose_grid
from popdyn.theory.hierarchy import StationaryState, linear_response
from popdyn.theory.problem import DensityProblem, at_drive
from popdyn.theory.stationary import find_stationary
from popdyn.types import ComplexArray, FloatArray

NODE_BIN = 1e-3
"""Width of the bins in which a node's unit is compared [s]: networks oscillate at frequencies that 5 ms do not show."""
QUIET, LOGARITHM = 0.05, 0.5
"""Rate over the mean below which its logarithm counts no more, and the weight of the logarithm beside the rate."""
SILENT = 1e-12
"""Rate [1/s] below which a density far from its threshold has rounding errors for a rate."""


def with_logarithm(rate: FloatArray, wanted: FloatArray) -> FloatArray:
    """(bin,): error of a rate and, LOGARITHM times, of its logarithm, each over the rms deviation of `wanted`."""
    quiet = QUIET * float(np.mean(wanted))
    level = np.log(wanted + quiet)
    found = np.log(np.maximum(rate, 0.0) + quiet)
    return (rate - wanted) / float(np.std(wanted)) + LOGARITHM * (found - level) / float(np.std(level))


@dataclass(frozen=True)
class NodeGroup:
    """`fitting.target.Group` over the density of one node, its drive all white noise."""

    population: Population
    problem: DensityProblem
    operator: Operator
    closure: str
    dt: float
    states: dict[tuple[float, float], StationaryState] = field(default_factory=dict, compare=False, repr=False)

    def rest(self, mu: float, sigma: float) -> tuple[float, float]:
        state = self._state(mu, sigma)
        return max(state.rate, SILENT), state.V_mean

    def rate(self, protocol: Protocol) -> FloatArray:
        raise NotImplementedError("a node is driven by what it meets: see `met_record`")

    def response(self, frequencies: FloatArray, target: str, mu: float, sigma: float) -> ComplexArray:
        h = self.problem.hierarchy(self.closure)
        return linear_response(self.operator, h, self._state(mu, sigma), 2 * np.pi * frequencies, target)

    def over(self, domain: Domain) -> NodeGroup:
        return replace(self, operator=choose_grid(self.problem, domain).operator, states={})

    def _state(self, mu: float, sigma: float) -> StationaryState:
        h = self.problem.hierarchy(self.closure)

        def find(at: float, near: StationaryState | None) -> StationaryState:
            return find_stationary(self.operator, h, at, 0.5 * sigma**2, near)

        return followed(self.states, mu, sigma, find)


@dataclass(frozen=True)
class MetJob(Job):
    """A drive that nodes meet, or one beside it: mu and sigma move together."""

    @property
    def varies_sigma(self) -> bool:
        return True


@dataclass(frozen=True)
class MetRecord(Record):
    """A record of a drive given on steps of `step` [s]."""

    drive: StepDrive
    step: float
    weight: float = 1.0

    @property
    def bin(self) -> float:
        """Width of the bins of `target` [s]."""
        return NODE_BIN

    def distance(self, rate: FloatArray) -> FloatArray:
        """(bin,): of the rate and LOGARITHM times that of its logarithm, each over the rms of its deviation; weighted.

        A network that starts its bursts from low rates amplifies the relative error that it has there.
        """
        return self.weight * with_logarithm(rate, self.target)

    def with_step(self, target: Target, dt: float) -> MetRecord:  # noqa: ARG002
        mu, sigma = on_steps(self.drive, self.step, dt)
        return replace(self, dt=dt, mu=mu, sigma=sigma)


def node_target(
    network: Network, name: str, group: Group, domain: Domain, drive: tuple[float, float], closure: str, dt: float
) -> Target:
    """The density of a group of population `name` over a domain; `drive`: mu [V/s], sigma [V/sqrt(s)] in its middle.

    Beside w there is a variable that every spike raises and that decays in half the time: so does the spread of w over
    the neurons, which a burst leaves larger than a stationary state of the same mean w has it.
    """
    own, p = network.populations[name], group.problem
    I_e = own.neuron.parameters["I_e"] / own.neuron.parameters["C_m"]
    noise = WhiteNoise(drive[0] - I_e, drive[1])
    plain = replace(own, noise=noise, poisson=(), spread={}, correlations=(), initial=group.initial)
    middle = at_drive(p, drive[0], 0.5 * drive[1] ** 2)
    member = NodeGroup(plain, middle, choose_grid(middle, domain).operator, closure, dt)
    adaptation = [AdaptationVariable(p.a, p.b, p.tau_w, p.E_w)] if p.adapts else []
    alone = replace(network, populations={name: plain}, connections=())
    return Target(alone, name, f"density ({closure})", tuple(adaptation), ((1.0, member),))


def met_record(target: Target, name: str, drive: StepDrive) -> MetRecord:
    """The node's density under a drive on steps of its own; scored from 0.3 s on, in bins of 1 ms."""
    ((_, group),) = target.groups
    if not isinstance(group, NodeGroup):
        raise TypeError("not the target of a node")
    whole = round(NODE_BIN / group.dt) * (drive.mu.size // round(NODE_BIN / group.dt))
    cut = StepDrive(drive.mu[:whole], drive.D[:whole], drive.restart[:whole])
    h = group.problem.hierarchy(group.closure)
    run = march_through(group.operator, h, group.population.initial, cut, group.dt)
    start = start_of(target.adaptation, group.population)
    duration = whole * group.dt - SETTLE
    job = MetJob(Protocol(name, duration, SETTLE, 0), "a drive of the network, or beside one")
    mu, sigma = on_steps(cut, group.dt, group.dt)
    return MetRecord(job, group.dt, mu, sigma, start, round(SETTLE / NODE_BIN), run.rate, cut, group.dt)


def on_steps(drive: StepDrive, step: float, dt: float) -> tuple[FloatArray, FloatArray]:
    """mu and sigma, means over steps of dt [s], of a drive known at the ends of steps of `step` [s]."""
    ends = step * np.arange(drive.mu.size + 1)
    edges = dt * np.arange(round(ends[-1] / dt) + 1)

    def mean(x: FloatArray) -> FloatArray:
        path = np.concatenate([x[:1], x])
        total = np.concatenate([[0.0], np.cumsum(0.5 * step * (path[1:] + path[:-1]))])
        found: FloatArray = np.diff(np.interp(edges, ends, total)) / dt
        return found

    return mean(drive.mu), np.sqrt(2.0 * mean(drive.D))

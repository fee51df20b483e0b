"""Marching one population's density through a protocol: the drive on the steps, the first state, the traces."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

from popdyn.errors import DomainError, NumericsError
from popdyn.kernels import density_1d as kernel
from popdyn.kernels import operators
from popdyn.rungs.bins import BIN
from popdyn.spec.network import Initial, Population, Protocol
from popdyn.stimuli import drive, waveforms
from popdyn.theory.problem import W_UNIT

Array = NDArray[np.float64]

JUST_BEFORE = 1e-9  # [s]: a step ends on the left side of a jump
INSIDE = (np.arange(8) + 0.5) / 8  # where a step with a jump inside is averaged


@dataclass(frozen=True)
class StepDrive:
    """Drive of the diffusion approximation at the end of each step; `restart` marks the steps that begin at a jump."""

    mu: Array  # (step,) [V/s]
    D: Array  # (step,) [V^2/s]
    restart: NDArray[np.bool_]


@dataclass(frozen=True)
class Traces:
    """One population on 1 ms bins: rate [1/s] averaged, V_mean [V] and w_mean [A] at the centres, and the numerics."""

    time: Array
    rate: Array
    V_mean: Array
    w_mean: Array
    mass_error: float  # largest |P + Q - 1|
    least_density: float  # least q_0 over its largest value
    positive_steps: int  # steps that the positive scheme took
    closure: str = ""


def step_drive(population: Population, protocol: Protocol, dt: float, *, white: bool = False) -> StepDrive:
    """Sample mu and D = sigma^2/2 for steps of dt [s] from -transient to duration.

    Poisson input counts as mu and sigma, or not at all when `white`.
    """
    count = round((protocol.transient + protocol.duration) / dt)
    start: Array = -protocol.transient + dt * np.arange(count, dtype=np.float64)
    base_mu, base_sigma = drive(population, protocol, start + dt - JUST_BEFORE)
    jumps = np.concatenate([waveforms(protocol, population.name, t).breakpoints for t in ("mu", "sigma")])
    restart = np.zeros(count, dtype=bool)
    restart[0] = True
    hit = np.floor((jumps + protocol.transient) / dt + 1e-6).astype(int)
    hit = np.unique(hit[(hit >= 0) & (hit < count)])
    restart[hit] = True
    if hit.size:
        inside = drive(population, protocol, (start[hit, None] + dt * INSIDE).ravel())
        base_mu[hit], base_sigma[hit] = (x.reshape(hit.size, -1).mean(axis=1) for x in inside)
    if white:
        return StepDrive(base_mu, 0.5 * base_sigma**2, restart)
    poisson_mu = sum(s.K * s.J * s.nu for s in population.poisson)
    poisson_D = 0.5 * sum(s.K * s.J**2 * s.nu for s in population.poisson)
    D = 0.5 * base_sigma**2 + poisson_D
    if np.any(D <= 0):
        raise DomainError(f"protocols.{protocol.name}: population {population.name} has no noise at some time; "
                          "the density is then singular: keep sigma above zero")  # fmt: skip
    return StepDrive(base_mu + poisson_mu, D, restart)


def first_state(op: operators.Operator, h: operators.Hierarchy, initial: Initial, dt: float) -> kernel.State:
    """State of a population whose V and w are independent and normal; V beyond the barrier starts below it."""
    n = op.width.size
    spread = max(initial.V_std, float(op.width.min()))
    below = ndtr((op.centre + 0.5 * op.width - initial.V_mean) / spread)
    below[-1] = 1.0  # V beyond the barrier starts just below it, as in the spiking network
    profile = np.diff(below, prepend=0.0) / op.width
    variance = (initial.w_std / W_UNIT) ** 2
    fields = np.zeros((3, n, operators.WIDTH))
    fields[:, :, 0] = profile
    if h.order >= 2:
        fields[:, :, 2] = variance * profile
        fields[:, :, 4] = 3.0 * variance**2 * profile if h.order >= 4 else 0.0
    scalars = np.zeros((3, kernel.SCALARS))
    scalars[:, kernel.W] = initial.w_mean / W_UNIT
    scalars[:, kernel.S] = variance if h.order == 1 else 3.0 * variance**2
    for level in range(3):
        kernel.measure(op, h.order, fields[level], scalars[level])
    past = np.zeros((int(h.t_ref / dt) + 2, kernel.PAST))
    past[:, kernel.FLUXES] = scalars[0, kernel.W]
    work, star = np.zeros((5, n)), np.zeros((n, operators.WIDTH))
    sums = np.zeros((kernel.SUMS, operators.WIDTH))
    return kernel.State(fields, scalars, past, work, star, np.zeros(1, dtype=np.int64), sums)


def march(
    op: operators.Operator, h: operators.Hierarchy, initial: Initial, steps: StepDrive, dt: float, transient: float,
    name: str, scheme: int = kernel.AFFINE,
) -> Traces:  # fmt: skip
    """Integrate and bin.

    Raises NumericsError when the positive scheme, too, meets a value that is not finite.
    """
    state = first_state(op, h, initial, dt)
    out = np.zeros((steps.mu.size, kernel.OUTPUTS))
    done = kernel.integrate(op, h, state, steps.mu, steps.D, steps.restart, dt, scheme, out)
    if done < steps.mu.size:
        raise NumericsError(
            f"population {name}: the density is no longer finite at t = {done * dt - transient:.4f} s; "
            f"halve dt (now {dt * 1e3:g} ms) or take a lower closure"
        )
    return _binned(out, h, dt, transient)


def _binned(out: Array, h: operators.Hierarchy, dt: float, transient: float) -> Traces:
    rate, PV, P, W, Q, X, least, positive = out.T
    per_bin = round(BIN / dt)
    edges = np.concatenate([rate[:1], rate])
    half = 0.5 * (edges[1:] + edges[:-1])
    bins = half.reshape(-1, per_bin).mean(axis=1)
    centre = (np.arange(bins.size) + 0.5) * BIN
    ends = dt * np.arange(1, rate.size + 1)
    V_mean = np.interp(centre, ends, PV + Q * h.V_reset)
    w_mean = np.interp(centre, ends, P * W + X) * W_UNIT
    return Traces(
        centre - transient, bins, V_mean, w_mean, float(np.max(np.abs(P + Q - 1.0))), float(least.min()),
        int(positive.sum()),
    )  # fmt: skip

"""Runs that modes are trained, chosen and judged on: the density under inputs that fill the domain asked for."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.signal import lfilter
from scipy.special import ndtr

from popdyn.errors import NumericsError
from popdyn.kernels import density_1d as kernel
from popdyn.kernels import operators
from popdyn.kernels.closures import close_fields
from popdyn.rungs.march import StepDrive, first_state
from popdyn.spec.network import Initial
from popdyn.theory.discretisation import Domain
from popdyn.theory.projection import Snapshots

Array = NDArray[np.float64]

SLOW, FAST = 50e-3, 6e-3  # [s] correlation times of random inputs
DWELL = 0.2  # [s] on one level of a staircase
SETTLE = 0.3  # [s] at the centre of the domain before anything counts
EVERY, MOST = 2e-3, 5000  # [s] between snapshots; more of them are taken further apart
SINE, CHIRP = 10.0, (1.0, 100.0)  # [1/s]; first and last of a chirp
TRAINING = (("slow", 6.0), ("fast", 4.0), ("steps", 3.0))
CHOICE = (("slow", 1.5), ("fast", 1.0), ("steps", 1.0))
HELD_OUT = (("slow", 2.0), ("fast", 1.0), ("steps", 1.6), ("sine", 0.5), ("chirp", 1.0))


Inputs = list[tuple[str, StepDrive]]


@dataclass(frozen=True)
class Plan:
    """Inputs to train on, to choose the number of modes on, and to be judged on."""

    training: Inputs
    choice: Inputs
    held_out: Inputs


@dataclass(frozen=True)
class Run:
    """The density under one input: drive, rate on 1 ms bins after the settling [1/s], and snapshots of its fields."""

    kind: str
    drive: StepDrive
    rate: Array
    snapshots: Snapshots | None


def box_plan(domain: Domain, dt: float, seed: int) -> Plan:
    """Inputs that fill a domain."""
    return Plan(*(inputs(domain, kinds, dt, 3 * seed + k) for k, kinds in enumerate((TRAINING, CHOICE, HELD_OUT))))


def inputs(domain: Domain, kinds: tuple[tuple[str, float], ...], dt: float, seed: int) -> Inputs:
    """Drives that fill the domain evenly: random ones, staircases, a sine, a chirp; mu and sigma independent."""
    found = []
    for k, (kind, duration) in enumerate(kinds):
        rng = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(k,)))
        count, settle = round(duration / dt), round(SETTLE / dt)
        shares = np.stack([_share(kind, count, dt, rng) for _ in range(2)])
        if kind in ("sine", "chirp"):
            shares[1] = 0.5
        shares = np.concatenate([np.full((2, settle), 0.5), shares], axis=1)
        mu = domain.mu_low + (domain.mu_high - domain.mu_low) * shares[0]
        sigma = domain.sigma_low + (domain.sigma_high - domain.sigma_low) * shares[1]
        restart = np.zeros(mu.size, dtype=bool)
        restart[0] = True
        if kind == "steps":
            restart[settle :: round(DWELL / dt)] = True
        found.append((kind, StepDrive(mu, 0.5 * sigma**2, restart)))
    return found


def _share(kind: str, count: int, dt: float, rng: np.random.Generator) -> Array:
    """(count,) of the way from the lower to the upper end of a range."""
    if kind == "steps":
        levels = rng.permutation(np.linspace(0.0, 1.0, int(np.ceil(count * dt / DWELL))))
        return np.repeat(levels, round(DWELL / dt))[:count]
    if kind == "sine":
        return np.asarray(0.5 + 0.3 * np.sin(2.0 * np.pi * SINE * dt * np.arange(1, count + 1)))
    if kind == "chirp":
        t = dt * np.arange(1, count + 1)
        turns = CHIRP[0] * t + 0.5 * (CHIRP[1] - CHIRP[0]) * t**2 / (count * dt)
        return np.asarray(0.5 + 0.3 * np.sin(2.0 * np.pi * turns))
    return np.asarray(ndtr(random_walk(count, dt, SLOW if kind == "slow" else FAST, rng)))


def random_walk(count: int, dt: float, tau: float, rng: np.random.Generator) -> Array:
    """(count,) of an Ornstein-Uhlenbeck process of unit variance."""
    keep = np.exp(-dt / tau)
    noise = rng.standard_normal(count)
    noise[1:] *= np.sqrt(1.0 - keep**2)
    return np.asarray(lfilter([1.0], [1.0, -keep], noise))


def march_through(
    op: operators.Operator, h: operators.Hierarchy, initial: Initial, drive: StepDrive, dt: float, kind: str = "",
    *, every: float = 0.0,
) -> Run:  # fmt: skip
    """Run the density; keep its fields `every` so many seconds (0: never)."""
    state = first_state(op, h, initial, dt)
    out = np.zeros((drive.mu.size, kernel.OUTPUTS))
    stride = round(every / dt) if every > 0.0 else drive.mu.size
    fields, scalars, ends = [], [], []
    for start in range(0, drive.mu.size, stride):
        part = slice(start, min(start + stride, drive.mu.size))
        wanted = part.stop - part.start
        done = kernel.integrate(
            op, h, state, drive.mu[part], drive.D[part], drive.restart[part], dt, kernel.AFFINE, out[part]
        )
        if done < wanted:
            raise NumericsError(f"the density is no longer finite at t = {(start + done) * dt:.4f} s of a training run")
        if every > 0.0:
            level = (state.done[0] - 1) % 3
            fields.append(_closed(h, state.fields[level], state.scalars[level]))
            scalars.append(state.scalars[level].copy())
            ends.append(part.stop - 1)
    settle, per_bin = round(SETTLE / dt), round(1e-3 / dt)
    rate = 0.5 * (out[settle - 1 : -1, 0] + out[settle:, 0])
    rate = rate[: rate.size // per_bin * per_bin].reshape(-1, per_bin).mean(axis=1)
    return Run(kind, drive, rate, _snapshots(fields, scalars, ends, drive) if every > 0.0 else None)


def _closed(h: operators.Hierarchy, fields: Array, s: Array) -> Array:
    """(cell, M + 2): fields and the closure's moment."""
    found = fields[:, : h.order + 2].copy()
    if h.order > 0:
        work = fields.copy()
        S_2 = s[kernel.S] if h.order == 1 else s[kernel.I_2] / s[kernel.P]
        S_3 = s[kernel.S] if h.order == 2 else s[kernel.I_3] / s[kernel.P]
        close_fields(h.closure, h.order, work, S_2, S_3, s[kernel.S], s[kernel.PEAK])
        found[:, -1] = work[:, h.order + 1]
    else:
        found[:, -1] = 0.0
    return found


def _snapshots(fields: list[Array], scalars: list[Array], ends: list[int], drive: StepDrive) -> Snapshots:
    s = np.array(scalars)
    return Snapshots(np.array(fields), s[:, kernel.P], s[:, kernel.W], s[:, kernel.J], drive.mu[ends], drive.D[ends])


def apart(inputs: Inputs, dt: float) -> float:
    """Time [s] between snapshots of runs."""
    total = sum(drive.mu.size for _, drive in inputs) * dt
    return float(np.ceil(max(EVERY, total / MOST) / dt) * dt)


def joined(runs: list[Run]) -> Snapshots:
    """The snapshots of all runs."""
    parts = [run.snapshots for run in runs if run.snapshots is not None]
    return Snapshots(*(np.concatenate([getattr(p, name) for p in parts]) for name in Snapshots.__dataclass_fields__))

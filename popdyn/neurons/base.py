"""What a neuron model is: data and small pure functions. All numbers are SI."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from popdyn.parameters import Constraint, Parameter, Parameters


@dataclass(frozen=True)
class Brian2Text:
    """The model in Brian2's own syntax: `model` equations, `threshold` condition, `reset` statements.

    Names that the builder supplies: the population's inputs `mu_t` [V/s] and `sigma_t` [V/sqrt(s)], `V_barrier`, and
    `V_limit`, above the barrier, which keeps an exponential finite in a step that overshoots.
    """

    model: str
    threshold: str
    reset: str


@dataclass(frozen=True)
class NeuronModel:
    """An integrate-and-fire model dV = (drift(V) - w/C_m + mu) dt + sigma dW, spike at `barrier`, V -> V_reset.

    `drift(V, p)` is dV/dt at mu = 0 and w = 0, in V/s, for an array of V in volts.
    With `adaptation`: tau_w dw/dt = a (V - E_w) - w, and w -> w + b at a spike.
    """

    name: str
    title: str
    parameters: tuple[Parameter, ...]
    constraints: tuple[Constraint, ...]
    drift: Callable[[NDArray[np.float64], Parameters], NDArray[np.float64]]
    barrier: str
    hard_threshold: bool
    adaptation: bool
    equations: tuple[str, ...]
    brian2: Brian2Text
    source: str
    density: str = "diffusion"

    def parameter(self, name: str) -> Parameter:
        return next(p for p in self.parameters if p.name == name)

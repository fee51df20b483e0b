"""What a neuron model is: data and small pure functions. All numbers are SI."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from popdyn.neurons.traces import TraceKind, numbered
from popdyn.parameters import Constraint, Parameter, Parameters


@dataclass(frozen=True)
class Brian2Text:
    """The model in Brian2's own syntax: `model` equations, `threshold` condition, `reset` statements.

    Names that the builder supplies: the population's inputs `mu_t` [V/s] and `sigma_t` [V/sqrt(s)], `V_barrier`, and
    `V_limit`, above the barrier, which keeps an exponential finite in a step that overshoots.

    With escape noise `model` holds the statements of one exact step instead, for which the builder supplies also `z`, a
    standard normal number; `leak_t` [1/s], open synaptic conductances over C_m; the sums over the traces `theta` and
    `theta_end` [V] at both ends of the step and `w_t` [A], the mean during it.
    """

    model: str
    threshold: str
    reset: str


@dataclass(frozen=True)
class NeuronModel:
    """An integrate-and-fire model dV = (drift(V) - w/C_m + mu) dt + sigma dW, spike at `barrier`, V -> V_reset.

    `drift(V, p)` is dV/dt at mu = 0 and w = 0, in V/s, for an array of V in volts.
    With `adaptation`: tau_w dw/dt = a (V - E_w) - w, and w -> w + b at a spike.

    `density`: the theory it belongs to, "diffusion" or "escape": there it spikes at the hazard
    lambda_0 exp((V - V_T)/Delta_V) and `barrier` names the threshold V_T_star of that hazard, which V may cross.
    `traces`: exponential traces that a spike adds to; of a neuron's parameters they are the numbered ones.
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
    traces: tuple[TraceKind, ...] = ()

    @property
    def escape(self) -> bool:
        return self.density == "escape"

    @property
    def has_w(self) -> bool:
        """Whether there is a w: the adaptation current, the sum of the spike-triggered currents of a gif."""
        return self.adaptation or bool(self.traces)

    @property
    def threshold(self) -> str:
        """The parameter about which V is when the neuron is likely to spike."""
        return "V_T_star" if self.escape else "V_th"

    @property
    def keys(self) -> tuple[Parameter, ...]:
        """Everything a spec may give: the parameters, then the lists."""
        return (*self.parameters, *(one for kind in self.traces for one in (kind.tau, kind.jump)))

    def of_neuron(self, p: Mapping[str, Any]) -> tuple[Parameter, ...]:
        """The parameters of a neuron with these names, one for each number of each list."""
        counts = ((kind, kind.count(p)) for kind in self.traces)
        return (*self.parameters, *(one for kind, n in counts for k in range(n) for one in kind.parameters(k + 1)))

    def parameter(self, name: str) -> Parameter:
        """A parameter by its name, numbered ones (q_sfa_1) included."""
        stem, _, k = name.rpartition("_")
        lists = [one for kind in self.traces for one in (kind.tau, kind.jump) if one.name == stem and k.isdigit()]
        return numbered(lists[0], int(k)) if lists else next(p for p in self.parameters if p.name == name)

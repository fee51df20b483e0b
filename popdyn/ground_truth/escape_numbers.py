"""Numbers of neurons with escape noise for `escape_text`."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from popdyn.ground_truth.plan import Group
from popdyn.neurons.gif import CURRENT, THRESHOLD

Number = float | NDArray[np.float64]
KINDS = {"gamma": THRESHOLD, "eta": CURRENT}
ABSENT = 1.0
"""tau [s] of a trace that a population does not have while another of its group does; its jump is 0."""


def trace_counts(group: Group) -> dict[str, int]:
    """Traces of each kind: the most that a population of the group has."""
    return {name: max(kind.count(p.neuron.parameters) for p in group.populations) for name, kind in KINDS.items()}


def trace_numbers(p: Mapping[str, Number], counts: Mapping[str, int], dt: float) -> dict[str, Number]:
    """Exact decay over a step, mean over it, and jump (scaled) of every trace; `p`: the neurons' parameters."""
    found: dict[str, Number] = {}
    for name, count in counts.items():
        for k in range(1, count + 1):
            tau_name, jump_name = (one.name for one in KINDS[name].parameters(k))
            tau = np.asarray(p.get(tau_name, ABSENT))
            suffix = tau_name.removeprefix("tau_")
            found |= {
                f"tau_{suffix}": _plain(tau),
                f"decay_{suffix}": _plain(np.exp(-dt / tau)),
                f"mean_{suffix}": _plain(-np.expm1(-dt / tau) * tau / dt),
                jump_name: _plain(np.asarray(p["adaptation_scale"] * np.asarray(p.get(jump_name, 0.0)))),
            }
    return found


def _plain(value: NDArray[np.float64]) -> Number:
    return value if value.ndim else float(value)

"""Exponential traces that a spike adds to: two lists in a spec, numbers tau_sfa_1, q_sfa_1, ... inside."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from popdyn.parameters import Parameter, Parameters

MOST = 16
"""Traces of one kind that a neuron may have."""


@dataclass(frozen=True)
class TraceKind:
    """Traces x_k' = -x_k/tau_k, x_k -> x_k + q_k at a spike: lists `tau` [s] and `jump` of equal length."""

    tau: Parameter
    jump: Parameter

    def parameters(self, k: int) -> tuple[Parameter, Parameter]:
        """tau_k and q_k of trace number k = 1, 2, ..."""
        return numbered(self.tau, k), numbered(self.jump, k)

    def count(self, names: Mapping[str, Any]) -> int:
        """How many of these traces there are among the parameters of a neuron."""
        return sum(numbered(self.tau, k).name in names for k in range(1, MOST + 1))

    def values(self, p: Parameters) -> tuple[tuple[float, float], ...]:
        """(tau_k [s], q_k) of every trace. Example: ((0.03, 3e-3), (0.5, 0.6e-3))."""
        found = (self.parameters(k) for k in range(1, self.count(p) + 1))
        return tuple((p[tau.name], p[jump.name]) for tau, jump in found)


def slowest(kinds: tuple[TraceKind, ...], p: Parameters) -> float:
    """The longest time constant of a neuron's traces [s]; 0 without any."""
    return max((tau for kind in kinds for tau, _ in kind.values(p)), default=0.0)


def numbered(parameter: Parameter, k: int) -> Parameter:
    return replace(parameter, name=f"{parameter.name}_{k}")


def listed(kinds: tuple[TraceKind, ...], flat: Mapping[str, Any]) -> dict[str, Any]:
    """The parameters as a spec writes them: numbered ones gathered in lists."""
    found = dict(flat)
    for kind in kinds:
        every = range(1, kind.count(flat) + 1)
        for one in (kind.tau, kind.jump):
            found[one.name] = [found.pop(numbered(one, k).name) for k in every]
    return found

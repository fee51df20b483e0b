"""What of a node's noise comes by the trains of the network's own neurons, and how it comes."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from popdyn.theory.network_problem import NetworkProblem
from popdyn.theory.synaptic import release
from popdyn.theory.working_point import WorkingPoint

Array = NDArray[np.float64]


def train_variances(problem: NetworkProblem, point: WorkingPoint, q: int) -> dict[int, float]:
    """Variance [V^2/s] that the trains of each recurrent projection bring to node q, as if they were Poisson."""
    scale, nu, found = problem.nodes[q].scale, problem.presynaptic(point.rates), {}
    for k, K in problem.in_degrees(q, nu, problem.quenched(point.rates, point.squares)).items():
        p = problem.projections[k]
        if p.pre and not p.conductance:
            found[k] = scale**2 * K * p.J**2 * p.square * release(p.synapse, float(nu[k])) ** 2 * float(nu[k])
    return found


def train_shares(problem: NetworkProblem, q: int, point: WorkingPoint, sources: tuple[int, ...]) -> Array:
    """(2, 1 + source): shares f of that variance as Jumps.trains has them, J the mean of a source's jumps."""
    variances = train_variances(problem, point, q)
    total = sum(variances.values()) or 1.0
    jumps = [variances.get(k, 0.0) / total for k in sources]
    sizes = [problem.nodes[q].scale * problem.projections[k].J for k in sources]
    per_volt = [share / J if share else 0.0 for share, J in zip(jumps, sizes, strict=True)]
    return np.array([[1.0 - sum(jumps), *per_volt], [float(np.dot(jumps, sizes)), *jumps]])

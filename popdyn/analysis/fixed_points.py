"""All stationary rates of a network, and whether the list can be complete.

    nu = F(nu),      sum over all fixed points of sign det(1 - DF) = +1

holds when F maps the box of rates into itself: a list whose sum is another is "incomplete" (popdyn.analysis.deflation).
Stability is not in the index: popdyn.analysis.stability answers it, delays included.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from popdyn.analysis.deflation import find_roots
from popdyn.analysis.operating import as_problem
from popdyn.spec.network import Network
from popdyn.theory.network_problem import NetworkProblem
from popdyn.theory.self_consistent import RateMap

Array = NDArray[np.float64]
Complex = NDArray[np.complex128]


@dataclass(frozen=True)
class FixedPoint:
    """rates (population,) [1/s], eigenvalues of DF, index sign det(1 - DF)."""

    rates: Array
    eigenvalues: Complex
    index: int


@dataclass(frozen=True)
class FixedPoints:
    """Fixed points, smallest rates first; `complete`: their indices sum to +1."""

    names: tuple[str, ...]
    points: tuple[FixedPoint, ...]
    complete: bool

    @property
    def words(self) -> str:
        """One sentence."""
        count = len(self.points)
        head = f"{count} fixed point{'s' if count != 1 else ''}"
        if self.complete:
            return f"{head}; indices sum to +1, as those of a complete list do"
        return f"incomplete: {head} found, whose indices sum to {sum(p.index for p in self.points):+d} instead of +1"


def fixed_points(network: Network | NetworkProblem, *, factor: Array | None = None, starts: int = 24) -> FixedPoints:
    """Stationary rates of the network (`mean` closure, diffusion approximation).

    Parameters
    ----------
    network : spec, or NetworkProblem (nodes of heterogeneous populations)
    factor : (node,) a finer theory's rate over that of the mean closure
    starts : starts of deflated Newton beside the path of continuation

    Valid when
    ----------
    rates are bounded by 1/t_ref; without a refractory time they are looked for up to 1000 / s, and the check of
    completeness is then a hint. The shift of thresholds by coloured input is that at each fixed point's own rates.

    Example
    -------
    Brunel's (g, eta) = (5, 2): one fixed point, 37.95 / s in both populations.
    """
    problem = as_problem(network)
    F = RateMap(problem, np.ones(1) if factor is None else factor)
    roots, complete = find_roots(F, F.bounds, starts)
    n = len(problem.names)
    points = tuple(FixedPoint(r.x[:n], np.linalg.eigvals(r.slope).astype(complex), r.index) for r in roots)
    return FixedPoints(tuple(problem.names), points, complete)

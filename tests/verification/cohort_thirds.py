"""What third cumulants of cohorts, and points along the steepest direction, change of stationary rates.

    python tests/verification/cohort_thirds.py

The random neurons with white noise against their truth (random_gif_truth.csv): without, with third cumulants, with
them at a fifth of the step, with eight times the history and with cohorts of half the width. Four spread parameters of
`escape_rows` at three drives, against product rules: one set of cohorts of either kind, and rules of nodes; every
parameter alone. Cost of a step of both.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from itertools import product

import escape_rows as rows
import numpy as np
import random_gif_sets as sets

from popdyn.spec import load
from popdyn.spec.network import Population
from popdyn.theory import cohort_grid
from popdyn.theory.cohort_grid import AgeGrid
from popdyn.theory.cohort_march import march, noise_of, start, stationary
from popdyn.theory.cubature import fifth, third
from popdyn.theory.gif_nodes import Input, gif_nodes
from popdyn.theory.gif_population import SPREAD, gif_problem
from popdyn.theory.gif_problem import GifProblem
from popdyn.theory.heterogeneity import Node, Scores, at_node

NOISY = (4, 9, 14, 19)
DRIVES = (16.0, 23.0, 11.0)  # tau mu [mV]
PRODUCT = {"frozen": {"adaptation_scale": 7, "V_reset": 2}, "nodes": {"adaptation_scale": 4}}  # points, else 5


@contextmanager
def normal() -> Iterator[None]:
    """No third cumulants."""
    kept = cohort_grid.NOISY, cohort_grid.SKEWNESS
    cohort_grid.NOISY = cohort_grid.SKEWNESS = 1e9
    yield
    cohort_grid.NOISY, cohort_grid.SKEWNESS = kept


def noisy() -> None:
    for k in NOISY:
        problem = gif_problem(load(sets.document(sets.table()[k])).populations["E"])
        truth = float(sets.table(sets.TRUTH)[k]["rate"])
        with normal():
            found = [stationary(problem).rate]
        others = ({}, {"dt": 1e-4}, {"grid": AgeGrid(levels=7)}, {"grid": AgeGrid(5e-4, 16)})
        found += [stationary(problem, **other).rate for other in others]
        errors = ", ".join(f"{100 * (rate / truth - 1):+.2f}" for rate in found)
        print(f"set {k}, s = {problem.D * problem.tau_m / problem.Delta_V**2:.1f}: {errors} %")


def at(problem: GifProblem, drive: float) -> float:
    moved = replace(problem, mu=problem.mu + (drive - 18.0) / rows.TAU)
    return stationary(moved, settled=1e-5).rate


def population(kind: str) -> Population:
    (of,) = rows.network(size=rows.DRAWN, **rows.SPREADS[kind]).populations.values()
    return of


def rate(of: Population, nodes: list[Node]) -> np.ndarray:
    """At every drive."""
    problems = [gif_problem(at_node(of, node)) for node in nodes]
    weight = [node.weight for node in nodes]
    return np.array([np.dot(weight, [at(problem, drive) for problem in problems]) for drive in DRIVES])


def percent(found: np.ndarray, exact: np.ndarray) -> str:
    return ", ".join(f"{100 * e:+.2f}" for e in found / exact - 1.0) + " %"


def frozen(of: Population) -> np.ndarray:
    return np.array([at(gif_problem(of), drive) for drive in DRIVES])


def alone(kind: str) -> None:
    """Of every parameter: three nodes and frozen variables against nine nodes; ln rate per standard deviation."""
    whole = population(kind)
    for name, own in whole.spread.items():
        of = replace(whole, spread={name: own})
        nodes = {n: [Scores(of).node(w, np.array([z])) for z, w in zip(*gauss(n), strict=True)] for n in (2, 3, 9)}
        exact, (low, high) = rate(of, nodes[9]), (rate(of, [replace(n, weight=1.0)]) for n in nodes[2])
        words = f"three nodes {percent(rate(of, nodes[3]), exact)}"
        if name in SPREAD:
            words += f", frozen {percent(frozen(of), exact)}"
        print(f"{name} alone: {words}; ln rate {', '.join(f'{x:+.2f}' for x in 0.5 * np.log(high / low))}")
    if kind == "frozen":
        of = replace(whole, spread={name: own for name, own in whole.spread.items() if name in ("V_T_star", "mu")})
        exact = rate(of, product_nodes(of, kind))
        print(f"V_T_star and mu: frozen {percent(frozen(of), exact)}")


def gauss(count: int) -> tuple[np.ndarray, np.ndarray]:
    x, weight = np.polynomial.hermite_e.hermegauss(count)
    return x, weight / weight.sum()


def product_nodes(of: Population, kind: str) -> list[Node]:
    scores = Scores(of)
    lines = [gauss(PRODUCT[kind].get(name, 5)) for name in scores.names]
    points = zip(product(*[x for x, _ in lines]), product(*[w for _, w in lines]), strict=True)
    return [scores.node(float(np.prod(w)), np.array(z)) for z, w in points]


def spread(kind: str) -> None:
    of = population(kind)
    scores = Scores(of)
    exact = rate(of, product_nodes(of, kind))
    drives: list[Input] = [((drive - 18.0) / rows.TAU, 0.0) for drive in DRIVES]
    found = {name: [scores.node(w, z) for z, w in zip(*rule(4), strict=True)] for name, rule in
             (("degree 3", third), ("degree 5", fifth))}  # fmt: skip
    found["chosen nodes"] = list(gif_nodes(of, drives).nodes)
    made = {f"{name}, {len(nodes)}": rate(of, nodes) for name, nodes in found.items()}
    if kind == "frozen":
        made["frozen"] = frozen(of)
        with normal():
            made["frozen, normal"] = frozen(of)
    for name, rates in made.items():
        print(f"{kind}, {name}: {percent(rates, exact)}")


def cost(name: str, problem: GifProblem) -> None:
    """CPU time of a step [us], the best of five, with and without."""
    mu, found = np.full(20_000, problem.mu), []
    for around in (normal, None):
        if around is None:
            cohorts = start(problem)
        else:
            with around():
                cohorts = start(problem)
        D, least = np.tile(noise_of(problem), (mu.size, 1)), np.inf
        for _ in range(5):
            began = time.process_time()
            march(cohorts, mu, D)
            least = min(least, time.process_time() - began)
        found.append(1e6 * least / mu.size)
    print(f"{name}: {found[0]:.2f} us a step, {found[1]:.2f} with third cumulants")


def main() -> None:
    noisy()
    for kind in rows.SPREADS:
        spread(kind)
        alone(kind)
    of = population("frozen")
    cost("four frozen variables", gif_problem(of))
    cost("white noise", replace(gif_problem(replace(of, spread={})), sigma=0.03))


if __name__ == "__main__":
    main()

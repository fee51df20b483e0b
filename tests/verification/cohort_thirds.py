"""What third cumulants of cohorts, and points along the steepest direction, change of stationary rates.

    python tests/verification/cohort_thirds.py

The random neurons with white noise against their truth (random_gif_truth.csv): without, with third cumulants, with
them at a fifth of the step, and with eight times the history. Four spread parameters of `escape_rows` at three drives,
against product rules: one set of cohorts of either kind, and rules of nodes. Cost of a step of both.
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
from popdyn.theory import cohort_grid
from popdyn.theory.cohort_grid import AgeGrid
from popdyn.theory.cohort_march import march, noise_of, start, stationary
from popdyn.theory.cubature import fifth, third
from popdyn.theory.gif_nodes import Input, gif_nodes
from popdyn.theory.gif_population import gif_problem
from popdyn.theory.gif_problem import GifProblem
from popdyn.theory.heterogeneity import Node, Scores, at_node

NOISY = (4, 9, 14, 19)
DRIVES = (16.0, 23.0, 11.0)  # tau mu [mV]
PRODUCT = {"frozen": {"adaptation_scale": 7, "V_reset": 2}, "nodes": {"adaptation_scale": 4}}  # points, else 5


@contextmanager
def normal() -> Iterator[None]:
    """No third cumulants."""
    kept = cohort_grid.NOISY, cohort_grid.SKEWNESS
    cohort_grid.NOISY = cohort_grid.SKEWNESS = np.inf
    yield
    cohort_grid.NOISY, cohort_grid.SKEWNESS = kept


def noisy() -> None:
    for k in NOISY:
        problem = gif_problem(load(sets.document(sets.table()[k])).populations["E"])
        truth = float(sets.table(sets.TRUTH)[k]["rate"])
        with normal():
            found = [stationary(problem).rate]
        found += [stationary(problem, **other).rate for other in ({}, {"dt": 1e-4}, {"grid": AgeGrid(levels=7)})]
        errors = ", ".join(f"{100 * (rate / truth - 1):+.2f}" for rate in found)
        print(f"set {k}, s = {problem.D * problem.tau_m / problem.Delta_V**2:.1f}: {errors} %")


def at(problem: GifProblem, drive: float) -> float:
    moved = replace(problem, mu=problem.mu + (drive - 18.0) / rows.TAU)
    return stationary(moved, settled=1e-5).rate


def rate(kind: str, nodes: list[Node]) -> np.ndarray:
    """At every drive."""
    of = next(iter(rows.network(size=rows.DRAWN, **rows.SPREADS[kind]).populations.values()))
    problems = [gif_problem(at_node(of, node)) for node in nodes]
    weight = [node.weight for node in nodes]
    return np.array([np.dot(weight, [at(problem, drive) for problem in problems]) for drive in DRIVES])


def spread(kind: str) -> None:
    (of,) = rows.network(size=rows.DRAWN, **rows.SPREADS[kind]).populations.values()
    scores = Scores(of)
    lines = [np.polynomial.hermite_e.hermegauss(PRODUCT[kind].get(name, 5)) for name in scores.names]
    z = np.array(list(product(*[x for x, _ in lines])))
    weight = np.array([np.prod(w) for w in product(*[w / w.sum() for _, w in lines])])
    exact = rate(kind, [scores.node(w, point) for w, point in zip(weight, z, strict=True)])
    drives: list[Input] = [((drive - 18.0) / rows.TAU, 0.0) for drive in DRIVES]
    found = {name: [scores.node(w, z) for z, w in zip(*rule(4), strict=True)] for name, rule in
             (("degree 3", third), ("degree 5", fifth))}  # fmt: skip
    found["chosen nodes"] = list(gif_nodes(of, drives).nodes)
    made = {f"{name}, {len(nodes)}": rate(kind, nodes) for name, nodes in found.items()}
    if kind == "frozen":
        whole = gif_problem(of)
        made["frozen"] = np.array([at(whole, drive) for drive in DRIVES])
        with normal():
            made["frozen, normal"] = np.array([at(whole, drive) for drive in DRIVES])
    for name, rates in made.items():
        print(f"{kind}, {name}: {', '.join(f'{100 * e:+.2f}' for e in rates / exact - 1)} %")


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
    (of,) = rows.network(size=rows.DRAWN, **rows.SPREADS["frozen"]).populations.values()
    cost("four frozen variables", gif_problem(of))
    cost("white noise", replace(gif_problem(replace(of, spread={})), sigma=0.03))


if __name__ == "__main__":
    main()

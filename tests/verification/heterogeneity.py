"""Rules over heterogeneous populations against references, fluctuation-driven: rate over 3 s of OU drive and steps.

    python tests/verification/heterogeneity.py > docs/verification/heterogeneity.csv

The neuron of adex_aug at mu 1.15 mV/ms, sigma 1 mV/sqrt(ms), mu varying by an OU process of 0.25 mV/ms and steps of
+-0.4 mV/ms. Spreads: V_th 2.5 mV, g_L 15 %, b 40 % (lognormal, width of the logarithm), mu 0.15 mV/ms. Each node is
integrated alone (closure hermite1), in the rule and in the reference. References: 25-point Gauss-Hermite for one
parameter; for four, 17 Gauss-Hermite points along a direction near the active one times the cross of 6, whose own
error is measured with 13 points, with the product of three 3-point rules across, and with Sobol points.
"""

from __future__ import annotations

import csv
import hashlib
import sys
from dataclasses import replace
from functools import cache
from itertools import product

import cases
import numpy as np
import record
from scipy.special import ndtr, ndtri
from scipy.stats import qmc

from popdyn.distributions import Distribution
from popdyn.rungs.density import Density
from popdyn.spec.network import Network, Neuron, Population, Protocol, Stimulus, WhiteNoise
from popdyn.theory.heterogeneity_features import protocol_drives
from popdyn.theory.quadrature import at_node, quadrature

MEAN = 1.15  # [V/s]
BASE = replace(cases.entry("adex_aug").populations["E"], noise=WhiteNoise(MEAN, 1e-3 / np.sqrt(1e-3)))


def _lognormal(median: float, width: float) -> Distribution:
    mean = median * np.exp(0.5 * width**2)
    return Distribution("lognormal", (mean, mean * np.sqrt(np.expm1(width**2))))


SPREADS = {
    "V_th": Distribution("normal", (-50e-3, 2.5e-3)),
    "g_L": _lognormal(10e-9, 0.15),
    "b": _lognormal(40e-12, 0.4),
    "mu": Distribution("normal", (MEAN, 0.15)),
}
ROUGHLY_ACTIVE = (-0.7, -0.3, -0.3, 0.55)
"""The direction of the reference in scores of SPREADS; any would do, a good one needs fewer points."""
LIGHTEST = 2e-6  # reference nodes of less weight are left out

PROTOCOL = Protocol("steps", 3.0, 0.5, 3, (
    Stimulus("E", "mu", "ou", {"std": 0.25, "tau": 0.05}),
    Stimulus("E", "mu", "pulse", {"at": 1.0, "width": 0.4, "amplitude": 0.4}),
    Stimulus("E", "mu", "pulse", {"at": 2.0, "width": 0.4, "amplitude": -0.4}),
))  # fmt: skip

Points = tuple[np.ndarray, np.ndarray]


@cache
def rate_of(values: tuple[tuple[str, float], ...], mu: float) -> np.ndarray:
    """Rate (time,) [1/s] of neurons with these parameters."""
    population = replace(BASE, neuron=Neuron(BASE.neuron.model, dict(values)), noise=replace(BASE.noise, mu=mu))
    network = Network("node", {"E": population}, {PROTOCOL.name: PROTOCOL})
    trace = Density(network, closure="hermite1").simulate(PROTOCOL.name)
    return np.asarray(trace.rate.sel(time=trace.time > 0).values[0, :, 0])


def of_population(population: Population) -> np.ndarray:
    return rate_of(tuple(population.neuron.parameters.items()), population.noise.mu)


def of_scores(names: tuple[str, ...], points: Points) -> np.ndarray:
    """Rate of the heterogeneous population by points z (node, dimension) and weights in scores of SPREADS."""
    total = np.zeros(round(1e3 * PROTOCOL.duration))
    for z, weight in zip(*points, strict=True):
        values = {name: float(SPREADS[name].quantile(ndtr(x))) for name, x in zip(names, z, strict=True)}
        mu = values.pop("mu", MEAN)
        total += weight * rate_of(tuple((dict(BASE.neuron.parameters) | values).items()), mu)
    return total


def hermite(count: int) -> Points:
    x, weight = np.polynomial.hermite_e.hermegauss(count)
    keep = weight / weight.sum() > LIGHTEST
    return x[keep, None], weight[keep] / weight[keep].sum()


def turned(along: int, across: Points) -> Points:
    """Gauss-Hermite along ROUGHLY_ACTIVE times a rule across it."""
    turn = np.linalg.qr(np.column_stack([ROUGHLY_ACTIVE, np.eye(4)[:, :3]]))[0]
    x, weight = hermite(along)
    pairs = [(np.append(a, q), v * w) for a, v in zip(x, weight, strict=True) for q, w in zip(*across, strict=True)]
    total = np.array([w for _, w in pairs])
    keep = total > LIGHTEST
    return np.array([z for z, _ in pairs])[keep] @ turn.T, total[keep] / total[keep].sum()


def cross() -> Points:
    points = np.sqrt(3.0) * np.eye(3)
    return np.concatenate([points, -points]), np.full(6, 1 / 6)


def cube() -> Points:
    x, w = hermite(3)
    return np.array(list(product(x[:, 0], repeat=3))), np.array([np.prod(v) for v in product(w, repeat=3)])


@cache
def reference(names: tuple[str, ...]) -> np.ndarray:
    return of_scores(names, hermite(25) if len(names) == 1 else turned(17, cross()))


def nrmse(found: np.ndarray, truth: np.ndarray) -> float:
    return float(np.sqrt(np.mean((found - truth) ** 2)) / np.std(truth))


def measured(names: tuple[str, ...], count: int) -> record.Values:
    """The best rule of at most `count` nodes."""
    return record.once("heterogeneity", f"{'+'.join(names)}/{count}/{key()}", lambda: _measure(names, count))


def _measure(names: tuple[str, ...], count: int) -> record.Values:
    population = replace(BASE, spread={name: SPREADS[name] for name in names})
    rule = quadrature(population, count=count, drives=protocol_drives(BASE, [PROTOCOL]))
    truth = reference(names)
    found = sum(node.weight * of_population(at_node(population, node)) for node in rule.nodes)
    usual = of_scores(names, hermite(count)) if len(names) == 1 else of_population(BASE)
    return {
        "nodes": len(rule.nodes), "method": rule.method, "nrmse": nrmse(found, truth), "estimate": rule.error,
        "bias": float(found.mean() / truth.mean() - 1.0),
        "homogeneous": nrmse(of_population(BASE), truth), "gauss_hermite": nrmse(usual, truth),
        "importance": dict(rule.importance),
    }  # fmt: skip


def reference_error(names: tuple[str, ...]) -> record.Values:
    """How far other references are from the reference."""
    return record.once("heterogeneity", f"reference/{'+'.join(names)}/{key()}", lambda: _reference_error(names))


def _reference_error(names: tuple[str, ...]) -> record.Values:
    truth = reference(names)
    if len(names) == 1:
        return {"17 points": nrmse(of_scores(names, hermite(17)), truth)}
    sobol = ndtri(qmc.Sobol(4, scramble=True, seed=7).random(256))
    return {
        "13 points along": nrmse(of_scores(names, turned(13, cross())), truth),
        "27 for 6 across, of 5": nrmse(of_scores(names, turned(5, cube())), of_scores(names, turned(5, cross()))),
        "Sobol 256": nrmse(of_scores(names, (sobol, np.full(256, 1 / 256))), truth),
    }


def key() -> str:
    """What a record depends on besides the library."""
    return hashlib.sha256(repr((SPREADS, PROTOCOL, MEAN)).encode()).hexdigest()[:8]


def main() -> None:
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(
        ["parameters", "nodes", "rule", "nrmse %", "estimate %", "bias %", "homogeneous %", "Gauss-Hermite %"]
    )
    for names in (*((name,) for name in SPREADS), tuple(SPREADS)):
        for count in (2, 3, 4, 5) if len(names) == 1 else (8, 14, 16, 24, 32):
            v = measured(names, count)
            shown = [f"{100 * v[k]:.3f}" for k in ("nrmse", "estimate", "bias", "homogeneous")]
            shown.append(f"{100 * v['gauss_hermite']:.3f}" if len(names) == 1 else "")
            writer.writerow(["+".join(names), v["nodes"], v["method"], *shown])
        for label, value in reference_error(names).items():
            writer.writerow(["+".join(names), "", f"reference: {label}", f"{100 * value:.3f}", "", "", "", ""])


if __name__ == "__main__":
    main()

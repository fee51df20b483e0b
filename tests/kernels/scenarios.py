"""Small inputs through every compiled kernel, by the faces that call them.

    NUMBA_DISABLE_JIT=1 python tests/kernels/scenarios.py results.npz

writes what comes out, and the names of the kernels that ran as Python.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
from cohort_scenarios import cohorts
from gated_scenarios import gated
from mixed_scenarios import mixed
from modes_scenarios import modes
from network_scenarios import networks
from numpy.typing import NDArray
from unit_scenarios import unit_network_result

from popdyn.kernels import density_1d, ln, spectral
from popdyn.kernels import rate_units as rate_units_kernel
from popdyn.kernels.resolvent import resolvent
from popdyn.rungs import density_2d
from popdyn.rungs.cascade import CascadePopulation
from popdyn.rungs.cascade_parameters import starting_values
from popdyn.rungs.march import StepDrive, march
from popdyn.rungs.static_gain import AdaptationVariable, GainRow, StaticGain
from popdyn.spec import load
from popdyn.theory.discretisation import Domain
from popdyn.theory.grid import operator_on
from popdyn.theory.hierarchy import linear_response
from popdyn.theory.problem import CLOSURES, density_problem
from popdyn.theory.stationary import find_stationary
from popdyn.theory.threshold_integration import threshold_response, threshold_state

Results = dict[str, NDArray[np.generic]]

SPEC = load(
    {
        "schema": 1,
        "populations": {
            "E": {
                "size": 10,
                "neuron": {"model": "adex", "t_ref": "1.3 ms", "tau_w": "60 ms", "b": "80 pA"},
                "noise": {"mu": "1.8 mV/ms", "sigma": "3 mV/sqrt(ms)"},
                "initial": {"V": {"normal": ["-60 mV", "3 mV"]}, "w": {"normal": ["50 pA", "10 pA"]}},
            }
        },
        "protocols": {"p": {"duration": "8 ms", "transient": "2 ms"}},
    }
)
POPULATION = SPEC.populations["E"]


def density() -> Results:
    """Marching, both schemes, every closure; stationary state and response where Newton's method converges."""
    problem, found = density_problem(POPULATION), {}
    op = operator_on(problem, 2.5e-3, 1.0, problem.D, problem.mu)
    steps = StepDrive(np.linspace(1.2, 2.4, 60), np.full(60, problem.D), np.arange(60) % 30 == 0)
    for closure in CLOSURES:
        h = problem.hierarchy(closure)
        for name, scheme in density_1d.SCHEMES.items():
            traces = march(op, h, POPULATION.initial, steps, 1e-4, 0.0, "E", scheme)
            found[f"march {closure} {name}"] = np.stack([traces.rate, traces.V_mean, traces.w_mean])
    for closure in ("hermite1", "hermite3", "gaussian"):
        h = problem.hierarchy(closure)
        state = find_stationary(op, h, problem.mu, problem.D)
        found[f"rest {closure}"] = np.append(state.scalars, state.V_mean)
        found[f"response {closure}"] = linear_response(op, h, state, np.array([30.0, 300.0]), "mu")
    return found


def density_of_V_and_w() -> Results:
    """Marching the two-dimensional density on a coarse grid."""
    protocol = SPEC.protocols["p"]
    domain = density_2d.outer_domain(POPULATION, *density_2d.step_drive(POPULATION, protocol, 1e-3))
    run = density_2d.march(POPULATION, protocol, domain, 16, 10, 2.5e-4)
    return {"2d": np.stack([run.rate, run.V_mean, run.w_mean])}


def threshold() -> Results:
    """State and response by threshold integration."""
    p, sigma = POPULATION.neuron.parameters, POPULATION.noise.sigma
    state = threshold_state(p, "eif", 1.5, sigma, cells=80)
    found: Results = {"threshold": np.array([state.rate, state.V_mean])}
    for target in ("mu", "D"):
        response = threshold_response(p, "eif", 1.5, sigma, [0.0, 20.0], target=target, cells=80)
        found[f"threshold {target}"] = np.stack([response.rate, response.V_mean])
    return found


def resolvents() -> Results:
    """A small banded system at a real and a complex rate."""
    matrix = np.array([[0.0, 3.0, -1.0], [-1.0, 4.0, -2.0], [-1.5, 4.0, -0.5], [-2.0, 3.0, 0.0]])
    right = np.array([[1.0, 0.0], [0.0, 1.0], [2.0, 0.0], [0.0, -1.0]])
    found = resolvent(matrix, 1, np.array([0.5, 1.0, 1.0, 0.5]), np.array([0.0, 1.0 + 3.0j]), right, np.ones((1, 4)))[0]
    return {"resolvent": np.concatenate([found.real, found.imag[:, 1:]], axis=1)}


def cascade() -> Results:
    """A unit with a made-up gain at two sigmas."""
    mu = np.linspace(0.0, 3.0, 12)
    rows = tuple(GainRow(s, mu, 5 * s * np.exp(0.5 * mu), -0.06 + 2e-3 * mu) for s in (1.0, 2.0))
    variable = AdaptationVariable(4e-9, 40e-12, 0.1, -80e-3)
    domain = Domain(0.0, 3.0, 1.0, 2.0)
    unit = CascadePopulation(
        "E", 200e-12, (variable,), StaticGain(rows), {**starting_values(1), "kappa_sigma_re": 0.3}, 40.0, 1.0, domain
    )
    drive = 1.5 + np.sin(np.linspace(0.0, 6.0, 60))
    trace = unit.integrate(drive, np.linspace(1.0, 2.0, 60), np.array([1e-10]), dt=1e-4, steps_per_bin=10)
    return {"cascade": np.stack([trace.rate, trace.V_mean, trace.w_mean])}


def linear_nonlinear() -> Results:
    """Both filters over a made-up table of two sigmas."""
    e = np.linspace(0.0, 3.0, 20)
    columns = [10.0 * np.exp(0.4 * e), -0.06 + 1e-3 * e, 0.01 - 1e-3 * e, 50.0 + e, 2e-3 + 0.0 * e]
    table = np.stack([np.stack(columns, axis=1), 1.5 * np.stack(columns, axis=1)])
    numbers, drive = np.array([0.0, 19.0 / 3.0, 1.0, 1.0]), 1.5 + np.sin(np.linspace(0.0, 6.0, 60))
    adaptation, rates = np.array([[5e9, 4e-9, -0.08, 4e-12, 1e-3]]), np.empty((2, 60))
    for second, rate in zip((False, True), rates, strict=True):
        louder = np.linspace(0.9, 2.1, 60)
        ln.integrate(numbers, table, adaptation, drive, louder, 1e-4, second, np.array([1e-10]), rate)
    one = np.empty(60)
    ln.integrate(numbers, table[:1], adaptation, drive, drive, 1e-4, False, np.array([1e-10]), one)
    return {"linear-nonlinear": np.stack([*rates, one])}


def spectral_modes() -> Results:
    """Both orders over a made-up table of two sigmas; the second order is driven below zero once."""
    e = np.linspace(0.0, 3.0, 20)
    columns = [
        10.0 * np.exp(0.4 * e), -0.06 + 1e-3 * e, -90.0 - 5.0 * e, 30.0 * e, -0.02 + 1e-3 * e, 1e-4 - 1e-5 * e,
        2e-3 + 1e-4 * e, -0.2 + 0.0 * e, 1e-2 + 0.0 * e, 1e-2 + 0.0 * e, -1.0 + 0.1 * e, 0.1 + 0.0 * e,
    ]  # fmt: skip
    table = np.stack([np.stack(columns, axis=1), 1.5 * np.stack(columns, axis=1)])
    numbers, t = np.array([0.0, 19.0 / 3.0, 1.0, 1.0]), np.linspace(0.0, 6.0, 60)
    mu, sigma = 1.5 + np.sin(t), 1.5 + 0.4 * np.cos(t)
    adaptation, rates = np.array([[5e9, 4e-9, -0.08, 4e-12, 1e-3]]), np.empty((3, 60))
    spectral.integrate_one(numbers, table, adaptation, mu, sigma, 1e-4, np.array([1e-10]), rates[0])
    drive = np.stack([mu, 20.0 * np.cos(t), -2e4 * np.sin(t), sigma, 10.0 * np.sin(t), 1e3 * np.cos(t)])
    for size, rate in zip((1.0, 50.0), rates[1:], strict=True):
        drive[1:3] *= size
        spectral.integrate_two(numbers, table, adaptation, np.array([5.0]), drive, 1e-4, np.array([1e-10]), rate)
    return {"slowest modes": rates}


def rate_units() -> Results:
    """Every family with two adaptation variables, its rates and their derivatives; time constant varying, and not."""
    steps, found = 40, {}
    mu, sigma = 1.0 + np.sin(np.linspace(0.0, 6.0, steps))[None], np.linspace(0.05, 0.07, steps)[None]
    row = np.array([20.0, 0.4, 2.0, 0.5, -3.0, 5e-3, 2.0, 1.2, 0.01, 0.1, 0.02, 0.02])
    for varying in (0.0, 2.0):
        row[rate_units_kernel.QUICKENING] = varying
        for family in range(4):
            fixed = (family, np.tile(row, (3, 1)), np.zeros(3, dtype=np.int64), mu, sigma, 0.06, 1e-3, 4)
            rate, slope = np.empty((3, steps // 4)), np.empty((3, steps // 4, row.size))
            rate_units_kernel.integrate(*fixed, np.full(3, 5.0), np.full((3, 2), 4.0), rate)
            found[f"rate units {family} {varying:g}"] = rate.copy()
            rate_units_kernel.tangent(*fixed, np.full(3, 5.0), np.full((3, 2), 4.0), rate, slope)
            found[f"their slopes {family} {varying:g}"] = slope.reshape(3, -1)
    return found


def results() -> Results:
    alone = {
        **linear_nonlinear(),
        **spectral_modes(),
        **density(),
        **density_of_V_and_w(),
        **threshold(),
        **resolvents(),
        **cascade(),
        **rate_units(),
    }
    reduced = {**modes(POPULATION), **gated(), **unit_network_result()}
    return {**alone, **networks(), **cohorts(), **mixed(), **reduced}


def main(path: str) -> None:
    """Run, with a look at every Python call into the kernels' folder."""
    called: set[str] = set()
    home = str(Path(density_1d.__file__).parent)

    def watch(frame, event, _argument):
        if event == "call" and frame.f_code.co_filename.startswith(home):
            called.add(f"{Path(frame.f_code.co_filename).stem}.{frame.f_code.co_name}")

    sys.setprofile(watch)
    found = results()
    sys.setprofile(None)
    np.savez(path, called=np.array(sorted(called)), **found)


if __name__ == "__main__":
    main(sys.argv[1])

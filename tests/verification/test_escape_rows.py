"""Rows: cohorts against neurons with escape noise, in time, of finite size, heterogeneous, coupled, and for long.

pytest -m slow tests/verification/test_escape_rows.py -k trajectories
"""

from pathlib import Path

import cases
import escape_rows as rows
import network_rows as networks
import numpy as np
import pytest
import record

from popdyn.rungs.cohort_density import CohortDensity
from popdyn.spec.network import Protocol
from popdyn.theory.cohort_march import march, noise_of, start
from popdyn.theory.gif_population import gif_problem

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("traces", rows.TRACES)
@pytest.mark.parametrize(("protocol", "seeds", "bar"), [("ou", 10, 0.02), ("steps", 40, 0.03)])
def test_trajectories(traces, protocol, seeds, bar):
    values = rows.trajectory(traces, protocol, seeds)
    assert values["groups"] >= seeds
    assert values["nrmse_interval"][1] <= bar, values
    assert abs(values["bias"]) <= 0.005, values


def test_rate_and_deviation_of_a_finite_population():
    truth, model = rows.inhibited_spiking(), rows.inhibited_density()
    for name, bar in (("rate", 0.01), ("sd", 0.02)):
        pair = [np.array(x[name]) for x in (truth, model)]
        error = np.sqrt(sum(x.var(ddof=1) / x.size for x in pair)) / pair[0].mean()
        assert error < bar / 3.0
        assert abs(pair[1].mean() / pair[0].mean() - 1.0) <= bar, (name, pair)


def test_spectrum_of_a_finite_population():
    """Octaves from 5 to 300 Hz."""
    bands = rows.band_errors()
    assert [low for low, *_ in bands] == [5.0, 10.0, 20.0, 40.0, 80.0, 160.0]
    for low, high, error, _ in bands:
        assert abs(error) <= 0.03, (low, high, bands)


@pytest.mark.parametrize("drive", ["ou", *rows.HELD])
@pytest.mark.parametrize(("kind", "nodes", "bar"), [("frozen", 1, 0.01), ("nodes", 24, 0.004)])
def test_four_heterogeneous_parameters(kind, nodes, bar, drive):
    """With C_m (tau_m) among them 24 nodes, else frozen variables of one set of cohorts."""
    values = rows.heterogeneous(kind)
    assert values["nodes"] == nodes
    assert max(abs(values[name][2]) for name in rows.HELD) > 0.1
    if drive == "ou":
        assert abs(values["bias"]) <= bar, values
        assert values["nrmse_interval"][1] <= 0.04, values
    else:
        error, own, _ = values[drive]
        assert own < 0.004
        assert abs(error) <= bar, values


def gif_ei():
    network = cases.entry("gif_ei")
    return {name: CohortDensity(network, finite=finite).rates() for name, finite in networks.fits.LIMITS.items()}


@pytest.mark.parametrize("limit", networks.fits.LIMITS)
def test_network_of_two_populations(limit):
    rates = record.once("gif_ei", "rates", gif_ei)[limit]
    for name, truth in networks.truths.rates("gif_ei", "baseline").items():
        assert truth.error < 2e-3 * truth.value
        assert rates[name] == pytest.approx(truth.value, rel=0.01)


def long_run():
    """Mass error of 600 s of the inhibited population; growth of memory [kB] of its march after the first 50 s."""
    trace = CohortDensity(rows.inhibited(), finite=True).simulate(Protocol("long", 600.0, 1.0, 0), seed=1)
    problem = gif_problem(rows.inhibited().populations["E"])
    cohorts, words = start(problem), np.random.SeedSequence(1).generate_state(4, np.uint64)
    mu = np.full(round(10.0 / cohorts.dt), problem.mu)
    noise, held, mass = np.tile(noise_of(problem), (mu.size, 1)), [], 0.0
    for _ in range(60):
        seen = march(cohorts, mu, noise, neurons=500.0, words=words, every=20)[1]
        mass = max(mass, float(np.abs(seen[:, 1] - 1.0).max()))
        held.append(4 * int(Path("/proc/self/statm").read_text().split()[1]))
    return {"mass": max(mass, trace.attrs["mass_error"]), "growth_kB": max(held[5:]) - held[4],
            "rate": float(trace["rate"].mean()), "bytes": sum(a.nbytes for a in cohorts.state)}  # fmt: skip


def test_ten_minutes_of_a_finite_population():
    values = record.once("escape long", "600 s", long_run)
    assert values["mass"] < 1e-9
    assert values["growth_kB"] < 1000
    assert 7.0 < values["rate"] < 9.0

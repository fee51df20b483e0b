"""The limit of a vanishing step, from results whose dependence on it is known; and memory, from sizes alone."""

import numpy as np
import pytest

from popdyn.errors import ResourceError, UsageError
from popdyn.ground_truth import extrapolate, extrapolation, job, memory, run
from popdyn.results import make_dataset
from popdyn.spec import PoissonDrive
from popdyn.spec.network import Connection, Synapse

from .networks import connected, network, population

DELTA = Connection("E", "E", "fixed_indegree", Synapse("delta", 1e-4, delay=1e-3), K=100)


def fake(monkeypatch, rate_of_dt):
    def known(decided, **_options):
        time = (np.arange(-5, 10) + 0.5) * 1e-3
        rate = rate_of_dt(decided.dt) + np.array([-0.1, 0.0, 0.1])[:, None, None] + np.zeros((3, 15, 1))
        rate[:, :5] = 1e9
        return make_dataset(time, ["E"], rate, attrs={"bin": 1e-3})

    monkeypatch.setattr(extrapolation, "run", known)


def test_straight_lines_end_at_their_value(monkeypatch):
    fake(monkeypatch, lambda dt: 10 - 200 * np.sqrt(dt))
    one = population(model="lif")
    found = extrapolate(connected([one], [DELTA]), "p", (1e-4, 5e-5, 2.5e-5))
    assert found.power == 0.5
    assert found.limit["E"].mean == pytest.approx(10)
    fake(monkeypatch, lambda dt: 10 - 2e4 * dt)
    found = extrapolate(network(one), "p", (1e-4, 5e-5))
    assert (found.power, found.limit["E"].mean) == (1.0, pytest.approx(10))
    assert found.limit["E"].standard_error == pytest.approx(0.1 / np.sqrt(3) * np.sqrt(5))
    assert found.bracket["E"] == pytest.approx(1 / (np.sqrt(2) - 1) - 1)
    assert found.lines()[-1].startswith("dt -> 0: E 10 ")


def test_own_figures_are_extrapolated_as_well(monkeypatch):
    fake(monkeypatch, lambda dt: 10 - 2e4 * dt)
    found = extrapolate(
        network(population()), "p", summary=lambda one: {"twice": 2 * float(one["rate"].values[0, -1, 0])}
    )
    assert found.limit["twice"].mean == pytest.approx(20)


def test_the_power_is_that_of_jumps_at_a_hard_threshold():
    jumps = [PoissonDrive(10, 1.0, 1e-4)]
    assert extrapolation._power(network(population(model="lif", poisson=jumps))) == 0.5
    assert extrapolation._power(network(population(model="adex", poisson=jumps))) == 1.0
    with pytest.raises(UsageError, match="two different"):
        extrapolate(network(population()), "p", (1e-4,))


def test_memory_is_estimated_before_anything_is_drawn(monkeypatch):
    """15.6 million synapses of Brunel's network: about 350 MB a run; fewer workers, then refusal, with the figures."""
    link = Connection("E", "E", "fixed_indegree", Synapse("delta", 1e-4, delay=1e-3), K=1250)
    spec = connected([population(model="lif", size=12_500)], [link])
    decided = job(spec, "p", backend="cpp_standalone", groups=4)
    chunk, once = memory.needed(decided)
    assert 15.6e6 * 16 < chunk < 15.6e6 * 24
    assert memory.fitting_workers(decided, 4, once + 2.5 * chunk) == 2
    assert memory.fitting_workers(decided, 1, None) == 1
    monkeypatch.setattr(memory, "available", lambda: 1e9)
    with pytest.raises(ResourceError, match=r"needs .* GiB .* of 0.56 GiB"):
        run(decided)
    with pytest.raises(ResourceError, match="max_memory"):
        run(decided, max_memory=1e8)

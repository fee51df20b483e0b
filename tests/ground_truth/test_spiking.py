"""The rung's face, on a simulation that is replaced by a known dataset."""

import numpy as np
import pytest

from popdyn.errors import UsageError
from popdyn.ground_truth import Spiking, mean_rates, spiking
from popdyn.results import make_dataset

from .networks import network, population


def known(runs=4, start=-10):
    time = (np.arange(start, 20) + 0.5) * 1e-3
    rate = np.full((runs, len(time), 2), 1000.0)
    rate[:, time > 0, 0] = np.array([8.0, 10.0, 12.0, 10.0])[:runs, None]
    rate[:, time > 0, 1] = 3.0
    return make_dataset(time, ["E", "I"], rate, attrs={"bin": 1e-3})


def test_mean_rates_take_the_scored_time_and_the_scatter_of_the_groups():
    rates = mean_rates(known())
    assert rates["E"].mean == pytest.approx(10.0)
    assert rates["E"].standard_error == pytest.approx(np.std([8, 10, 12, 10], ddof=1) / 2)
    assert (rates["I"].mean, rates["I"].standard_error) == (3.0, 0.0)


def test_no_error_without_groups_or_scored_time():
    for dataset in (known(runs=1), known().sel(time=slice(None, 0))):
        with pytest.raises(UsageError):
            mean_rates(dataset)


def test_rates_are_of_a_constant_protocol_after_ten_time_constants(monkeypatch):
    asked = []

    def simulate(spec, protocol, **options):
        asked.append((protocol, options))
        return known()

    monkeypatch.setattr(spiking, "simulate", simulate)
    rung = Spiking(network(population()), dt=5e-5, backend="numpy")
    assert rung.rates() == {"E": pytest.approx(10.0), "I": pytest.approx(3.0)}
    protocol, options = asked[0]
    assert (protocol.transient, protocol.stimuli) == (2.0, ())
    assert (options["dt"], options["backend"]) == (5e-5, "numpy")
    assert rung.name == "spiking"

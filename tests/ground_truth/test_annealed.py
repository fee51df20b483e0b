"""Independent Poisson inputs in the place of synapses, and external sources behind synapses, below threshold."""

import numpy as np
import pytest

from popdyn.distributions import Distribution
from popdyn.errors import DomainError, UsageError
from popdyn.ground_truth import job, matched_rates, simulate_annealed
from popdyn.ground_truth.annealed import _Inputs
from popdyn.ground_truth.chunk_edges import connection_edges
from popdyn.ground_truth.coupled_chunk import CoupledChunk
from popdyn.ground_truth.coupled_drive import Drives
from popdyn.results import make_dataset
from popdyn.spec import PoissonDrive, Protocol, Stimulus
from popdyn.spec.network import Connection, Synapse

from .networks import connected, population

TAU, RATE, J, NEURONS = 0.02, 20.0, 0.2e-3, 600
WEIGHT = Distribution("lognormal", (J, 0.5 * J))
DELTA = Synapse("delta", J, delay=1e-3)
FILTERED = Synapse("exponential", J, tau_syn=5e-3, delay=1e-3)


def spec():
    """Neurons that never fire: behind delta and exponential synapses, weights that differ, and external sources whose
    rate doubles half way."""
    silent = {"mu": 0.0, "V": -65e-3, "V_th": 100e-3}
    driven = [PoissonDrive(50, RATE, J, FILTERED)]
    members = [population("S", "lif", 400, **silent)]
    members += [population(name, "lif", NEURONS, **silent) for name in ("fixed", "bernoulli", "weights")]
    members.append(population("external", "lif", NEURONS, poisson=driven, **silent))
    links = [
        Connection("S", "fixed", "fixed_indegree", DELTA, K=50),
        Connection("S", "bernoulli", "pairwise_bernoulli", FILTERED, p=0.125),
        Connection("S", "weights", "fixed_indegree", Synapse("delta", J, delay=1e-3, weight=WEIGHT), K=50),
    ]
    step = Stimulus("external", "nu", "step", {"at": 0.25, "until": 0.5, "amplitude": RATE})
    return connected(members, links, duration=0.5, transient=0.15, stimuli=[step])


@pytest.fixture(scope="module")
def result():
    return simulate_annealed(spec(), "p", {"S": RATE}, dt=1e-4, backend="numpy", groups=1, seed=2)


def at_rest(result, name, start=0.0, stop=0.25):
    """Time and population mean of V above rest."""
    return result["V_mean"].sel(population=name, time=slice(start, stop)).values[0] + 65e-3


MEAN = 50 * RATE * J * TAU


@pytest.mark.parametrize("name", ["fixed", "bernoulli", "weights", "external"])
def test_mean_input(result, name):
    """K nu J tau, within 4 standard errors of a mean over 600 neurons and 0.5 s (K J nu drawn for Bernoulli)."""
    V = at_rest(result, name)
    per_neuron = np.sqrt(50 * RATE * J**2 * (1.25 if name == "weights" else 1.0)) * TAU / np.sqrt(0.25)
    quenched = np.sqrt(50 * 0.875) * RATE * J * TAU if name == "bernoulli" else 0.0
    quenched += 0.5 * np.sqrt(50) * RATE * J * TAU if name == "weights" else 0.0
    error = np.hypot(per_neuron, quenched) / np.sqrt(NEURONS)
    assert abs(V.mean() - MEAN) < 4 * error
    assert error < 0.01 * MEAN


def test_a_stimulus_on_nu_scales_the_external_input(result):
    """From a delay and some filter times after the step on."""
    assert at_rest(result, "external", 0.4, 0.5).mean() == pytest.approx(2 * MEAN, rel=0.02)


def test_the_result_says_what_it_is(result):
    assert result.attrs["rung"] == "annealed"
    assert '"S": 20.0' in result.attrs["annealed_rates"]


def inputs(rates, source_rates=None, network=None):
    decided = job(network or spec(), "p", dt=1e-4, backend="numpy", groups=2)
    drives = Drives(decided, annealed=True)
    return drives, _Inputs(drives, rates, source_rates or {})


def test_each_neuron_keeps_its_own_synapses():
    """Expected events and jumps of a neuron are those of the edges of the same seed, summed one by one."""
    rates = np.random.default_rng(0).gamma(4.0, 5.0, (2, 400))
    drives, made = inputs({"S": RATE}, {"S": rates})
    for number in (0, 1):
        chunk = CoupledChunk(drives, number, drives.poisson)
        source = made.of_chunk(number)["weights"][0]
        edges = connection_edges(chunk, 2)
        own = edges.targets == 7
        shares = rates[number][edges.sources()[own]] / rates[number].mean()
        jump = edges.jump[own].astype(float)
        assert source.expected[7] == pytest.approx(RATE * 1e-4 * shares.sum())
        assert source.jump[7] == pytest.approx((jump * shares).sum() / shares.sum())
        spread = (jump**2 * shares).sum() / shares.sum() - source.jump[7] ** 2
        assert source.scatter[7] == pytest.approx(np.sqrt(spread))
    assert np.ptp(made.of_chunk(0)["bernoulli"][0].expected) > 0


def test_rates_in_time_come_a_delay_later():
    times, rates = np.array([0.0, 0.1]), np.array([10.0, 20.0])
    drives, made = inputs({"S": (times, rates)})
    source = made.of_chunk(0)["fixed"][0]
    step = 150 + 500
    assert source.expected[0] == pytest.approx(50 * 1e-4)
    at = drives.job.grid.midpoints()[step * 2]
    assert drives.rows[source.row][step * 2] == pytest.approx(np.interp(at - 1e-3, times, rates))


def test_rates_that_match_a_truth():
    time = (np.arange(-2, 3) + 0.5) * 1e-3
    rate = np.stack([np.array([[900.0, 900.0, 1.0, 2.0, 3.0]]).T + k for k in (0.0, 2.0)])
    truth = make_dataset(time, ["S"], rate, attrs={"bin": 1e-3})
    truth = truth.assign(neuron_rate_S=(("run", "neuron_S"), np.ones((2, 4))))
    rates, sources = matched_rates(truth, Protocol("p", 3e-3, 2e-3, 0))
    assert rates == {"S": pytest.approx(3.0)}
    assert sources["S"].shape == (2, 4)
    traced, _ = matched_rates(truth, spec().protocols["p"])
    assert traced["S"][1] == pytest.approx([901, 901, 2, 3, 4])


def test_what_has_no_annealed_form_is_refused():
    saturating = Synapse("saturating", J, tau_syn=5e-3, delay=1e-3, alpha=0.5)
    own = connected([population("S", "lif")], [Connection("S", "S", "all_to_all", saturating)])
    with pytest.raises(DomainError, match="remembers"):
        inputs({"S": 1.0}, network=own)
    for rates, sources in (({}, {}), ({"S": 1.0}, {"S": np.ones(3)}), ({"S": 1.0}, {"S": np.zeros(400)})):
        with pytest.raises(UsageError):
            inputs(rates, sources)
    with pytest.raises(UsageError, match="no connections"):
        simulate_annealed(connected([population()], []), "p", {})

"""Spikes from neuron to neuron: delays, the order within a step, filters. Few simulations of many populations each."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.integrate import solve_ivp

from popdyn.distributions import Distribution
from popdyn.errors import UsageError
from popdyn.ground_truth import Record, chunk_edges, cost, job, simulate
from popdyn.ground_truth.coupled_chunk import CoupledChunk
from popdyn.ground_truth.coupled_drive import Drives
from popdyn.results import spike_times
from popdyn.spec.network import Connection, Edges, Synapse

from .networks import connected, population
from .reference_network import spikes

COMPILER = pytest.mark.skipif(cost.compiler() is None, reason="no C++ compiler")
DT = 1e-4
TAU = 0.02


def explicit(pre, post, synapse, *table):
    """Edges as source, target, weight, delay."""
    columns = [np.atleast_1d(column) for column in table]
    return Connection(pre, post, "explicit", synapse, edges=Edges("edges.csv", "", *np.broadcast_arrays(*columns)))


def run(spec, backend="numpy", **options):
    return simulate(spec, "p", dt=DT, groups=1, backend=backend, **options)


def once(name="S"):
    """A neuron that fires once, in the first step."""
    return population(name, "lif", 1, mu=1e3, V=-65e-3, t_ref=0.09)


BACKENDS = ["numpy", pytest.param("cpp_standalone", marks=[pytest.mark.slow, COMPILER])]


@pytest.fixture(scope="module", params=BACKENDS)
def pairs(request):
    """Delays of 1 to 30 steps; a jump in the step in which the target fires by its own drive, at t_ref 0 and 1 ms."""
    delays, first = np.array([1, 2, 15, 30]) * DT, 0.01022
    meeting = np.ceil(first / DT) * DT - DT
    members = [
        once(),
        population("source", "lif", 1, mu=1.5, V=-60e-3),
        population("target", "lif", 4, mu=0.0, V=-65e-3),
        population("free", "lif", 1, mu=1.5, V=-60e-3),
        population("dead", "lif", 1, mu=1.5, V=-60e-3, t_ref=1e-3),
    ]
    links = [
        explicit("source", "target", Synapse("delta", 20e-3), 0, np.arange(4), 20e-3, delays),
        explicit("S", "free", Synapse("delta", 2e-3), 0, 0, 2e-3, meeting),
        explicit("S", "dead", Synapse("delta", 2e-3), 0, 0, 2e-3, meeting),
    ]
    kept = Record(spikes=tuple(one.name for one in members))
    return delays, spike_times(run(connected(members, links, duration=0.06), request.param, record=kept))


def test_a_spike_arrives_exactly_its_delay_later(pairs):
    """A jump of more than threshold minus rest: the target fires at the very step of the arrival."""
    delays, found = pairs
    times, nodes = found["target"]
    for node, delay in enumerate(delays):
        expected = [t + delay for t in found["source"][0] if t + delay <= 0.06]
        assert len(expected) >= 3
        assert times[nodes == node] == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize(("name", "t_ref", "kept"), [("free", 0.0, 2e-3), ("dead", 1e-3, 0.0)])
def test_input_in_the_step_of_a_spike_stays_after_the_reset_and_is_lost_in_the_dead_time(pairs, name, t_ref, kept):
    """V starts anew at V_reset + J without dead time, at V_reset with one: the next interval tells."""
    times = pairs[1][name][0]
    top = 1.5 * TAU - 65e-3
    assert times[0] == pytest.approx(TAU * np.log((top + 60e-3) / (top + 50e-3)), abs=DT)
    assert times[0] == pytest.approx(pairs[1]["S"][0][0] + np.ceil(0.01022 / DT) * DT - DT, abs=1e-9)
    expected = t_ref + TAU * np.log((top + 70e-3 - kept) / (top + 50e-3))
    assert times[1] - times[0] == pytest.approx(expected, abs=1.01 * DT)


NEURONS, STEPS, JUMP = 60, 600, 0.6e-3
SPREAD_DELAYS = Distribution("uniform", (0.5e-3, 3e-3))
CASES = {
    "free": (0.0, Synapse("delta", JUMP, delay=1.5e-3)),
    "dead": (2e-3, Synapse("delta", JUMP, delay=1.5e-3, delays=SPREAD_DELAYS)),
    "filter": (0.0, Synapse("exponential", JUMP, tau_syn=5e-3, delay=1.5e-3, delays=SPREAD_DELAYS)),
}


def recurrent():
    """Three networks without noise, in one spec."""
    members = [population(n, "lif", NEURONS, mu=1.2, V=-60e-3, V_std=6e-3, t_ref=t) for n, (t, _) in CASES.items()]
    links = [Connection(name, name, "fixed_indegree", synapse, K=12) for name, (_, synapse) in CASES.items()]
    return connected(members, links, duration=STEPS * DT)


def expected_spikes(spec, number, backend):
    drives = Drives(job(spec, "p", dt=DT, groups=1, backend=backend))
    chunk = CoupledChunk(drives, 0, drives.poisson)
    edges = chunk_edges.connection_edges(chunk, number)
    steps = np.broadcast_to(np.asarray(edges.steps, dtype=int), edges.targets.shape)
    V, _ = chunk.initial(drives.plan.groups[0], chunk.groups()[0])
    one = list(spec.populations.values())[number]
    table = (edges.sources(), edges.targets, np.full(edges.targets.shape, JUMP), steps)
    tau_syn = spec.connections[number].synapse.tau_syn
    part = V[number * NEURONS : (number + 1) * NEURONS]
    return spikes(one.neuron.parameters, one.noise.mu, part, table, DT, STEPS, tau_syn)


@pytest.mark.parametrize("backend", ["numpy", pytest.param("cpp_standalone", marks=COMPILER)])
def test_every_spike_of_a_network_is_that_of_plain_loops(backend):
    """Wiring, delays, arrival, threshold, reset, dead time and filter, without and with a compiler; no noise."""
    spec = recurrent()
    found = spike_times(run(spec, backend, record=Record(spikes=tuple(CASES))))
    for number, name in enumerate(CASES):
        expected = expected_spikes(spec, number, backend)
        times, nodes = found[name]
        steps = (np.round(times / DT) - 1).astype(int)
        assert len(expected) > 150
        assert [pair for pair in zip(steps, nodes, strict=True) if pair[0] < STEPS] == expected, name


UNEQUAL = Distribution("uniform", (150e-12, 250e-12))
ARRIVALS, CHARGE, CONDUCTANCE = np.array([2e-3, 9e-3, 13e-3]), 1e-3, 3e-9
FILTERS = {
    "exponential": Synapse("exponential", CHARGE, tau_syn=5e-3),
    "alpha": Synapse("alpha", CHARGE, tau_syn=5e-3),
    "conductance": Synapse("conductance", CONDUCTANCE, tau_syn=5e-3, E_rev=-75e-3),
    "saturating": Synapse("saturating", CHARGE, tau_syn=5e-3, alpha=0.6),
    "depressing": Synapse("tsodyks_markram", CHARGE, tau_syn=5e-3, U=0.5, tau_rec=20e-3),
    "facilitating": Synapse("tsodyks_markram", CHARGE, tau_syn=5e-3, U=0.2, tau_rec=20e-3, tau_fac=50e-3),
}


@pytest.fixture(scope="module", params=BACKENDS)
def filtered(request):
    """Passive neurons behind one synapse of each kind, on a source that fires at 0, 7 and 11 ms: time since its first
    spike and V above rest. Arrival 2 ms later. The source is driven across the threshold three times by jumps."""
    pushes = [once(f"push{k}") for k in range(3)]
    source = population("source", "lif", 1, mu=0.0, V=-65e-3)
    targets = [population(name, "lif", 1, mu=0.0, V=-65e-3) for name in FILTERS]
    unequal = [
        replace(population(n, "lif", 5, mu=0.0, V=-65e-3), spread={"C_m": UNEQUAL}) for n in ("jumps", "charges")
    ]
    jump = Synapse("delta", 30e-3)
    links = [explicit(f"push{k}", "source", jump, 0, 0, 30e-3, DT + t - 2e-3) for k, t in enumerate(ARRIVALS)]
    links += [explicit("source", name, one, 0, 0, one.J, 2e-3) for name, one in FILTERS.items()]
    kinds = Synapse("delta", CHARGE), FILTERS["exponential"]
    links += [explicit("source", p.name, k, 0, np.arange(5), CHARGE, 2e-3) for p, k in zip(unequal, kinds, strict=True)]
    spec = connected([*pushes, source, *targets, *unequal], links, duration=0.08)
    result = run(spec, request.param, record=Record(("source",), 5))
    fired = spike_times(result)["source"][0]
    assert fired == pytest.approx(fired[0] + ARRIVALS - 2e-3, abs=1e-9)
    t = result["time"].values - fired[0]
    traces = {name: result[f"V_trace_{name}"].values[:, 0] + 65e-3 for name in FILTERS}
    return t, traces | {p.name: (result[f"C_m_{p.name}"], result[f"V_trace_{p.name}"] + 65e-3) for p in unequal}


def exponential_response(t, tau=5e-3, tau_m=TAU):
    """V of a unit charge through an exponential current and the membrane."""
    return np.where(t > 0, (np.exp(-t / tau_m) - np.exp(-t / tau)) / (1 - tau / tau_m), 0)


def alpha_response(t, tau=5e-3):
    a, b = 1 / tau, 1 / TAU
    return np.where(t > 0, a**2 * (np.exp(-b * t) - np.exp(-a * t) * (1 + (a - b) * t)) / (a - b) ** 2, 0)


def released(name):
    """Charge of each of the three spikes of a synapse with memory, in units of J."""
    synapse, gaps = FILTERS[name], np.diff(ARRIVALS, prepend=-np.inf)
    gate, u, x, found = 0.0, 0.0, 1.0, []
    for gap in gaps:
        gate *= np.exp(-gap / 5e-3)
        x = 1 - (1 - x) * np.exp(-gap / 20e-3)
        u = synapse.U if synapse.tau_fac == 0 else u * np.exp(-gap / 50e-3) * (1 - synapse.U) + synapse.U
        found.append(synapse.alpha * (1 - gate) if name == "saturating" else u * x)
        gate, x = gate + synapse.alpha * (1 - gate), x - u * x
    return found


@pytest.mark.parametrize("name", [name for name in FILTERS if name != "conductance"])
def test_currents_move_V_by_the_exact_response(filtered, name):
    """J is the charge as a jump of V; the filters advance exactly and V to second order of the step."""
    t, V = filtered[0], filtered[1][name]
    response = alpha_response if name == "alpha" else exponential_response
    charges = [1.0] * 3 if name in ("exponential", "alpha") else released(name)
    exact = CHARGE * sum(charge * response(t - at) for charge, at in zip(charges, ARRIVALS, strict=True))
    assert np.abs(V - exact).max() < 5e-5 * exact.max()


@pytest.mark.parametrize("name", ["jumps", "charges"])
def test_a_charge_moves_V_by_less_where_the_capacitance_is_larger(filtered, name):
    """J is that of the mean C_m: jumps of J C_m,mean / C_m, membranes of C_m / g_L. A jump decays by Heun's steps."""
    t, (capacitance, V) = filtered[0], filtered[1][name]
    assert np.ptp(capacitance.values) > 30e-12
    for neuron, C_m in enumerate(capacitance.values[0]):
        tau_m = C_m / 10e-9
        since = [t - at for at in ARRIVALS]
        if name == "jumps":
            each = [np.where(s > 0, np.exp(-s / tau_m), 0) for s in since]
        else:
            each = [exponential_response(s, tau_m=tau_m) for s in since]
        exact = CHARGE * 200e-12 / C_m * sum(each)
        assert np.abs(V.values[:, neuron] - exact).max() < 5e-5 * exact.max()


def test_a_conductance_pulls_V_to_its_reversal_potential(filtered):
    """Against C dV/dt = -g_L (V - E_L) - g(t) (V - E_rev), integrated by scipy; 5e-4 of the peak."""
    t, V = filtered[0], filtered[1]["conductance"]

    def slope(s, v):
        g = CONDUCTANCE * sum(np.exp(-(s - at) / 5e-3) for at in ARRIVALS if s >= at)
        return -v / TAU - g / 200e-12 * (v + 10e-3)

    after = t[t > 0]
    exact = solve_ivp(slope, (0, after[-1]), [0.0], t_eval=after, rtol=1e-8, atol=1e-12, max_step=2e-4).y[0]
    assert np.abs(V[t > 0] - exact).max() < 5e-4 * np.abs(exact).max()


@pytest.mark.parametrize("delay", [0.0, 0.4 * DT, 1.5e-3 + 0.3 * DT])
def test_delays_that_are_no_whole_steps_are_refused(delay):
    link = Connection("E", "E", "fixed_indegree", Synapse("delta", 1e-4, delay=delay), K=1)
    with pytest.raises(UsageError, match="divides every delay"):
        job(connected([population()], [link]), "p", dt=DT)


def test_delays_of_a_table():
    """Equal ones are whole steps; others are rounded, and refused below the step."""
    given = ([1.03e-3, 1.03e-3], [0.05e-3, 1e-3], [1.03e-3, 2e-3])
    links = [explicit("E", "E", Synapse("delta", 1e-4), 0, [1, 2], 1e-4, delays) for delays in given]
    spec = [connected([population()], [link]) for link in links]
    for one, words in zip(spec[:2], ("divides every delay", "below dt"), strict=True):
        with pytest.raises(UsageError, match=words):
            job(one, "p", dt=DT)
    assert job(spec[2], "p", dt=DT).dt == DT
    assert job(spec[0], "p").dt == 1e-5


def test_delays_below_the_step_are_refused_in_a_distribution():
    synapse = Synapse("delta", 1e-4, delay=1e-3, delays=Distribution("normal", (1e-3, 1e-3)))
    with pytest.raises(UsageError, match="truncate"):
        job(connected([population()], [Connection("E", "E", "fixed_indegree", synapse, K=1)]), "p", dt=DT)

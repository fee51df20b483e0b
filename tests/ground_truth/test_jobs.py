"""Decisions: steps, backends, groups, and what the key is made of."""

from dataclasses import replace

import numpy as np
import pytest

from popdyn.errors import DomainError, ResourceError, UsageError
from popdyn.ground_truth import Record, chunk, cost, job, run
from popdyn.ground_truth.time_grid import time_grid
from popdyn.spec import PoissonDrive, Protocol, Stimulus
from popdyn.store import job_key

from .networks import network, population


def key(*arguments, **options):
    return job_key(job(*arguments, backend=options.pop("backend", "numpy"), **options).document())


def test_the_key_sees_everything_that_changes_the_result_and_nothing_else():
    base = network(population())
    same = replace(base, name="other", protocols={**base.protocols, "q": Protocol("q", 1.0, 0.0, 2)})
    assert key(base, "p") == key(same, "p") == key(base, base.protocols["p"])
    others = [
        key(base, "p", seed=1),
        key(base, "p", dt=5e-5),
        key(base, "p", backend="cpp_standalone"),
        key(base, "p", method="euler"),
        key(base, "p", groups=5),
        key(base, "p", record=Record(traces=1)),
        key(base, "p", record=Record(spikes=("E",))),
        key(network(population(mu=1.51)), "p"),
        key(network(population(), seed=2), "p"),
        key(network(population(), duration=0.2), "p"),
    ]
    assert len({key(base, "p"), *others}) == 1 + len(others)


def test_default_steps():
    assert job(network(population(model="adex")), "p").dt == 20e-6
    assert job(network(population(model="eif")), "p").dt == 20e-6
    assert job(network(population(model="lif")), "p").dt == 50e-6
    assert job(network(population(model="lif"), population("I", "adex")), "p").dt == 20e-6
    drive = PoissonDrive(1000, 10.0, 0.1e-3)
    assert job(network(population(model="lif", poisson=[drive])), "p").dt == 10e-6


def test_the_grid_covers_the_protocol_in_whole_bins_from_zero():
    grid = time_grid(Protocol("p", 0.0205, 0.0101, 0), 5e-5)
    assert grid.bins == 32
    assert grid.steps == 32 * 20 + 1
    assert np.allclose(grid.centres(), (np.arange(32) - 10.5) * 1e-3, atol=1e-15)
    assert grid.midpoints()[0] == pytest.approx(-0.011 + 2.5e-5)


@pytest.mark.parametrize(
    "options",
    [{"protocol": "q"}, {"dt": 3e-5}, {"dt": 0.0}, {"dt": -5e-5}, {"dt": 1e-3}, {"dt": float("nan")}, {"groups": 0},
     {"method": "exact"}, {"backend": "fortran"}, {"record": Record(spikes=("X",))}],
)  # fmt: skip
def test_what_cannot_be_is_refused(options):
    with pytest.raises(UsageError):
        job(network(population()), options.pop("protocol", "p"), **options)


def test_no_compiler_is_a_supported_case(monkeypatch):
    monkeypatch.setattr(cost, "compiler", lambda: None)
    big = network(population(size=100_000), duration=10.0)
    assert job(big, "p").backend == "numpy"
    with pytest.raises(ResourceError, match="numpy"):
        job(big, "p", backend="cpp_standalone")


def test_long_jobs_are_compiled_and_short_ones_are_not(monkeypatch):
    monkeypatch.setattr(cost, "compiler", lambda: "g++")
    assert job(network(population(size=10)), "p").backend == "numpy"
    assert job(network(population(size=10_000), duration=3.0), "p").backend == "cpp_standalone"


def test_groups_are_equal_blocks():
    decided = job(network(population(size=105), population("I", size=4)), "p", backend="cpp_standalone")
    assert (decided.block_size("E"), decided.block_size("I")) == (10, 1)
    assert (decided.chunks, decided.blocks) == (10, 1)


def test_initial_values_do_not_depend_on_the_chunks_and_stay_below_the_barrier():
    spec = network(population(size=2000, V=-42e-3, V_std=5e-3))
    jobs = [job(spec, "p", backend=name) for name in ("numpy", "cpp_standalone")]
    parts = [chunk.initial(one, spec.populations["E"], 3) for one in jobs]
    assert np.array_equal(parts[0][0], parts[1][0])
    assert parts[0][0].max() < -40e-3
    other = chunk.initial(job(spec, "p"), spec.populations["E"], 4)
    assert not np.array_equal(parts[0][0], other[0])


def test_noise_that_spans_threshold_to_reset_in_one_step_is_refused():
    step = Stimulus("E", "sigma", "step", {"at": 0.0, "until": 0.1, "amplitude": 6.0})
    with pytest.raises(DomainError, match="lower dt"):
        run(job(network(population(model="lif"), stimuli=[step]), "p"))

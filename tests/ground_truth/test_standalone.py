"""The compiled program: one for all numbers, the same result from any number of workers, like the numpy target."""

import subprocess
from dataclasses import replace

import numpy as np
import pytest

from popdyn.ground_truth import cost, cpp_source, job, private, run, standalone
from popdyn.ground_truth.chunk import structure
from popdyn.results import save
from popdyn.spec import Initial, Protocol, Stimulus

from .networks import network, population

pytestmark = pytest.mark.skipif(cost.compiler() is None, reason="no C++ compiler")

SIGMA = 2e-3 / np.sqrt(1e-3)
STIMULI = (
    Stimulus("E", "mu", "sine", {"at": 0.0, "until": 0.3, "frequency": 10.0, "amplitude": 0.5, "phase": 0.0}),
    Stimulus("E", "sigma", "step", {"at": 0.1, "until": 0.2, "amplitude": 0.5 * SIGMA}),
)


@pytest.fixture(scope="module")
def cache(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))
        yield private.cache_directory("programs")


def example(**options):
    one = population(size=1000, sigma=SIGMA, **{"t_ref": 2e-3, **options})
    one = replace(one, initial=Initial(-58e-3, 4e-3, 120e-12, 20e-12))
    return network(one, duration=0.3, transient=0.1, stimuli=STIMULI)


@pytest.fixture(scope="module")
def compiled(cache):
    return run(job(example(), "p", backend="cpp_standalone", dt=5e-5))


def test_one_program_serves_every_number(cache, compiled):
    before = set(cache.iterdir())
    assert len(before) == 1
    other = example(mu=1.2, b=80e-12, t_ref=1e-3)
    other = replace(other, protocols={"p": Protocol("p", 0.2, 0.0, 5, STIMULI[:1])})
    result = run(job(other, "p", backend="cpp_standalone", dt=2e-5, seed=9))
    assert set(cache.iterdir()) == before
    assert result.sizes["time"] == 200
    assert 0 < result["rate"].mean() < compiled["rate"].mean()


def test_the_number_of_workers_changes_no_byte(cache, compiled, tmp_path):
    save(compiled, tmp_path / "a.h5")
    save(run(job(example(), "p", backend="cpp_standalone", dt=5e-5), workers=1), tmp_path / "b.h5")
    assert (tmp_path / "a.h5").read_bytes() == (tmp_path / "b.h5").read_bytes()


def test_groups_are_independent(compiled):
    """Fluctuations of the groups about the common response are uncorrelated (4 standard errors)."""
    rate = compiled["rate"].values[..., 0]
    centred = rate - rate.mean(axis=0)
    correlations = np.corrcoef(centred)[np.triu_indices(10, 1)]
    assert abs(correlations.mean() + 1 / 9) < 4 / np.sqrt(rate.shape[1] * len(correlations))
    assert correlations.max() < 0.4


def test_compiled_and_numpy_agree(compiled):
    """Mean rate and the traces of rate, V and w: two backends, one network; 4.5 standard errors, below 1 in 10^4."""
    numpy = run(job(example(), "p", backend="numpy", dt=5e-5, seed=4))
    for name, wide in (("rate", 10), ("V_mean", 1), ("w_mean", 1)):
        one, two = (
            np.asarray(result[name].values[..., 0]).reshape(10, -1, wide).mean(axis=2) for result in (compiled, numpy)
        )
        error = np.sqrt((one.var(axis=0, ddof=1) + two.var(axis=0, ddof=1)) / 10)
        difference = (one.mean(axis=0) - two.mean(axis=0))[error > 0] / error[error > 0]
        assert np.sqrt(np.mean(difference**2)) < 1.5, name
    totals = [result["rate"].mean("time").values[:, 0] for result in (compiled, numpy)]
    error = np.hypot(*(total.std(ddof=1) / np.sqrt(10) for total in totals))
    assert abs(totals[0].mean() - totals[1].mean()) < 4.5 * error


def test_a_damaged_program_is_thrown_away(cache, compiled):
    program = next(cache.iterdir())
    content = (program / "main").read_bytes()
    (program / "main").write_bytes(content[:-1])
    assert not standalone._whole(program)
    assert not program.exists()
    program.mkdir()


def test_the_structure_holds_no_number_of_the_model():
    jobs = [job(example(mu=mu, b=b), "p", backend="cpp_standalone") for mu, b in ((1.0, 1e-11), (2.0, 0.0))]
    assert structure(jobs[0]) == structure(jobs[1])


MEANS = (0.3, 8.0, 29.0, 75.0)
EVENTS = r"""
#include "popdyn.h"
#include <cstdio>
int main() {
  popdyn::load();
  const double means[4] = {0.3, 8.0, 29.0, 75.0};
  for (int k = 0; k < 4; k++)
    for (int i = 0; i < 200000; i++) { double x = popdyn::events<0>(means[k]); fwrite(&x, 8, 1, stdout); }
  for (int i = 0; i < 800000; i++) { double x = popdyn::events<1>(means[i % 4]); fwrite(&x, 8, 1, stdout); }
}
"""
PROBE = r"""
#include "popdyn.h"
#include <cstdio>
int main() {
  popdyn::load();
  for (int i = 0; i < 1000000; i++) { double x[2] = {popdyn::normal(), popdyn::uniform()}; fwrite(x, 8, 2, stdout); }
}
"""


def probed(folder, source):
    """What a small program with popdyn's C++ writes."""
    (folder / "work").mkdir()
    np.array([1, 2, 3, 4], dtype=np.uint64).tofile(folder / "work" / "seed.bin")
    np.array([1e-5, 1.0, 0.0]).tofile(folder / "drive.bin")
    stub = "struct Network { static bool _globally_stopped; };\n"
    for name, text in (("popdyn.h", cpp_source.HEADER), ("popdyn.cpp", cpp_source.SOURCE), ("network.h", stub)):
        (folder / name).write_text(text)
    (folder / "probe.cpp").write_text('#include "network.h"\n' + source + "bool Network::_globally_stopped;\n")
    command = [cost.compiler(), *cpp_source.FLAGS, "-I.", "probe.cpp", "popdyn.cpp", "-o", "probe"]
    subprocess.run(command, cwd=folder, check=True)
    done = subprocess.run([str(folder / "probe")], cwd=folder / "work", check=True, capture_output=True)
    return np.frombuffer(done.stdout)


def test_poisson_numbers_of_the_compiled_program(tmp_path):
    """200,000 of each mean, by the table where a mean stays and by inversion where it changes: chi-square over the
    numbers expected 10 times at least; fixed seeds, at others each fails once in 10^4."""
    from scipy.stats import chi2, poisson

    every = probed(tmp_path, EVENTS)
    for k, mean in enumerate(MEANS):
        for found in (every[200_000 * k : 200_000 * (k + 1)], every[800_000 + k :: 4]):
            numbers = np.arange(poisson.ppf(1e-12, mean), poisson.isf(1e-12, mean) + 1)
            expected = 200_000 * poisson.pmf(numbers, mean)
            counts = np.array([np.sum(found == number) for number in numbers])
            assert counts.sum() == len(found) == 200_000
            often = expected >= 10
            statistic = np.sum((counts[often] - expected[often]) ** 2 / expected[often])
            assert statistic < chi2.isf(1e-4, often.sum() - 1), mean


def test_random_numbers_of_the_compiled_program(tmp_path):
    """10^6 normals and uniforms: Kolmogorov-Smirnov, the tail beyond the last layer, no correlation of neighbours.
    Seeds are fixed; at other seeds each line fails less than once in 10^4."""
    from scipy.stats import binom, kstest, norm

    normals, uniforms = probed(tmp_path, PROBE).reshape(-1, 2).T
    assert kstest(normals, "norm").pvalue > 1e-4
    assert kstest(uniforms, "uniform").pvalue > 1e-4
    for edge in (2.0, 3.442619855899, 4.0):
        for tail in (normals > edge, normals < -edge):
            assert 5e-5 < binom.cdf(tail.sum(), len(normals), norm.sf(edge)) < 1 - 5e-5
    for shift in (1, 2, 4):
        assert abs(np.mean(normals[:-shift] * normals[shift:])) < 4 / np.sqrt(len(normals))
        assert abs(np.corrcoef(normals[:-shift] ** 2, normals[shift:] ** 2)[0, 1]) < 4 / np.sqrt(len(normals))

"""Campaign files: what is varied, by which names, with which seeds; all faults at once."""

import json

import numpy as np
import pytest
from batch.example_campaign import campaign_beside

from popdyn.errors import NumericsError, SpecError, UsageError
from popdyn.ground_truth.written import read_job, write_job
from popdyn.spec import load
from popdyn.store import job_key
from popdyn.workflows.campaign import open_campaign_file, replicate_seeds
from popdyn.workflows.campaign_axes import unit_points
from popdyn.workflows.campaign_jobs import decided_truth, planned_jobs
from popdyn.workflows.convert_worker import perform
from popdyn.workflows.truth import truth_job

NETWORK = """
schema = 1
[populations.E]
size = 100
[populations.E.neuron]
model = "adex"
C_m = "200 pF"
g_L = "10 nS"
E_L = "-65 mV"
V_th = "-50 mV"
Delta_T = "1.5 mV"
V_peak = "-40 mV"
V_reset = "-70 mV"
a = "0 nS"
b = "40 pA"
tau_w = "100 ms"
[populations.E.noise]
mu = "1.5 mV/ms"
sigma = "2 mV/sqrt(ms)"
[protocols.rest]
duration = "200 ms"
[protocols.long]
duration = "400 ms"
"""


@pytest.fixture
def campaign(tmp_path):
    return campaign_beside(tmp_path, NETWORK)


def test_a_file_with_nothing_but_a_spec_is_one_job(campaign):
    found = campaign("")
    assert (found.names, found.shape) == (("protocol", "replicate"), (1, 1))
    assert found.file.protocols == ("rest",)


def test_grids_lists_and_samples_are_dimensions(campaign):
    found = campaign(
        'protocols = "all"\nreplicates = 3\n[grid]\nb = "0:80:5"\nE.mu = [1.0, "2 mV/ms"]\n'
        '[zip]\nV_th = ["-50 mV", -48]\n"tau_w" = [50, 100]\n'
        '[samples]\nn = 8\nover.a = { uniform = ["0 nS", "4 nS"] }\n'
    )
    assert found.names == ("b", "mu", "zip", "sample", "protocol", "replicate")
    assert found.shape == (5, 2, 2, 8, 2, 3)
    first, last = found.cell((0, 0, 0, 0, 0, 0)), found.cell((4, 1, 1, 7, 1, 2))
    p = last.network.populations["E"]
    assert p.neuron.parameters["b"] == pytest.approx(80e-12)
    assert p.noise.mu == pytest.approx(2.0)
    assert (p.neuron.parameters["V_th"], p.neuron.parameters["tau_w"]) == pytest.approx((-48e-3, 0.1))
    assert 0 <= p.neuron.parameters["a"] <= 4e-9
    assert first.network.populations["E"].neuron.parameters["b"] == 0
    assert (last.protocol, last.seed) == ("long", found.seeds[2])
    assert found.words((4, 1, 1, 7, 1, 2)).startswith("b = 80 pA, mu = 2 mV/ms, V_th = -48 mV, tau_w = 100 ms, a = ")


def test_cells_and_the_cell_at_a_place_are_the_same(campaign):
    found = campaign("replicates = 2\n[grid]\nb = [0, 40]\n")
    cells = list(found.cells())
    assert [cell.index for cell in cells] == [(i, 0, k) for i in range(2) for k in range(2)]
    assert cells == [found.cell(cell.index) for cell in cells]


def test_a_cell_without_changes_has_the_key_of_a_single_run(campaign):
    found = campaign("seeds = [0]")
    (one,) = planned_jobs(found)
    assert one.key == job_key(truth_job(found.file.network, "rest", seed=0).document())


def test_what_a_worker_reads_is_the_job(campaign):
    found = campaign('[grid]\n"b.std" = [0, 5]\n[truth]\ntraces = 2\nspikes = ["E"]\ngroups = 4\ndt = "0.05 ms"\n')
    for one in planned_jobs(found):
        decided = decided_truth(found, found.cell(one.index))
        work = json.loads(json.dumps(one.task.work()))
        again = read_job({key: value for key, value in work.items() if key != "key"})
        assert again == decided
        assert job_key(again.document()) == one.key == work["key"]
    assert (again.groups, again.dt, again.record.traces, again.stratified) == (4, 5e-5, 2, True)


def test_a_written_job_with_connections_reads_back():
    from popdyn.ground_truth import job

    network = load("examples/ei_network.toml")
    decided = job(network, next(iter(network.protocols)), seed=2**60 + 1, backend="numpy")
    assert read_job(json.loads(json.dumps(write_job(decided)))) == decided


def test_seeds_are_those_of_their_number():
    assert replicate_seeds(7, 5) == replicate_seeds(7, 9)[:5]
    word = np.random.SeedSequence(7, spawn_key=(0,)).generate_state(1, np.uint64)[0]
    assert replicate_seeds(7, 1) == (int(word >> 11),)
    many = replicate_seeds(1, 3000)
    assert len(set(many)) == 3000
    assert max(many) < 2**53


def test_seeds_that_meet_are_moved(monkeypatch):
    from popdyn.workflows import campaign

    monkeypatch.setattr(campaign, "_word", lambda entropy, key: key[-1] if len(key) == 2 else 0)
    assert replicate_seeds(0, 3) == (0, 1, 2)


@pytest.mark.parametrize("method", ["sobol", "latin_hypercube", "random"])
def test_points_are_those_of_their_seed(method):
    from popdyn.batch.campaign_file import Samples

    points = unit_points(Samples(16, method, 3, {}), 2)
    assert np.array_equal(points, unit_points(Samples(16, method, 3, {}), 2))
    assert not np.array_equal(points, unit_points(Samples(16, method, 4, {}), 2))
    assert 0 < points.min() < points.max() < 1
    if method != "random":  # one point in each sixteenth
        assert all(np.array_equal(np.sort(np.floor(points[:, k] * 16)), np.arange(16)) for k in range(2))


BAD = """
do = "trut"
replicates = 0
protocols = ["nope"]
nmae = "x"
[grid]
bb = "0:80:5"
mu = [1, "3 mV"]
b = "80:0:3"
V_th = []
[zip]
a = [1, 2]
tau_w = [10]
[samples]
n = 5
over.V_reset = 3
[truth]
backend = "cuda"
spikes = ["X"]
[limits]
memory = "1 parsec"
tme = 3
[retries]
infrastructure = 7
"""


def test_all_faults_at_once_with_their_keys(campaign):
    with pytest.raises(SpecError) as raised:
        campaign(BAD)
    paths = {fault.path for fault in raised.value.faults}
    assert paths == {
        "do", "replicates", "protocols", "nmae", "grid.bb", "grid.mu", "grid.b", "grid.V_th", "zip", "samples.n",
        "samples.over.V_reset", "truth.backend", "truth.spikes", "limits.memory", "limits.tme",
        "retries.infrastructure",
    }  # fmt: skip
    assert all(fault.got and fault.allowed for fault in raised.value.faults)
    assert "campaign.toml" in raised.value.source


@pytest.mark.parametrize("wanted", ['["X"]', '[["E"]]', "[{ a = 1 }]", '["E", "E"]', '"E"'])
def test_spikes_are_of_populations_each_once(wanted, campaign):
    with pytest.raises(SpecError, match="a list of populations, each once: E"):
        campaign(f"[truth]\nspikes = {wanted}\n")


def test_a_table_that_a_conversion_does_not_use_is_a_fault(campaign):
    with pytest.raises(SpecError, match="truth: got a table that is not used"):
        campaign('do = "convert"\n[truth]\nbackend = "numpy"\n')


def test_a_sample_that_is_no_neuron_is_told_with_its_file(campaign):
    found = campaign('[samples]\nn = 8\nmethod = "random"\nover.C_m = { normal = ["200 pF", "300 pF"] }\n')
    with pytest.raises(UsageError, match=r"^[^ ]*campaign.toml: no such neuron at C_m = -"):
        planned_jobs(found)


def test_a_conversion_is_named_by_its_truth_and_done_by_whoever_agrees(campaign, tmp_path, monkeypatch):
    found = campaign('do = "convert"\n[convert]\nto = "density"\n')
    (one,) = planned_jobs(found)
    monkeypatch.setattr("popdyn.ground_truth.jobs.choose_backend", lambda *_, **__: "cpp_standalone")
    (other,) = planned_jobs(found)
    assert one.key != other.key
    with pytest.raises(NumericsError, match="not that of whoever planned"):
        perform(json.loads(json.dumps(one.task.work())), tmp_path / "staging" / "x", 0)


def test_the_faults_of_the_spec_are_told(tmp_path):
    (tmp_path / "network.toml").write_text(NETWORK.replace('"200 pF"', '"200 mV"').replace("size = 100", "size = 0"))
    (tmp_path / "campaign.toml").write_text('spec = "network.toml"\n')
    with pytest.raises(SpecError) as raised:
        open_campaign_file(tmp_path / "campaign.toml")
    found = {fault.path for fault in raised.value.faults}
    assert found == {"spec:populations.E.size", "spec:populations.E.neuron.C_m"}


def test_twice_the_same_parameter_is_refused(campaign):
    with pytest.raises(SpecError, match="varied twice"):
        campaign("[grid]\nb = [1, 2]\n[zip]\nE.b = [3, 4]\n")


def test_a_corner_without_a_neuron_is_told_before_anything_runs(campaign):
    with pytest.raises(UsageError, match="no such neuron at V_reset = -40 mV"):
        campaign("[grid]\nV_reset = [-70, -40]\n")


def test_too_many_jobs_are_refused(campaign):
    with pytest.raises(SpecError, match="at most 1000000"):
        campaign('replicates = 100000\n[grid]\nb = "0:80:11"\n')


def test_an_identity_is_of_what_is_asked_for(campaign):
    base = campaign("replicates = 2").identity
    assert campaign('name = "other"\nreplicates = 2\n[limits]\ntime = "3 min"').identity == base
    assert campaign("replicates = 3").identity != base
    assert campaign("replicates = 2\n[grid]\nb = [1, 2]").identity != base

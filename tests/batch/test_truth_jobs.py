"""Chunks inside the job's process give the bytes of chunks in processes of their own."""

from popdyn.batch.execute import run_unit
from popdyn.batch.truth import MODULE
from popdyn.batch.unit import Limits, Order, Unit
from popdyn.ground_truth import job, run
from popdyn.ground_truth.written import write_job
from popdyn.results import save
from popdyn.spec import load
from popdyn.store import job_key

NOISE = {"mu": "1.2 mV/ms", "sigma": "2 mV/sqrt(ms)"}
NEURON = {"model": "lif", "V_th": {"normal": ["-50 mV", "1 mV"]}}
COUPLED = {
    "schema": 1,
    "populations": {"E": {"size": 30, "neuron": NEURON, "noise": NOISE}},
    "connections": [
        {"pre": "E", "post": "E", "rule": "fixed_indegree", "K": 5, "synapse": "exponential", "J": "0.5 mV",
         "tau_syn": "3 ms", "delay": "1 ms"}
    ],
    "protocols": {"rest": {"duration": "20 ms", "transient": "5 ms"}},
}  # fmt: skip


def test_a_network_of_several_chunks(store, tmp_path):
    decided = job(load(COUPLED), "rest", seed=5, backend="numpy", groups=3)
    assert decided.chunks == 3
    key = job_key(decided.document())
    order = Order(key, write_job(decided) | {"key": key}, Limits(1 << 30, 300.0))
    (receipt,) = run_unit(Unit(MODULE, str(store.root), (order,)))
    assert receipt.outcome == "done", receipt
    save(run(decided), tmp_path / "alone.h5")
    assert (store.find(key) / "result.h5").read_bytes() == (tmp_path / "alone.h5").read_bytes()


def test_a_job_of_other_versions_is_refused(store):
    decided = job(load(COUPLED), "rest", seed=5, backend="numpy", groups=3)
    order = Order("0" * 64, write_job(decided) | {"key": "0" * 64}, Limits(1 << 30, 300.0))
    (receipt,) = run_unit(Unit(MODULE, str(store.root), (order,)))
    assert (receipt.outcome, receipt.failure) == ("failed", "model")
    assert "is not that of whoever planned the job" in receipt.message

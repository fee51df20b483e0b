"""What every engine must do with good jobs and bad ones."""

import json
import os
import shutil
import signal
import time

import pytest
from example_campaign import write_campaign
from toy_campaign import ROOMY, key_of, toy
from toy_worker import MODULE, content

from popdyn.batch import dask_engine
from popdyn.batch.dask_engine import connect
from popdyn.batch.engines import LocalEngine
from popdyn.batch.failure import Tries
from popdyn.batch.supervisor import Supervisor
from popdyn.batch.unit import Limits, Order, Unit
from popdyn.cli import main
from popdyn.errors import ResourceError
from popdyn.store import Store

SHORT = Limits(ROOMY.memory, 1.0)
BAD = {
    "model": ("failed", "model", "ValueError"),
    "memory": ("failed", "resources", "memory"),
    "hang": ("failed", "resources", "time"),
    "segfault": ("parked", "infrastructure", "SIGSEGV"),
    "killed": ("parked", "infrastructure", "SIGKILL"),
    "kill_worker": ("parked", "infrastructure", "SIGKILL"),
}
ONCE = Tries(resources=0, infrastructure=0)
"""For the engines that take seconds to start a unit: when to try again is the supervisor's alone."""


def check_good(store, numbers):
    for number in numbers:
        assert (store.find(key_of(number)) / "result.h5").read_bytes() == content(number)


def test_all_good_jobs_finish_and_every_bad_one_is_classed(engine, store, tmp_path):
    quick = engine.name in ("local", "executor")
    bad = [toy(100, do, limits=SHORT if do == "hang" else ROOMY) for do in BAD]
    good = [toy(number) for number in range(4)]
    again = [toy(200, "once", mark=str(tmp_path / "mark"))] if quick else []
    tally = Supervisor(store, engine, MODULE, Tries() if quick else ONCE).run([*good[:2], *bad, *again, *good[2:]])
    check_good(store, range(4))
    assert tally.done == 4 + len(again)
    assert all(store.find(one.key) for one in again)
    assert {key: (one["state"], one["failure"], one["detail"]) for key, one in tally.failed.items()} == {
        key_of(100, do): found for do, found in BAD.items()
    }
    assert not list((store.root / "leases").iterdir())


@pytest.mark.parametrize("engine", ["threads", "dask"], indirect=True)
def test_the_same_unit_twice_at_once_gives_one_object(engine, store):
    orders = tuple(Order(key_of(n), {"number": n, "pause": 0.05}, ROOMY) for n in range(2))
    unit = Unit(MODULE, str(store.root), orders)
    futures = [engine.submit(unit, lambda _: None) for _ in range(2)]
    receipts = [receipt for future in futures for receipt in future.result(60)]
    engine.close()
    assert [receipt.good for receipt in receipts] == [True] * 4
    check_good(store, range(2))
    assert not (store.root / "quarantine").exists()


@pytest.mark.parametrize("engine", ["local", "threads"], indirect=True)
def test_of_a_batch_the_job_that_kills_its_worker_is_blamed_alone(engine, store):
    tasks = [toy(n, cpu_s=0.01, start_s=1.0) for n in range(16)]
    killer = toy(50, "kill_worker", cpu_s=0.01, start_s=1.0)
    engine.width = 1
    units = []
    submit = engine.submit
    engine.submit = lambda unit, say: (units.append(len(unit.orders)), submit(unit, say))[1]
    tally = Supervisor(store, engine, MODULE).run([*tasks[:2], killer, *tasks[2:]])
    assert max(units) >= 4
    assert list(tally.failed) == [killer.key]
    assert tally.failed[killer.key]["state"] == "parked"
    assert tally.done == 16
    check_good(store, range(16))


@pytest.mark.parametrize("engine", ["local", "threads"], indirect=True)
def test_a_disk_that_fills_up_in_a_campaign_is_no_fault_of_a_job_and_the_same_command_completes(
    engine, store, tmp_path
):
    room = tmp_path / "room"
    tasks = [*(toy(n) for n in range(3)), toy(9, "full", mark=str(room)), *(toy(n) for n in range(3, 6))]
    with pytest.raises(ResourceError, match=r"the disk is full.*nothing was published.*the same command goes on"):
        Supervisor(store, engine, MODULE).run(tasks)
    assert not (store.root / "failures").exists()
    assert not list((store.root / "leases").iterdir())
    room.touch()
    tally = Supervisor(store, LocalEngine(2), MODULE).run(tasks)
    assert (tally.finished, tally.failed) == (7, {})
    check_good(store, range(6))


@pytest.mark.parametrize("engine", ["dask"], indirect=True)
def test_a_dask_worker_killed_in_a_campaign_costs_nothing(engine, cluster, store):
    cluster.add()
    engine._client.wait_for_workers(3, timeout=60)
    killed = []

    def watch(tally):
        if tally.done >= 3 and not killed:
            killed.append(cluster.kill_worker())

    engine.width = 6
    tally = Supervisor(store, engine, MODULE, watch=watch).run([toy(n, pause=0.1) for n in range(12)])
    assert killed
    assert (tally.finished, tally.failed) == (12, {})
    check_good(store, range(12))


@pytest.mark.parametrize("engine", ["processes"], indirect=True)
def test_an_engine_that_is_gone_is_no_fault_of_the_jobs(engine, store):
    killed = []

    def watch(tally):
        for process in [] if killed else list(engine._executor._processes.values()):
            killed.append(process.kill())

    with pytest.raises(ResourceError, match="the engine is gone"):
        Supervisor(store, engine, MODULE, watch=watch).run([toy(n) for n in range(4)])
    assert not (store.root / "failures").exists()


@pytest.mark.parametrize("engine", ["dask"], indirect=True)
def test_brian2_jobs_on_dask_from_the_command_line(engine, cluster, tmp_path, capsys):
    engine.close()
    file = write_campaign(tmp_path / "rates.toml")
    words = ["batch", "run", str(file), "--dask", cluster.address, "--store", str(tmp_path / "store"), "--json"]
    assert main(words) == 0
    assert json.loads(capsys.readouterr().out)["computed"] == 1
    (key,) = Store(tmp_path / "store").keys()
    alone = tmp_path / "alone"
    assert main(["batch", "run", str(file), "--store", str(alone)]) == 0
    files = [Store(root).find(key) / "result.h5" for root in (tmp_path / "store", alone)]
    assert files[0].read_bytes() == files[1].read_bytes()


def test_ctrl_c_does_not_end_the_workers_of_a_cluster_of_our_own(store):
    """A terminal sends it to them, too; what runs is the supervisor's to finish."""
    pytest.importorskip("distributed", reason="needs the [dask] extra")
    engine = connect("local", workers=1)
    try:
        before = engine._client.run(os.getpid)
        for pid in before.values():
            os.kill(pid, signal.SIGINT)
        time.sleep(1.0)
        assert engine._client.run(os.getpid) == before
        assert Supervisor(store, engine, MODULE).run([toy(1)]).done == 1
    finally:
        engine.close()


def test_slurm_where_there_is_none_is_no_bug_of_ours(tmp_path):
    pytest.importorskip("submitit", reason="needs the [slurm] extra")
    from popdyn.batch.submitit_engine import SubmititEngine

    if shutil.which("srun") is None:
        with pytest.raises(ResourceError, match="--submitit slurm: this machine cannot submit"):
            SubmititEngine("slurm", tmp_path, 1)


def test_nobody_answers_at_the_address(monkeypatch):
    pytest.importorskip("distributed", reason="needs the [dask] extra")
    monkeypatch.setattr(dask_engine, "PATIENCE", 1.0)
    with pytest.raises(ResourceError, match="no scheduler answers"):
        connect("tcp://127.0.0.1:9")

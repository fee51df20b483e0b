"""Small parts of the runner: batches, classes of failures, what is tried again, what a worker imports."""

import errno
import os
import signal
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from toy_campaign import key_of, toy
from toy_worker import MODULE

from popdyn.batch import execute
from popdyn.batch.dask_engine import check_address
from popdyn.batch.engines import ExecutorEngine, LocalEngine
from popdyn.batch.failure import GivenUp, Tries, decide, of_exception, of_signal
from popdyn.batch.receipt import Receipt
from popdyn.batch.supervisor import Interrupts, Supervisor
from popdyn.batch.task import batch_size
from popdyn.batch.unit import Limits, Order, Unit
from popdyn.errors import IntegrityError, NumericsError, ResourceError, UsageError
from popdyn.store.failures import attempts, record
from popdyn.store.leases import acquire
from popdyn.store.processes import this_process

LIMITS = Limits(memory=1000, time=10.0)


def test_units_and_receipts_are_json():
    unit = Unit(MODULE, "store", (Order(key_of(1), {"number": 1}, LIMITS),))
    assert Unit.from_json(unit.to_json()) == unit
    receipt = Receipt(key_of(1), "failed", "resources", "memory", "too much", 1.5, 2.0, 10)
    assert Receipt.from_json(receipt.to_json()) == receipt
    assert len(Receipt(key_of(1), "done", cpu_s=1.234, wall_s=2.345, memory=10**9).to_json()) < 200


@pytest.mark.parametrize(
    ("cpu_s", "waiting", "size"), [(100.0, 1000, 1), (2.0, 1000, 19), (0.1, 1000, 32), (2.0, 16, 2)]
)
def test_short_jobs_share_a_start(cpu_s, waiting, size):
    assert batch_size(toy(1, cpu_s=cpu_s, start_s=2.0), waiting, width=2) == size


def of_disk(code):
    error = ResourceError("the disk did not take it")
    error.__cause__ = OSError(code, "…")
    return error


@pytest.mark.parametrize(
    ("error", "found"),
    [
        (NumericsError("x"), ("model", "NumericsError")),
        (ZeroDivisionError(), ("model", "ZeroDivisionError")),
        (MemoryError(), ("resources", "memory")),
        (ResourceError("ran out of memory"), ("resources", "memory")),
        *((of_disk(code), ("resources", "disk")) for code in (errno.ENOSPC, errno.EROFS, errno.EIO, errno.EFBIG)),
        (OSError(errno.EIO, "…"), ("resources", "disk")),
        (OSError(errno.ENOMEM, "…"), ("resources", "memory")),
        (IntegrityError("differs"), ("integrity", "")),
    ],
)
def test_exceptions_have_their_class(error, found):
    assert of_exception(error) == found


def test_a_signal_near_the_limit_of_memory_is_a_lack_of_it():
    assert of_signal(signal.SIGSEGV, 990, LIMITS) == ("resources", "memory")
    assert of_signal(signal.SIGSEGV, 10, LIMITS) == ("infrastructure", "SIGSEGV")


def tried(failure, detail="", limits=LIMITS):
    return {"failure": failure, "detail": detail, "limits": {"memory": limits.memory, "time": limits.time}}


@pytest.mark.parametrize(
    ("history", "found"),
    [
        ([], LIMITS),
        ([tried("infrastructure")] * 2, LIMITS),
        ([tried("infrastructure")] * 3, "parked"),
        ([{}] * 3, "parked"),  # records that cannot be read
        ([tried("model")], "failed"),
        ([tried("integrity")], "failed"),
        ([tried("resources", "memory")], Limits(2000, 10.0)),
        ([tried("resources", "time")], Limits(1000, 20.0)),
        ([tried("resources", "memory"), tried("resources", "time")], Limits(2000, 20.0)),
        ([tried("resources", "memory"), tried("resources", "memory", Limits(2000, 10.0))], "failed"),
        ([tried("resources", "memory", Limits(10, 1.0))] * 2, LIMITS),  # the file allows more by now
    ],
)
def test_what_is_tried_again(history, found):
    decided = decide(history, LIMITS, Tries())
    assert (decided.state if isinstance(decided, GivenUp) else decided) == found


def test_every_try_after_a_lack_has_twice_as_much_and_tries_with_less_than_the_file_allows_count_for_none():
    history = [tried("resources", "memory"), tried("resources", "memory", Limits(2000, 10.0))]
    assert decide(history, LIMITS, Tries(resources=2)) == Limits(4000, 10.0)
    history = [tried("resources", "memory", Limits(10, 1.0))] * 2 + [tried("resources", "memory")]
    assert decide(history, LIMITS, Tries()) == Limits(2000, 10.0)


def test_what_failed_for_good_stays_failed_until_it_is_forgotten(store):
    bad = toy(1, "model")
    for tries in (1, 0):
        tally = Supervisor(store, LocalEngine(1), MODULE).run([bad])
        assert list(tally.failed) == [bad.key]
        assert tally.cpu_s > 0 or not tries
    assert len(attempts(store.root, bad.key)) == 1


def test_a_damaged_result_is_found_put_away_and_made_again(store):
    Supervisor(store, LocalEngine(1), MODULE).run([toy(1), toy(2)])
    file = store.path(key_of(1)) / "result.h5"
    before = file.read_bytes()
    file.parent.chmod(0o700)
    file.chmod(0o600)
    file.write_bytes(before[:-1] + b"?")
    tally = Supervisor(store, LocalEngine(1), MODULE).run([toy(1), toy(2)])
    assert (tally.done, tally.present, tally.damaged) == (1, 1, 1)
    assert "moved to" in tally.message
    assert (store.find(key_of(1)) / "result.h5").read_bytes() == before


def test_a_job_that_another_run_has_in_hand_is_left_to_it(store, monkeypatch):
    monkeypatch.setattr("popdyn.batch.queue.ELSEWHERE", 0.2)
    lease = acquire(store.root, key_of(1))
    seen = []

    def watch(tally):
        seen.append(tally.done)
        if len(seen) == 8:
            assert tally.running == []
            lease.release()

    tally = Supervisor(store, LocalEngine(1), MODULE, watch=watch).run([toy(1)])
    assert seen[:8] == [0] * 8
    assert tally.done == 1


@pytest.mark.parametrize(("asked", "finished"), [(1, 1), (2, 0)])
def test_an_interrupt_finishes_what_runs_and_a_second_one_ends_it(asked, finished, store):
    interrupts = Interrupts()

    def watch(tally):
        if tally.running:
            interrupts.asked = asked

    supervisor = Supervisor(store, LocalEngine(1), MODULE, watch=watch, interrupts=interrupts)
    tally = supervisor.run([toy(n, pause=0.5) for n in range(3)])
    assert (tally.finished, tally.failed, tally.state) == (finished, {}, "stopped")
    assert not (store.root / "failures").exists()
    assert Supervisor(store, LocalEngine(2), MODULE).run([toy(n) for n in range(3)]).finished == 3


def test_an_engine_that_was_told_to_stop_is_not_gone_and_blames_no_job(store):
    interrupts = Interrupts()

    def watch(tally):
        if tally.running:
            interrupts.asked = 2

    engine = ExecutorEngine(ThreadPoolExecutor(1), 3)
    supervisor = Supervisor(store, engine, MODULE, watch=watch, interrupts=interrupts)
    tally = supervisor.run([toy(n, pause=0.2) for n in range(6)])
    assert (tally.failed, tally.state) == ({}, "stopped")
    assert not (store.root / "failures").exists()


def test_of_the_folders_of_workers_those_go_whose_supervisor_died_here(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    ended = subprocess.Popen(["true"])
    ended.wait()
    me = this_process()
    here, elsewhere = (execute._machine(machine) for machine in (me, replace(me, host="another")))
    names = (f"{here}-{me.pid}-{me.start}-a", f"{here}-{ended.pid}-1-b", f"{elsewhere}-{ended.pid}-1-c", "strange")
    for name in names:
        (tmp_path / f"{execute.PREFIX}{name}").mkdir()
    assert execute.sweep() == 1
    assert {one.name.removeprefix(execute.PREFIX) for one in tmp_path.iterdir()} == {names[0], names[2], names[3]}


def test_jobs_of_one_compile_cache_wait_for_the_first(store, tmp_path):
    log = tmp_path / "log"
    tasks = [toy(n, log=log) for n in range(4)]
    warm = [type(t)(t.key, t.work, t.limits, t.cpu_s, t.start_s, "one program") for t in tasks]
    flying = []
    engine = LocalEngine(4)
    submit = engine.submit
    engine.submit = lambda unit, say: (flying.append((len(store_keys(store)), unit.keys)), submit(unit, say))[1]
    Supervisor(store, engine, MODULE).run(warm)
    assert flying[0][0] == 0
    assert [done for done, _ in flying[1:]] != []
    assert min(done for done, _ in flying[1:]) >= 1


def store_keys(store):
    return list(store.keys())


def test_attempts_of_a_damaged_record_count(store):
    for _ in range(3):
        record(store.root, key_of(1), {"failure": "infrastructure"})
    tally = Supervisor(store, LocalEngine(1), MODULE).run([toy(1)])
    assert tally.failed[key_of(1)]["state"] == "parked"


@pytest.mark.parametrize(
    ("address", "secure"), [("tls://10.0.0.1:8786", True), ("tcp://127.0.0.1:8786", False), ("tcp://[::1]:87", False)]
)
def test_dask_addresses_that_are_taken(address, secure):
    assert check_address(address, insecure=False) is secure


@pytest.mark.parametrize("address", ["tcp://10.0.0.1:8786", "10.0.0.1:8786", "ucx://h:1", "tcp://", "inproc://x"])
def test_dask_addresses_that_are_refused(address):
    with pytest.raises(UsageError, match="--dask"):
        check_address(address, insecure=False)


def test_open_connections_only_when_asked_for():
    assert check_address("tcp://10.0.0.1:8786", insecure=True) is False


HEAVY = (
    "import sys; import {}; print(sorted({{'pydantic', 'pint', 'numba', 'matplotlib', 'typer'}} & set(sys.modules)))"
)


@pytest.mark.parametrize("module", ["popdyn.batch.truth", "popdyn.batch.execute"])
def test_a_worker_of_truths_imports_neither_pydantic_nor_pint(module):
    done = subprocess.run([sys.executable, "-c", HEAVY.format(module)], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def test_workers_see_one_thread_and_no_other_brian_preferences(store, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "brian_preferences").write_text("codegen.target = 'cython'")
    Supervisor(store, LocalEngine(1), MODULE).run([toy(1, "environment", out=str(tmp_path / "seen"))])
    seen = dict(line.partition("=")[::2] for line in (tmp_path / "seen").read_text().splitlines())
    names = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS")
    assert [seen[name] for name in names] == ["1"] * 3
    assert "target = 'numpy'" in seen["preferences"]
    assert seen["HOME"].startswith(seen["TMPDIR"])
    assert not os.path.exists(seen["TMPDIR"])

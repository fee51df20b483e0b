"""A campaign of Brian2 jobs from file to table through the command line."""

import contextlib
import errno
import json
import os
import shlex
import shutil
import signal
import sqlite3
import subprocess
import sys
import tomllib
from collections import namedtuple
from dataclasses import asdict

import numpy as np
import pytest
from batch.example_campaign import SPEC, write_campaign

import popdyn
from popdyn.batch.supervisor import Interrupts
from popdyn.cli import main
from popdyn.store import Store
from popdyn.store.failures import record
from popdyn.store.processes import this_process
from popdyn.workflows.campaign import open_campaign_file
from popdyn.workflows.campaign_jobs import planned_jobs
from popdyn.workflows.campaign_run import _heard
from popdyn.workflows.simulate import simulate

MORE = 'protocols = "all"\n[grid]\nmu = [1.0, 1.4]\n'


@pytest.fixture(scope="module")
def done(tmp_path_factory):
    """A campaign of 4 jobs that ran, and the answer of its command."""
    folder = tmp_path_factory.mktemp("campaign")
    file = write_campaign(folder / "rates.toml", more=MORE)
    command = [sys.executable, "-m", "popdyn", "batch", "run", str(file), "--json", "--store", str(folder / "store")]
    ran = subprocess.run(command, capture_output=True, text=True, check=True)
    return file, folder / "store", ran


def answer(capsys, *words):
    code = main(["batch", *map(str, words), "--json"])
    return code, json.loads(capsys.readouterr().out)


def test_a_run_says_what_it_did(done):
    said = json.loads(done[2].stdout)
    assert (said["jobs"], said["done"], said["computed"], said["failed"], said["exit_code"]) == (4, 4, 4, {}, 0)
    assert "campaign: 4 of 4 done" in done[2].stderr


def test_a_run_leaves_an_index_for_the_next_list(done):
    with contextlib.closing(sqlite3.connect(done[1] / "index.sqlite")) as index:
        assert index.execute("SELECT count(*) FROM object").fetchone() == (4,)


def test_running_again_computes_nothing(done, capsys):
    code, said = answer(capsys, "run", done[0], "--store", done[1])
    assert (code, said["done"], said["computed"]) == (0, 4, 0)


def test_a_run_ends_with_the_command_that_comes_next(done, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main(["batch", "run", str(done[0]), "--store", str(done[1])]) == 0
    head, _, command = capsys.readouterr().out.splitlines()[-1].partition(": popdyn ")
    assert head == "next"
    assert main(shlex.split(command)) == 0
    assert (tmp_path / "out" / "rates-report" / "report.md").is_file()


def test_plan_and_status_of_a_finished_campaign(done, capsys):
    code, plan = answer(capsys, "plan", done[0], "--store", done[1])
    assert (code, plan["jobs"], plan["done"], plan["cpu_s"], plan["disk"]) == (0, 4, 4, 0, 0)
    code, status = answer(capsys, "status", done[0], "--store", done[1])
    assert (code, status["done"], status["missing"], status["failures"]) == (0, 4, 0, [])
    assert [run["state"] for run in status["runs"]] == ["ended"]


def test_plan_before_anything_ran(done, tmp_path, capsys):
    code, plan = answer(capsys, "plan", done[0], "--store", tmp_path / "new", "--workers", "2")
    assert (code, plan["jobs"], plan["done"], plan["workers"]) == (0, 4, 0, 2)
    assert plan["dimensions"] == {"mu": 2, "protocol": 2, "replicate": 1}
    assert min(plan["cpu_s"], plan["wall_s"], plan["memory"], plan["disk"]) > 0
    assert not (tmp_path / "new").exists()


def test_one_lazy_dataset_over_the_parameters(done):
    data = popdyn.open_campaign(done[0], store=done[1])
    assert data.rate.dims == ("mu", "protocol", "replicate", "run", "time", "population")
    assert data.rate.sizes["time"] == 70
    assert (data.status == "done").all()
    assert data.mu.attrs["units"] == "mV/ms"
    one = data.isel(mu=1, protocol=1, replicate=0)
    stored = popdyn.open(Store(done[1]).path(str(one.key.values)) / "result.h5")
    assert np.array_equal(one.rate.values, stored.rate.values)
    part = {"run": [2, 0], "time": slice(3, 9, 2)}
    assert np.array_equal(one.V_mean.isel(part), stored.V_mean.isel(part))
    short = data.rate.isel(mu=0, protocol=0, replicate=0, run=0, population=0)
    assert int(np.isnan(short).sum()) == 20  # the other protocol's bins
    assert data.rate.mean(("run", "time")).isel(replicate=0, population=0).diff("mu").min() > 0


def test_the_single_run_finds_what_the_campaign_made(done):
    spec = tomllib.loads(SPEC)["spec"]
    data = popdyn.open_campaign(done[0], store=done[1])
    seed = int(data.seed[0])
    before = len(list(Store(done[1]).keys()))
    found = simulate(spec, rung="spiking", protocol="rest", seed=seed, backend="numpy", store=done[1])
    assert len(list(Store(done[1]).keys())) == before
    assert found.encoding["cpu_s"] == 0
    cell = data.rate.sel(mu=1.0, protocol="rest").isel(replicate=0).dropna("time")
    assert np.array_equal(cell.values, found.rate.values)


def test_missing_failed_and_damaged_cells_are_seen(done, tmp_path):
    shutil.copytree(done[1], tmp_path / "store", symlinks=True)
    store = Store(tmp_path / "store")
    keys = popdyn.open_campaign(done[0], store=store.root).key.values.ravel()
    for key in keys[:2]:
        store.path(key).chmod(0o700)
        shutil.rmtree(store.path(key))
    record(store.root, keys[0], {"failure": "model", "detail": "ValueError", "message": "no such | thing"})
    store.path(keys[2]).chmod(0o700)
    (store.path(keys[2]) / "result.h5").chmod(0o600)
    (store.path(keys[2]) / "result.h5").write_bytes(b"\x89HDF but no more")
    data = popdyn.open_campaign(done[0], store=store.root, verify=True)
    assert list(data.status.values.ravel()) == ["failed", "missing", "damaged", "done"]
    assert np.isnan(data.rate.isel(mu=0)).all()
    assert np.isnan(data.rate.isel(mu=1, protocol=0)).all()
    assert main(["batch", "report", str(done[0]), "--store", str(store.root), "--out", str(tmp_path / "out")]) == 0
    table = json.loads((tmp_path / "out" / "report.json").read_text())
    assert [row["status"] for row in table["rows"]] == ["failed", "missing", "missing", "done"]
    assert table["rows"][0]["message"] == "model: no such | thing"
    assert table["rows"][3]["rate"] > 0
    assert "no such \\| thing" in (tmp_path / "out" / "report.md").read_text()
    assert len((tmp_path / "out" / "report.csv").read_text().splitlines()) == 5


def test_a_run_that_was_killed_is_said_to_have_died(done, tmp_path, capsys):
    shutil.copytree(done[1], tmp_path / "store", symlinks=True)
    (journal,) = (tmp_path / "store").glob("campaigns/*/run-1-of-1.json")
    document = json.loads(journal.read_text())
    ended = subprocess.Popen(["true"])
    ended.wait()
    dead = asdict(this_process()) | {"pid": ended.pid, "start": "1"}
    for state, process, found in (
        ("running", dead, "died"),
        ("running", asdict(this_process()), "running"),
        ("stopped", dead, "stopped"),
    ):
        journal.write_text(json.dumps(document | {"state": state, "process": process}))
        _, status = answer(capsys, "status", done[0], "--store", tmp_path / "store")
        assert [run["state"] for run in status["runs"]] == [found]


def test_strange_journals_and_words_in_a_store_harm_no_status(done, tmp_path, capsys):
    shutil.copytree(done[1], tmp_path / "store", symlinks=True)
    store = Store(tmp_path / "store")
    (folder,) = (tmp_path / "store" / "campaigns").iterdir()
    for number, text in enumerate(("{}", '{"process": {}}', '{"process": {"pid": "x"}, "updated": 0}', "[", "7")):
        (folder / f"run-{number}.json").write_text(text)
    lost = next(iter(store.keys()))
    store.path(lost).chmod(0o700)
    shutil.rmtree(store.path(lost))
    record(store.root, lost, {"failure": "model", "detail": "X", "message": "\x1b[2J two\nlines"})
    assert main(["batch", "status", str(done[0]), "--store", str(store.root)]) == 0
    out = capsys.readouterr().out
    assert "\\x1b[2J two\\nlines" in out
    assert out.count("\nrun ") == 1
    assert main(["batch", "report", str(done[0]), "--store", str(store.root), "--out", str(tmp_path / "out")]) == 0
    assert "\x1b" not in capsys.readouterr().out + (tmp_path / "out" / "report.md").read_text()


def test_signals_are_counted_and_handlers_given_back():
    before, interrupts = signal.getsignal(signal.SIGINT), Interrupts()
    with _heard(interrupts):
        for asked, number in enumerate((signal.SIGINT, signal.SIGINT), start=1):
            os.kill(os.getpid(), number)
            assert interrupts.asked == asked
    assert signal.getsignal(signal.SIGINT) is before
    with _heard(interrupts := Interrupts()):
        os.kill(os.getpid(), signal.SIGTERM)
    assert interrupts.asked == 2


def test_exit_codes_of_bad_files_and_partial_failures(tmp_path, capsys):
    assert main(["batch", "run", str(tmp_path / "none.toml")]) == 2
    (tmp_path / "bad.toml").write_text("spec = 3\n")
    code, said = answer(capsys, "run", tmp_path / "bad.toml")
    assert (code, said["faults"][0]["path"]) == (2, "spec")
    file = write_campaign(tmp_path / "rates.toml")
    assert main(["batch", "run", str(file), "--shard", "3/2"]) == 2
    assert main(["batch", "run", str(file), "--workers", "0"]) == 2
    assert main(["batch", "export", str(file)]) == 2
    assert main(["batch", "run", str(file), "--submitit", "moon"]) == 2
    store = Store(tmp_path / "store")
    key = str(popdyn.open_campaign(file, store=store.root).key.values.ravel()[0])
    record(store.root, key, {"failure": "model", "detail": "ValueError", "message": "bad"})
    code, said = answer(capsys, "run", file, "--store", store.root)
    assert (code, said["failed"]) == (3, {"model": 1})
    record(store.root, key, {"failure": "integrity", "detail": "", "message": "other bytes"})
    assert answer(capsys, "run", file, "--store", store.root)[0] == 5


def test_a_full_disk_is_told_before_anything_starts(tmp_path, capsys, monkeypatch):
    usage = namedtuple("usage", "total used free")(10, 9, 1)
    monkeypatch.setattr("popdyn.workflows.campaign_plan.shutil.disk_usage", lambda _: usage)
    file = write_campaign(tmp_path / "rates.toml")
    assert main(["batch", "run", str(file), "--store", str(tmp_path / "store")]) == 4
    assert "nothing was started" in capsys.readouterr().err


def test_a_closed_store_is_told_before_anything_starts(tmp_path, capsys, monkeypatch):
    def closed(path, _):
        raise OSError(errno.EROFS, os.strerror(errno.EROFS), str(path))

    file = write_campaign(tmp_path / "rates.toml")
    monkeypatch.setattr("popdyn.workflows.campaign_keys.Path.write_bytes", closed)
    assert main(["batch", "run", str(file), "--store", str(tmp_path / "store")]) == 4
    assert "cannot be written (Read-only file system); nothing was started" in capsys.readouterr().err


def test_the_shards_of_the_slurm_script_do_the_campaign(done, tmp_path, capsys):
    """The script as a cluster would run it, a shard after the other, on a store that lacks one result."""
    shutil.copytree(done[1], tmp_path / "store", symlinks=True)
    store = Store(tmp_path / "store")
    lost = next(iter(store.keys()))
    store.path(lost).chmod(0o700)
    before = (store.path(lost) / "result.h5").read_bytes()
    shutil.rmtree(store.path(lost))
    script = tmp_path / "a script.sbatch"
    words = ["export", done[0], "--slurm", "--shards", "2", "--cpus", "1", "--store", store.root, "--out", script]
    assert answer(capsys, *words)[0] == 0
    assert "#SBATCH --array=1-2\n" in script.read_text()
    for shard in ("1", "2"):
        environment = {**os.environ, "SLURM_ARRAY_TASK_ID": shard, "SLURM_TMPDIR": str(tmp_path)}
        subprocess.run(["bash", str(script)], env=environment, check=True, capture_output=True)
    assert (store.path(lost) / "result.h5").read_bytes() == before
    code, status = answer(capsys, "status", done[0], "--store", store.root)
    assert (code, status["done"]) == (0, 4)
    assert {run["name"] for run in status["runs"]} >= {"1-of-2", "2-of-2"}


def test_no_name_of_a_file_becomes_a_command_of_the_script(tmp_path, capsys):
    file = write_campaign(tmp_path / "a\ntouch b; $(touch c).toml")
    script = tmp_path / "x\ntouch d.sbatch"
    assert answer(capsys, "export", file, "--slurm", "--store", tmp_path / "s", "--out", script)[0] == 0
    head, _, rest = script.read_text().partition("set -euo pipefail\n")
    assert [line for line in head.splitlines() if not line.startswith("#")] == []
    said = subprocess.run(
        ["bash", "-c", rest.replace("exec ", "printf '%s\\0' ")], cwd=tmp_path, capture_output=True, text=True,
        check=True, env={**os.environ, "SLURM_ARRAY_TASK_ID": "1", "SLURM_TMPDIR": str(tmp_path)},
    )  # fmt: skip
    assert str(file) in said.stdout.split("\0")
    assert not {"b", "c", "d"} & {path.name for path in tmp_path.iterdir()}


CONVERT = "do = 'convert'\n[grid]\nmu = [{}]\n[convert]\nto = 'density'\ntruth = false\n"


def test_a_conversion_is_published_without_its_costs(tmp_path, capsys):
    file = write_campaign(tmp_path / "convert.toml", more=CONVERT.format(1.2))
    code, said = answer(capsys, "run", file, "--store", tmp_path / "store")
    assert (code, said["computed"], said["failed"]) == (0, 1, {})
    store = Store(tmp_path / "store")
    (key,) = list(store.keys())
    report = json.loads((store.find(key) / "report.json").read_text())
    assert report["provenance"]["costs"] == []
    assert (report["verdict"]["word"], report["target"]) == ("unverified", "density")
    manifest = json.loads((store.find(key) / "manifest.json").read_text())
    assert sum(row["cpu_s"] or 0.0 for row in manifest["costs"]) > 0
    code, said = answer(capsys, "run", file, "--store", tmp_path / "store")
    assert (said["done"], said["computed"]) == (1, 0)


def publish_conversion(store, key, nrmse, bias, verdict):
    measured = {"verdict": verdict, "nrmse": nrmse, "nrmse_interval": None, "bias": bias}
    comparison = {"truth": "spiking", "model": "density", "populations": {"E": measured}}
    report = {"target": "density", "comparisons": [comparison], "verdict": {"word": verdict}}
    store.publish(key, lambda folder: (folder / "report.json").write_text(json.dumps(report)), {})


def test_tables_of_conversions_have_the_worst_first(tmp_path, capsys):
    file = write_campaign(tmp_path / "convert.toml", more=CONVERT.format("0.9, 1.0, 1.1, 1.2, 1.3"))
    campaign, store = open_campaign_file(file), Store(tmp_path / "store")
    keys = [one.key for one in planned_jobs(campaign)]
    publish_conversion(store, keys[0], 0.01, 0.002, "pass")
    publish_conversion(store, keys[1], 0.02, -0.30, "fail")
    publish_conversion(store, keys[2], 0.05, 0.0, "inconclusive")
    record(store.root, keys[3], {"failure": "resources", "detail": "memory", "message": "out of it"})
    assert main(["batch", "report", str(file), "--store", str(store.root), "--out", str(tmp_path / "out")]) == 0
    rows = json.loads((tmp_path / "out" / "report.json").read_text())["rows"]
    assert [row["status"] for row in rows] == ["failed", "done", "done", "done", "missing"]
    assert [row["mu [mV/ms]"] for row in rows] == pytest.approx([1.2, 1.0, 1.1, 0.9, 1.3])
    assert "5 rows: 3 done, 1 failed, 1 missing; verdicts: 1 fail, 1 inconclusive, 1 pass" in capsys.readouterr().out

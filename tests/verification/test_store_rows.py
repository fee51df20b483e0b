"""Rows: the store under damage, races and kills, and a list of 10^5 results. Each part is kept: running again resumes.

pytest -m slow tests/verification/test_store_rows.py
"""

import json
import os
import resource
import subprocess
import sys
import time

import pytest
from record import once
from store.damage import undetected
from store.many import fabricate
from store.trials import kill, race

pytestmark = pytest.mark.slow
FOLDERS = ("store",)
LIMIT_S, LIMIT_MB = 2.0, 300.0


def part(row, number, measure):
    return once(row, f"part {number}", measure, FOLDERS)


@pytest.mark.parametrize("number", range(10))
def test_damage_is_detected(number, tmp_path):
    found = part("store: damage", number, lambda: {"trials": 1000, "missed": undetected(tmp_path, 1000, seed=number)})
    assert found == {"trials": 1000, "missed": []}


@pytest.mark.parametrize("number", range(10))
def test_races_publish_each_key_once(number, tmp_path):
    found = part("store: races", number, lambda: {"keys": 200, "lost": race(tmp_path, 200)})
    assert found["lost"] > 0


@pytest.mark.parametrize("number", range(20))
def test_kills_leave_absent_or_whole(number, tmp_path):
    def measure():
        done, left = kill(tmp_path, 50, seed=number)
        return {"kills": 50, "published": done, "drafts_left": left}

    assert part("store: kills", number, measure)["published"] >= 50


def listing(root):
    """Seconds, CPU seconds and MB of the command that lists a store."""
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    command = [sys.executable, "-c", LISTING, str(root)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    wall = time.perf_counter() - began
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    count, peak = json.loads(done.stdout.splitlines()[-1])
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return {"count": count, "wall_s": round(wall, 2), "cpu_s": round(cpu, 2), "MB": round(peak / 1024)}


LISTING = """
import contextlib, io, json, resource, sys
from popdyn.cli import main
out = io.StringIO()
with contextlib.redirect_stdout(out):
    assert main(["store", "ls", "--store", sys.argv[1]]) == 0
count = int(out.getvalue().splitlines()[-1].split()[0])
print(json.dumps([count, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss]))
"""


def test_a_list_of_many_results(tmp_path):
    def measure():
        fabricate(tmp_path, 100_000)
        time.sleep(3.0)
        return {"first": listing(tmp_path), "second": listing(tmp_path), "third": listing(tmp_path),
                "index_MB": round(os.path.getsize(tmp_path / "index.sqlite") / 1e6)}  # fmt: skip

    found = part("store: list", 0, measure)
    assert found["third"]["count"] == 100_000
    assert found["third"]["cpu_s"] <= LIMIT_S  # other processes on the cores add to wall_s, which is kept beside it
    assert max(found[which]["MB"] for which in ("first", "second", "third")) <= LIMIT_MB

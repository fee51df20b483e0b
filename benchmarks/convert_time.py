"""Wall time of `popdyn convert` on the example: cold, warm, and without truth; the longest silence of its progress.

    python benchmarks/convert_time.py

cold: empty compile caches and store. warm: the same caches, an empty store. no_truth: warm, `--no-truth`.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

EXAMPLE = Path(__file__).parents[1] / "examples" / "adapting_population.toml"
LIMITS = {"cold": 180.0, "warm": 40.0, "no_truth": 10.0}
SILENCE = 5.0


def timed(folder, name, *options):
    """Wall seconds, CPU seconds of the process tree, and the longest gap between lines of progress."""
    environment = os.environ | {"NUMBA_CACHE_DIR": f"{folder}/numba", "XDG_CACHE_HOME": f"{folder}/cache"}
    command = [sys.executable, "-u", "-m", "popdyn", "convert", str(EXAMPLE), "--out", f"{folder}/out-{name}"]
    began = last = time.perf_counter()
    before, longest = os.times(), 0.0
    process = subprocess.Popen(
        [*command, "--store", f"{folder}/store-{name}", *options], env=environment, stderr=subprocess.STDOUT,
        stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    lines = []
    for line in process.stdout:
        now = time.perf_counter()
        longest, last = max(longest, now - last), now
        lines.append(line)
    if process.wait() not in (0, 3):
        raise SystemExit("".join(lines[-20:]))
    wall, after = time.perf_counter() - began, os.times()
    cpu = after.children_user + after.children_system - before.children_user - before.children_system
    return {"wall_s": wall, "cpu_s": cpu, "longest_gap_s": max(longest, time.perf_counter() - last)}


def main():
    with tempfile.TemporaryDirectory() as folder:
        found = {
            "cold": timed(folder, "cold"),
            "warm": timed(folder, "warm"),
            "no_truth": timed(folder, "no_truth", "--no-truth"),
        }
    print(json.dumps({
        "claim": "convert on the example: cold <= 3 min, warm <= 40 s, --no-truth <= 10 s, a line at least every 5 s",
        **found, "limits_s": LIMITS, "cores": len(os.sched_getaffinity(0)), "load_1min": os.getloadavg()[0],
        "holds": {name: found[name]["wall_s"] <= limit for name, limit in LIMITS.items()},
        "talks": {name: found[name]["longest_gap_s"] <= SILENCE for name in LIMITS},
    }, indent=1))  # fmt: skip


if __name__ == "__main__":
    main()

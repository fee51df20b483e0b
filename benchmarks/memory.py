"""Peak memory of a process that only runs the density rung.

    python benchmarks/memory.py

Starts a fresh process that loads reference_sims/adex_aug, marches `mixed` and asks for the rate and the response, with
a cold numba cache (compilation is part of the process) and with a warm one.
"""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

SPEC = Path(__file__).parents[1] / "reference_sims" / "adex_aug" / "network.toml"
LIMIT_MB = 400
CHILD = """
import resource, sys
import numpy as np
from popdyn.rungs.density import Density
from popdyn.spec import load
density = Density(load(sys.argv[1]))
density.simulate("mixed")
density.rates()
density.linear_response(np.array([1.0, 30.0]), population="E")
assert "brian2" not in sys.modules
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
"""


def peak(cache):
    """Peak resident memory [MB]."""
    environment = os.environ | {"NUMBA_CACHE_DIR": cache}
    command = [sys.executable, "-c", CHILD, str(SPEC)]
    return float(subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout)


def main():
    with tempfile.TemporaryDirectory() as cache:
        cold, warm = peak(cache), peak(cache)
    print(json.dumps({
        "claim": f"a process that only runs the density rung stays below {LIMIT_MB} MB",
        "peak_MB_cold": cold, "peak_MB_warm": warm, "limit_MB": LIMIT_MB, "holds": max(cold, warm) <= LIMIT_MB,
    }, indent=1))  # fmt: skip


if __name__ == "__main__":
    main()

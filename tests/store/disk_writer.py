"""A process that publishes real results as the command line would: python disk_writer.py ROOT FIRST COUNT [RLIMIT].

Exit code and message are those of a command. RLIMIT: the largest file [byte] that it may write.
"""

import resource
import sys
from pathlib import Path

import numpy as np

from popdyn.cli.failure import report_failure
from popdyn.results import make_dataset, save, with_spikes
from popdyn.store import Store, job_key


def job(number):
    return {"rung": "toy", "number": number}


def result(number):
    """About 60 KiB on disk."""
    rng = np.random.default_rng(number)
    rate = rng.random((2, 1500, 2))
    made = make_dataset((np.arange(1500) + 0.5) * 1e-3, ["E", "I"], rate, attrs={"number": number})
    return with_spikes(made, "E", rng.random(500), rng.integers(0, 50, 500))


def publish(store, number):
    def write(directory):
        save(result(number), directory / "result.h5")

    return store.obtain(job_key(job(number)), write, {"job": job(number)})


if __name__ == "__main__":
    root, first, count, *limit = sys.argv[1:]
    if limit:
        resource.setrlimit(resource.RLIMIT_FSIZE, (int(limit[0]), int(limit[0])))
    try:
        for one in range(int(first), int(first) + int(count)):
            publish(Store(Path(root)), one)
    except BaseException as error:
        sys.exit(report_failure(error, as_json=False))

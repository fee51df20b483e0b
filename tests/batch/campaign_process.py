"""A supervisor in a process of its own: python campaign_process.py STORE LOG JOBS PAUSE. It is killed by its tests."""

import sys

from toy_campaign import toy

from popdyn.batch import queue
from popdyn.batch.engines import LocalEngine
from popdyn.batch.failure import Tries
from popdyn.batch.supervisor import Supervisor
from popdyn.store import Store


def main(root, log, jobs, pause):
    queue.BACK_OFF = queue.LONGEST_BACK_OFF = 0.01
    store = Store(root)
    tasks = [toy(n, store=store, log=log, pause=float(pause), cpu_s=0.02, start_s=0.1) for n in range(int(jobs))]
    tally = Supervisor(store, LocalEngine(2), "toy_worker", Tries(infrastructure=10**6)).run(tasks)
    assert tally.failed == {}, tally.failed


if __name__ == "__main__":
    main(*sys.argv[1:])

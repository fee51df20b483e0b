"""A real Dask cluster on loopback: a scheduler and workers, each a process of its own."""

import json
import signal
import subprocess
import sys
import time

LOOPBACK = ("--host", "127.0.0.1", "--no-dashboard")


class Cluster:
    def __init__(self, folder, workers, environment):
        self.folder, self.environment = folder, environment
        self.log = (folder / "dask.log").open("wb")
        file = folder / "scheduler.json"
        self.processes = [self._start("scheduler", "--port", "0", "--scheduler-file", str(file), *LOOPBACK)]
        until = time.monotonic() + 60
        while not file.exists() and time.monotonic() < until:
            time.sleep(0.05)
        self.address = json.loads(file.read_text())["address"]
        for _ in range(workers):
            self.add()

    def add(self):
        own = self.folder / f"worker-{len(self.processes)}"
        own.mkdir()
        options = ("--nthreads", "1", "--no-nanny", "--local-directory", str(own))
        self.processes.append(self._start("worker", self.address, *options, *LOOPBACK))

    def _start(self, *arguments):
        command = [sys.executable, "-m", "dask", *arguments]
        quiet = {"stdout": self.log, "stderr": self.log}
        return subprocess.Popen(command, env=self.environment, start_new_session=True, **quiet)

    def kill_worker(self):
        self.processes[-1].send_signal(signal.SIGKILL)
        self.processes[-1].wait()

    def close(self):
        for process in reversed(self.processes):
            process.kill()
            process.wait()
        self.log.close()

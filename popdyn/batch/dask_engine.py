"""Units on a Dask cluster (extra `[dask]`). No port is opened beyond loopback, and none is talked to in the clear."""

from __future__ import annotations

import ipaddress
from typing import Any
from urllib.parse import urlsplit

from popdyn.batch.engines import ExecutorEngine
from popdyn.errors import ResourceError, UsageError

LOCAL = "local"
PATIENCE = 20.0
"""Time that a scheduler, and a first worker, may take to answer [s]."""
_DEAF = "import signal; signal.signal(signal.SIGINT, signal.SIG_IGN)"
"""Ctrl-C in a terminal goes to every process there; workers that are started here leave it to the supervisor."""
AHEAD = 2
"""Units for each thread of the cluster that are submitted at a time."""


class DaskEngine(ExecutorEngine):
    """A Dask client as an executor; `close` lets go of the client, and of the cluster where it was started here."""

    def __init__(self, client: Any, cluster: Any = None) -> None:
        try:
            client.wait_for_workers(1, timeout=PATIENCE)
        except TimeoutError as error:
            client.close()
            raise ResourceError("--dask: the cluster has no workers; start some, the same command goes on") from error
        threads = sum(worker["nthreads"] for worker in client.scheduler_info(n_workers=-1)["workers"].values())
        super().__init__(client.get_executor(pure=False, retries=0), AHEAD * threads, "dask")
        self._client, self._cluster = client, cluster

    def stop(self) -> None:
        self._client.close()

    def close(self) -> None:
        self._client.close()
        if self._cluster is not None:
            self._cluster.close()


def connect(address: str, *, insecure: bool = False, workers: int = 1) -> DaskEngine:
    """The cluster at an address; "local": one of `workers` processes, started here, on loopback alone.

    tls:// takes its certificates from Dask's own configuration. Raises UsageError for tcp:// to another machine unless
    `insecure`, ResourceError where nobody answers or Dask is missing.
    """
    try:
        import distributed
    except ImportError as error:
        raise ResourceError('--dask: Dask is not installed; pip install "popdyn[dask]"') from error
    if address == LOCAL:
        options = {"host": "127.0.0.1", "dashboard_address": "127.0.0.1:0", "processes": True, "preload": [_DEAF]}
        cluster = distributed.LocalCluster(workers, threads_per_worker=1, **options)
        return DaskEngine(distributed.Client(cluster, set_as_default=False), cluster)
    secure = check_address(address, insecure=insecure)
    security = distributed.Security(require_encryption=True) if secure else None
    try:
        client = distributed.Client(address, security=security, timeout=PATIENCE, set_as_default=False)
    except (OSError, TimeoutError, ValueError, TypeError) as error:
        raise ResourceError(f"--dask {address}: no scheduler answers ({type(error).__name__}: {error})") from error
    return DaskEngine(client)


def check_address(address: str, *, insecure: bool) -> bool:
    """Whether an address is encrypted; UsageError for one that should be and is not."""
    parts = urlsplit(address)
    if parts.scheme == "tls" and parts.hostname:
        return True
    if parts.scheme == "tcp" and parts.hostname:
        if insecure or _loopback(parts.hostname):
            return False
        fix = "use tls://, or --insecure on a network that you trust: anyone who reaches it can run code there"
        raise UsageError(f"--dask: got {address!r}, an open connection to another machine; {fix}")
    raise UsageError(f'--dask: got {address!r}; allowed: tls://HOST:PORT, tcp://127.0.0.1:PORT, "{LOCAL}"')


def _loopback(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False

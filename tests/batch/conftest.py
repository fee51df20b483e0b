"""Engines of every kind for the contract, toy workers on their path."""

import multiprocessing
import os
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from pathlib import Path

import pytest

from popdyn.batch import queue
from popdyn.batch.engines import ExecutorEngine, LocalEngine
from popdyn.store import Store

HERE = Path(__file__).parent
ENGINES = ("local", "threads", "processes", "dask", "submitit")


LIBRARY = str(HERE.parents[1])


def _path():
    kept = [path for path in os.environ.get("PYTHONPATH", "").split(os.pathsep) if path]
    return os.pathsep.join([LIBRARY, str(HERE), *kept])


@pytest.fixture(autouse=True)
def _toy_workers(monkeypatch):
    monkeypatch.setenv("PYTHONPATH", _path())
    monkeypatch.setattr(queue, "BACK_OFF", 0.02)


@pytest.fixture
def store(tmp_path):
    return Store(tmp_path / "store")


@pytest.fixture(scope="session")
def cluster(tmp_path_factory):
    pytest.importorskip("distributed", reason="needs the [dask] extra")
    from dask_cluster import Cluster

    made = Cluster(tmp_path_factory.mktemp("dask"), 2, {**os.environ, "PYTHONPATH": _path()})
    yield made
    made.close()


@pytest.fixture(params=ENGINES)
def engine(request, tmp_path):
    if request.param == "local":
        return LocalEngine(3)
    if request.param == "threads":
        return ExecutorEngine(ThreadPoolExecutor(3), 3)
    if request.param == "processes":
        return ExecutorEngine(ProcessPoolExecutor(2, multiprocessing.get_context("spawn")), 3)
    if request.param == "submitit":
        pytest.importorskip("submitit", reason="needs the [slurm] extra")
        from popdyn.batch.submitit_engine import SubmititEngine

        return SubmititEngine("local", tmp_path / "submitit", 3)
    from popdyn.batch.dask_engine import connect

    return connect(request.getfixturevalue("cluster").address)

"""Every kernel is the same function compiled and as Python."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import scenarios
from source_tree import LIBRARY, tree


@pytest.fixture(scope="module")
def as_python(tmp_path_factory):
    path = tmp_path_factory.mktemp("kernels") / "results.npz"
    environment = {**os.environ, "NUMBA_DISABLE_JIT": "1"}
    command = [sys.executable, str(Path(scenarios.__file__)), str(path)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return dict(np.load(path))


def test_every_kernel_ran_as_python(as_python):
    compiled = {
        f"{path.stem}.{node.name}"
        for path in (LIBRARY / "kernels").glob("*.py")
        for node in ast.walk(tree(path))
        if isinstance(node, ast.FunctionDef) and any("njit" in ast.unparse(d) for d in node.decorator_list)
    }
    assert compiled - set(as_python["called"]) == set()


def test_compiled_and_python_agree(as_python):
    compiled = scenarios.results()
    assert set(compiled) == set(as_python) - {"called"}
    for name, values in compiled.items():
        assert np.all(np.isfinite(values)), name
        scale = np.max(np.abs(values), axis=-1, keepdims=True)
        assert np.max(np.abs(values - as_python[name]) / scale) < 1e-9, name

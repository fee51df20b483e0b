"""Importing the ground truth costs nothing and runs nothing."""

import os
import subprocess
import sys
from pathlib import Path


def test_importing_imports_neither_brian2_nor_pydantic(tmp_path):
    (tmp_path / "brian_preferences").write_text("open('executed', 'w')\n")
    code = (
        "import sys, popdyn.ground_truth;"
        "print([name for name in ('brian2', 'sympy', 'pydantic', 'numba') if name in sys.modules])"
    )
    environment = dict(os.environ, PYTHONPATH=str(Path(__file__).parents[2]))
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert done.stdout.strip() == "[]", done.stderr
    assert not (tmp_path / "executed").exists()

"""Simulators to compare with that pip puts into environments of their own, so that popdyn does not depend on them."""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

CACHE = Path(os.environ.get("XDG_CACHE_HOME", tempfile.gettempdir()))


def python_with(name, package, version, check):
    """The interpreter of the simulator's environment, made by pip where `check`, run in it, fails.

    Ends the script where there is none to be had.
    """
    home = CACHE / f"popdyn-{name.lower()}-{version}"
    python = home / "bin" / "python"
    pip, checked = [str(python), "-m", "pip", "install", f"{package}=={version}"], [str(python), "-c", check]
    try:
        if not python.exists() or subprocess.run(checked, capture_output=True).returncode:
            for command in ([sys.executable, "-m", "venv", str(home)], pip, checked):
                subprocess.run(command, check=True, capture_output=True, text=True)
    except subprocess.CalledProcessError as error:
        sys.exit(f"no {name}, nothing is compared: {' '.join(error.cmd)}\n{error.stderr[-2000:]}")
    return python

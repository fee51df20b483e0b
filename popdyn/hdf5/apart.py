"""Read a file from elsewhere in a process of its own first: a library that crashes over it takes nobody along."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from dataclasses import asdict, dataclass, field
from pathlib import Path

from popdyn.errors import IntegrityError, UsageError
from popdyn.hdf5.limits import Limits

_ROOT = Path(__file__).resolve().parents[2]
_MOST_ANSWER = 16 << 20


@dataclass(frozen=True)
class Contents:
    """What a file holds: shape of every dataset by its path, bytes of all."""

    shapes: dict[str, tuple[int, ...]]
    bytes: int


class HostileError(IntegrityError):
    """A file that popdyn does not read; `shapes`: what it declares, as far as that could be seen."""

    def __init__(self, message: str, shapes: dict[str, tuple[int, ...]] | None = None) -> None:
        super().__init__(message)
        self.shapes = shapes or {}


@dataclass(frozen=True)
class _Answer:
    fault: str = ""
    bytes: int = 0
    shapes: dict[str, list[int]] = field(default_factory=dict)


def read_apart(path: str | Path, limits: Limits = Limits()) -> Contents:  # noqa: B008
    """What a file holds, once a process of its own has read all of it within limits (0.2 s and the reading).

    Raises HostileError for whatever is not a plain result, UsageError where there is no such file.
    """
    path = Path(path).absolute()
    if not path.is_file():
        raise UsageError(f"{path}: there is no such file; allowed: a result that popdyn wrote (.h5)")
    answer = _ask(path, limits)
    shapes = {where: tuple(shape) for where, shape in answer.shapes.items()}
    if answer.fault:
        raise HostileError(f"{path}: {answer.fault}", shapes)
    return Contents(shapes, answer.bytes)


def _ask(path: Path, limits: Limits) -> _Answer:
    command = [sys.executable, "-P", "-m", "popdyn.hdf5.reader", str(path), json.dumps(asdict(limits))]
    environment = {**os.environ, "PYTHONPATH": str(_ROOT), "HDF5_PLUGIN_PRELOAD": "::", "OPENBLAS_NUM_THREADS": "1"}
    try:
        done = subprocess.run(
            command, env=environment, stdin=subprocess.DEVNULL, capture_output=True, timeout=limits.wall, check=False
        )
    except subprocess.TimeoutExpired:
        return _Answer(f"reading it takes more than {limits.wall:g} s")
    if done.returncode < 0:
        return _Answer(f"reading it ended a process by {_signal(-done.returncode)}")
    try:
        return _Answer(**json.loads(done.stdout[:_MOST_ANSWER]))
    except (ValueError, TypeError):
        said = done.stderr.decode("utf-8", "replace").strip().rpartition("\n")[2]
        return _Answer(f"reading it failed ({said or f'exit code {done.returncode}'})")


def _signal(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"

"""Small steps on the file system that survive a crash."""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

from popdyn.errors import ResourceError

_FULL = (errno.ENOSPC, errno.EDQUOT)
_CLOSED = (errno.EROFS, errno.EACCES, errno.EPERM)


def sync(path: Path) -> None:
    """fsync a file or a directory."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def remove(directory: Path) -> None:
    """Remove a directory and all below it, read-only or not; missing is fine."""
    if not directory.exists():
        return
    for folder, _, _ in os.walk(directory):
        with contextlib.suppress(OSError):
            Path(folder).chmod(0o700)
    shutil.rmtree(directory, ignore_errors=True)


@contextlib.contextmanager
def disk_errors(root: Path) -> Iterator[None]:
    """A full or a read-only disk as ResourceError with the figure."""
    try:
        yield
    except OSError as error:
        if error.errno in _FULL:
            free = shutil.disk_usage(root).free if root.exists() else 0
            message = f"{root}: the disk is full ({free / 2**20:.1f} MiB free); nothing was published"
            raise ResourceError(message) from error
        if error.errno in _CLOSED:
            raise ResourceError(f"{root}: cannot be written ({error.strerror}); nothing was published") from error
        raise

"""Small steps on the file system that survive a crash."""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
import stat
from collections.abc import Iterator
from pathlib import Path

from popdyn.errors import ResourceError

_FULL = (errno.ENOSPC, errno.EDQUOT)
_CLOSED = (errno.EROFS, errno.EACCES, errno.EPERM)
_NO_LINKS = (errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK)


def sync(path: Path) -> None:
    """fsync a file or a directory."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def new_file(draft: Path, path: Path) -> bool:
    """Give a whole file its name; False where the name is taken, which is never overwritten.

    Where the file system has no hard links, the name is taken first and filled by a rename: killed in between, it
    stays empty.
    """
    try:
        try:
            os.link(draft, path)
        except OSError as error:
            if error.errno not in _NO_LINKS:
                raise
            os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
            draft.replace(path)
    except FileExistsError:
        return False
    return True


def plain_bytes(path: Path, most: int) -> bytes:
    """The content of a plain file of at most `most` bytes; ValueError where it is longer, or a link, pipe or folder."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError as error:
        if error.errno == errno.ELOOP:
            raise ValueError("a link, not a file") from error
        raise
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise ValueError("not a plain file")
        content = bytearray()
        while len(content) <= most and (block := os.read(descriptor, most + 1 - len(content))):
            content += block
    finally:
        os.close(descriptor)
    if len(content) > most:
        raise ValueError(f"more than {most} bytes")
    return bytes(content)


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

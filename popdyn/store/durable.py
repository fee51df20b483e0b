"""Small steps on the file system that survive a crash, and one class of error for a disk that refuses them."""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
import shutil
import stat
import time
from collections.abc import Iterator
from pathlib import Path

from popdyn.errors import ResourceError

_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_CLOSED = (errno.EROFS, errno.EACCES, errno.EPERM)
_FAILED = (errno.EIO, errno.EINTR, errno.ENXIO, errno.ESTALE, errno.ETIMEDOUT, errno.EMFILE, errno.ENFILE, errno.ENOMEM)
_NO_LINKS = (errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK)


def sync(path: Path) -> None:
    """fsync a file or a directory."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def write_file(path: Path, content: bytes) -> None:
    """Create a file that must not be there, whole and synced."""
    descriptor = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_NOFOLLOW, 0o600)
    try:
        rest = memoryview(content)
        while rest:
            rest = rest[os.write(descriptor, rest) :]
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


def new_folder(path: Path) -> None:
    """Make a folder, and those above it, durably; one that is there is fine."""
    if path.is_dir():
        return
    new_folder(path.parent)
    path.mkdir(mode=0o700, exist_ok=True)
    sync(path.parent)


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
    """Remove a directory and all below it, read-only or not, following no link; missing is fine."""
    if directory.is_symlink() or directory.is_file():
        directory.unlink(missing_ok=True)
        return
    for folder, _, _ in os.walk(directory):
        with contextlib.suppress(OSError):
            Path(folder).chmod(0o700)
    shutil.rmtree(directory, ignore_errors=True)


def file_clock(folder: Path) -> float:
    """The time of a folder's file system [s], that of a file touched there now; of this machine if none can be."""
    probe = folder / f".clock-{secrets.token_hex(8)}"
    try:
        try:
            probe.touch(mode=0o600)
            return probe.stat().st_mtime
        finally:
            probe.unlink(missing_ok=True)
    except OSError:
        return time.time()


@contextlib.contextmanager
def disk_errors(root: Path, told: str = "nothing was published") -> Iterator[None]:
    """A full, closed or failing disk as ResourceError with the figure, and `told`: what became of the work."""
    try:
        yield
    except OSError as error:
        where = error.filename if isinstance(error.filename, str) else root
        if error.errno in _FULL:
            free = f"{shutil.disk_usage(root).free / 2**20:.1f} MiB free" if root.exists() else "nothing there yet"
            limit = "a limit on the size of files" if error.errno == errno.EFBIG else "the disk is full"
            raise ResourceError(f"{root}: {limit} ({free}); {told}; make room and run again") from error
        if error.errno in _CLOSED:
            raise ResourceError(f"{where}: cannot be written ({error.strerror}); {told}") from error
        if error.errno in _FAILED:
            raise ResourceError(f"{where}: {error.strerror}; {told}; run the same command again") from error
        raise


@contextlib.contextmanager
def reading(path: Path) -> Iterator[None]:
    """A disk that does not give what is there as ResourceError: not given is not damaged. Missing stays missing."""
    try:
        yield
    except OSError as error:
        if error.errno is None or isinstance(error, FileNotFoundError):
            raise
        raise ResourceError(f"{path}: cannot be read ({error.strerror}); nothing was changed") from error

"""Files of an archive one after the other, whatever it is: folder, zip or tar. Nothing is unpacked by its name."""

from __future__ import annotations

import os
import shutil
import stat
import tarfile
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from popdyn.errors import IntegrityError
from popdyn.store.durable import sync

Member = tuple[str, BinaryIO]
PACKED = (".zip", ".tar")
_EPOCH = (1980, 1, 1, 0, 0, 0)
_BROKEN = (zipfile.BadZipFile, tarfile.TarError, zlib.error, EOFError, NotImplementedError, RuntimeError, UnicodeError)


def members(path: Path) -> Iterator[Member]:
    """Name and content of every file; a name is any text.

    Raises IntegrityError for a link, a device, an encrypted file or a broken archive.
    """
    with unbroken(path):
        if path.is_dir():
            yield from _of_folder(path)
        elif path.name.endswith(".zip"):
            yield from _of_zip(path)
        else:
            yield from _of_tar(path)


@contextmanager
def unbroken(path: Path) -> Iterator[None]:
    """What reading a broken archive raises, as IntegrityError."""
    try:
        yield
    except _BROKEN as error:
        raise IntegrityError(f"{path}: a broken archive ({type(error).__name__}: {error})") from error


def pack(path: Path, contents: Iterable[tuple[str, int, BinaryIO]]) -> None:
    """Write an archive of the form that the ending names; equal contents give equal bytes. Synced."""
    if path.suffix not in PACKED:
        _to_folder(path, contents)
        return
    with path.open("xb") as file:
        (_to_zip if path.suffix == ".zip" else _to_tar)(file, contents)
        file.flush()
        os.fsync(file.fileno())


def _of_folder(path: Path) -> Iterator[Member]:
    for folder, folders, names in os.walk(path):
        folders.sort()
        for name in sorted(names) + [one for one in folders if (Path(folder) / one).is_symlink()]:
            full = Path(folder) / name
            if not stat.S_ISREG(full.lstat().st_mode):
                raise IntegrityError(f"{full}: not a plain file")
            with full.open("rb") as file:
                yield full.relative_to(path).as_posix(), file


def _of_zip(path: Path) -> Iterator[Member]:
    with zipfile.ZipFile(path) as archive:
        for info in archive.infolist():
            kind = stat.S_IFMT(info.external_attr >> 16)
            if info.flag_bits & 1 or info.is_dir() or kind not in (0, stat.S_IFREG):
                raise IntegrityError(f"{path}: {info.filename!r} is not a plain file")
            with archive.open(info) as file:
                yield info.filename, file  # type: ignore[misc]


def _of_tar(path: Path) -> Iterator[Member]:
    with tarfile.open(path, "r:") as archive:
        for info in archive:
            file = archive.extractfile(info) if info.type in (tarfile.REGTYPE, tarfile.AREGTYPE) else None
            if file is None:
                raise IntegrityError(f"{path}: {info.name!r} is not a plain file")
            with file:
                yield info.name, file  # type: ignore[misc]


def _to_folder(path: Path, contents: Iterable[tuple[str, int, BinaryIO]]) -> None:
    path.mkdir(mode=0o700)
    for name, _, content in contents:
        target = path / name
        target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with target.open("xb") as file:
            shutil.copyfileobj(content, file)
        sync(target)
    for folder, _, _ in os.walk(path):
        sync(Path(folder))


def _to_zip(file: BinaryIO, contents: Iterable[tuple[str, int, BinaryIO]]) -> None:
    with zipfile.ZipFile(file, "w") as archive:  # results are compressed already
        for name, size, content in contents:
            info = zipfile.ZipInfo(name, _EPOCH)
            info.external_attr = (stat.S_IFREG | 0o600) << 16
            info.file_size = size
            with archive.open(info, "w") as target:
                shutil.copyfileobj(content, target)


def _to_tar(file: BinaryIO, contents: Iterable[tuple[str, int, BinaryIO]]) -> None:
    with tarfile.open(fileobj=file, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for name, size, content in contents:
            info = tarfile.TarInfo(name)
            info.size, info.mode = size, 0o600
            archive.addfile(info, content)

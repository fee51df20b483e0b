"""Is this machine ready: compiler, caches, versions that fit together, room, and one toy job of each kind timed."""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from popdyn.errors import ResourceError
from popdyn.types import Progress

OK, NOTE, FAULT = "ok", "note", "fault"

PACKAGES = ("brian2", "numpy", "scipy", "numba", "h5py", "h5netcdf", "xarray", "matplotlib")
LEAST_DISK, LEAST_MEMORY = 1e9, 1e9  # [byte]: below it, a note

TOY = {
    "schema": 1,
    "name": "toy",
    "populations": {
        "E": {
            "size": 1000,
            "neuron": {"model": "lif"},
            "noise": {"mu": "0.7 mV/ms", "sigma": "2 mV/sqrt(ms)"},
            "initial": {"V": "-60 mV"},
        }
    },
    "protocols": {"toy": {"duration": "100 ms", "transient": "0 ms"}},
}


@dataclass(frozen=True)
class Check:
    """One thing looked at: `status` ok, note (works, but know this) or fault; `fix` says what to do."""

    name: str
    status: str
    found: str
    fix: str = ""


def examine(*, store: str | Path | None = None, progress: Progress | None = None) -> list[Check]:
    """All checks, in order; nothing is left behind."""
    steps: list[tuple[str, Callable[[], Iterator[Check]]]] = [
        ("versions", check_versions),
        ("compiler", check_compiler),
        ("caches", lambda: check_caches(store)),
        ("room", lambda: check_room(store)),
        ("density toy job", check_density),
        ("Brian2 toy job", check_brian2),
    ]
    checks: list[Check] = []
    for index, (name, step) in enumerate(steps):
        if progress is not None:
            progress(index / len(steps), f"{name} (a first run compiles)" if "toy" in name else name)
        try:
            checks.extend(step())
        except Exception as error:  # the doctor reports what fails, whatever it is
            checks.append(Check(name, FAULT, f"{type(error).__name__}: {error}", "see the message"))
    return checks


def check_versions() -> Iterator[Check]:
    """Versions of what results depend on; pairs that are known not to work together."""
    yield Check("python", OK, f"{platform.python_version()} on {platform.platform(terse=True)}")
    found: dict[str, str] = {}
    for package in PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            yield Check(package, FAULT, "not installed", "install popdyn again: pip install popdyn")
    yield Check("packages", OK, ", ".join(f"{name} {number}" for name, number in found.items()))
    if "brian2" in found and "numpy" in found:
        yield brian2_with_numpy(found["brian2"], found["numpy"])


def brian2_with_numpy(brian2: str, numpy: str) -> Check:
    """Brian2 before 2.10 uses ndarray.ptp, which numpy 2.4 has no more: its import fails."""
    name, pair = "brian2 with numpy", f"brian2 {brian2} with numpy {numpy}"
    if _numbers(brian2) < (2, 10) and _numbers(numpy) >= (2, 4):
        return Check(name, FAULT, f"{pair}: this Brian2 does not import with it", 'pip install "numpy<2.4"')
    return Check(name, OK, pair)


def _numbers(text: str) -> tuple[int, int]:
    major, minor = text.split(".")[:2]
    return int(major), int("".join(c for c in minor if c.isdigit()) or 0)


def check_compiler() -> Iterator[Check]:
    """A C++ compiler that compiles; without one Brian2's numpy target is used."""
    from popdyn.ground_truth.cost import compiler

    program = compiler()
    if program is None:
        yield Check("compiler", NOTE, "none: Brian2's numpy target is used", "large ground truths run faster with g++")
        return
    with tempfile.TemporaryDirectory(prefix="popdyn-") as folder:
        source = Path(folder) / "toy.cpp"
        source.write_text("#include <cmath>\nint main() { return std::exp(0.0) == 1.0 ? 0 : 1; }\n")
        command = [program, str(source), "-o", str(source.with_suffix(""))]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    if done.returncode == 0:
        yield Check("compiler", OK, program)
    else:
        problem = (done.stderr.strip().splitlines() or ["no message"])[-1]
        yield Check("compiler", FAULT, f"{program} fails: {problem}", "repair it, or take it off the path")


def check_caches(store: str | Path | None) -> Iterator[Check]:
    """Folders that compiled code and results are kept in."""
    from popdyn.ground_truth.private import cache_directory
    from popdyn.kernels import cache_directory as kernel_cache
    from popdyn.store import default_root

    yield _writable("numba cache", kernel_cache, "set NUMBA_CACHE_DIR; without it every start compiles", NOTE)
    yield _writable("Brian2 cache", lambda: cache_directory("cython"), "set XDG_CACHE_HOME", FAULT)
    place = Path(store) if store is not None else default_root()
    yield _writable("store", lambda: _existing(place), "set POPDYN_STORE, or give --store", FAULT, shown=place)


def _writable(name: str, find: Callable[[], Path], fix: str, otherwise: str, shown: Path | None = None) -> Check:
    try:
        folder = find()
        if shown is None:
            folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            return Check(name, OK, f"{shown or folder} is writable")
    except (OSError, ResourceError) as error:
        return Check(name, otherwise, str(error), fix)


def _existing(path: Path) -> Path:
    """The path, or the nearest folder above it that exists."""
    path = path.absolute()
    return next(folder for folder in (path, *path.parents) if folder.is_dir())


def check_room(store: str | Path | None) -> Iterator[Check]:
    """Free disk where results go, and memory."""
    from popdyn.store import default_root

    free = shutil.disk_usage(_existing(Path(store) if store is not None else default_root())).free
    status, fix = (OK, "") if free > LEAST_DISK else (NOTE, "results of many runs may not fit")
    yield Check("disk", status, f"{free / 1e9:.1f} GB free", fix)
    memory = _available_memory()
    if memory is None:
        yield Check("memory", NOTE, "unknown on this system")
    else:
        enough = memory > LEAST_MEMORY
        fix = "" if enough else "a density needs 0.4 GB, 10,000 spiking neurons about 0.5 GB"
        yield Check("memory", OK if enough else NOTE, f"{memory / 1e9:.1f} GB available, {os.cpu_count()} cores", fix)


def _available_memory() -> float | None:
    try:
        lines = Path("/proc/meminfo").read_text().splitlines()
    except OSError:
        return None
    return next((1024.0 * int(line.split()[1]) for line in lines if line.startswith("MemAvailable")), None)


def check_density() -> Iterator[Check]:
    """Derive and integrate a toy population; the time includes compiling where the cache is empty."""
    from popdyn.rungs.density import Density
    from popdyn.spec import load

    began = time.perf_counter()
    rate = Density(load(TOY)).rates()["E"]
    yield Check("density toy job", OK, f"{rate:.2f} Hz in {time.perf_counter() - began:.1f} s")


def check_brian2() -> Iterator[Check]:
    """Simulate 1000 neurons with Brian2's numpy target, which needs no compiler."""
    from popdyn.ground_truth import simulate
    from popdyn.spec import load

    began = time.perf_counter()
    truth = simulate(load(TOY), "toy", backend="numpy", dt=1e-4, groups=2)
    rate = float(truth["rate"].mean())
    yield Check("Brian2 toy job", OK, f"{rate:.2f} Hz in {time.perf_counter() - began:.1f} s")

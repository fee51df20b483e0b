"""How rates and a unit's parameters follow the spiking parameters: a grid of specs, on all cores, resumable."""

from __future__ import annotations

import itertools
import json
import multiprocessing
import os
import tempfile
from collections.abc import Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path
from typing import Any

import numpy as np

from popdyn.errors import ResourceError, UsageError
from popdyn.fitting.rate_fit import Shape
from popdyn.rungs.families import FAMILIES
from popdyn.spec import Network
from popdyn.types import FloatArray, Progress
from popdyn.workflows.map_axes import Axis, adapts, at_point, parse_axes, words_of
from popdyn.workflows.map_cells import Cell, Task, base_domains, compute_into, leave_interrupts_to_the_parent, read_cell
from popdyn.workflows.map_result import Output, ParameterMap
from popdyn.workflows.source import open_source
from popdyn.workflows.unit_rung import not_alone

NO_UNIT = "none"


def map_parameters(
    given: str | Path | Mapping[str, Any] | Network, vary: Sequence[str], *, family: str = "softplus",
    adaptation: int | None = None, varying_tau: bool = False, processes: int | None = None, seed: int = 0,
    out: str | Path | None = None, progress: Progress | None = None,
) -> ParameterMap:  # fmt: skip
    """Stationary rates [1/s] and the parameters of fitted units (SI) on a grid of spiking parameters.

    Parameters
    ----------
    vary : e.g. ["b=0 pA:100 pA:11", "V_th.std=0:4:9"]: first, last, count; bare numbers are in the spec's own unit
    family : of the unit, fitted in every cell on the same range of input (the spec's own); "none": rates alone
    adaptation, varying_tau : of the unit, as `popdyn.fit` has them
    processes : [default: the cores at hand]. A script that uses several needs `if __name__ == "__main__":`
    out : folder; finished cells stay in it, and the same call goes on from them

    Raises UsageError for an unknown parameter, another unit, an empty range, a point at which there is no such neuron.
    Example: map_parameters("a.toml", ["b=0:100:5"]).at(b=30e-12)["E.rate"].
    """
    if progress is not None:
        progress(0.0, "preparing: specs of all cells, range of input (a first run compiles)")
    network = open_source(given).network
    axes = parse_axes(vary, network, given)
    tasks = _tasks(network, axes, _shapes(network, axes, family, adaptation, varying_tau), seed)
    count = processes or len(os.sched_getaffinity(0))
    if count < 1:
        raise UsageError(f"--processes: got {processes}; allowed: at least 1")
    with tempfile.TemporaryDirectory() as scratch:
        cells = _run(tasks, Path(out or scratch), count, progress)
    return _collected(network, axes, family, [cells[task.key] for task in tasks])


def keep(found: ParameterMap, folder: Path) -> tuple[Path, ...]:
    """Writes map.json, map.csv and the picture."""
    from popdyn.report.figure_map import write_map_figure

    folder.mkdir(parents=True, exist_ok=True)
    document, table = folder / "map.json", folder / "map.csv"
    document.write_text(json.dumps(found.to_dict(), indent=1, allow_nan=False) + "\n", encoding="utf-8")
    table.write_text(found.to_csv(), encoding="utf-8")
    axes = [(f"{a.label} [{a.unit}]" if a.unit else a.label, a.shown) for a in found.axes]
    panels = [(f"{o.name} [{o.unit}]", o.values, o.low, o.high) for o in found.outputs.values()]
    return document, table, *write_map_figure(axes, panels, folder / "map")


def _shapes(
    network: Network, axes: Sequence[Axis], family: str, adaptation: int | None, varying_tau: bool
) -> dict[str, Shape]:
    if family == NO_UNIT:
        return {}
    if family not in FAMILIES:
        raise UsageError(f"--family: got {family!r}; allowed: {', '.join((*FAMILIES, NO_UNIT))}")
    why = not_alone(network)
    if why:
        raise UsageError(f"--family: a rate unit is fitted to populations that stand alone; {why}; use --family none")
    shapes = {}
    for name in network.populations:
        may = adapts(network, name) or any(a.population == name and a.name in ("a", "b") for a in axes)
        shapes[name] = Shape(family, int(may) if adaptation is None else adaptation, varying_tau)
    return shapes


def _tasks(network: Network, axes: Sequence[Axis], shapes: dict[str, Shape], seed: int) -> list[Task]:
    """One per cell, in the order of the grid; all specs are checked before anything is computed."""
    points = itertools.product(*(axis.values for axis in axes))
    specs = [at_point(network, axes, point) for point in points]
    domains = base_domains(network, list(shapes)) if shapes else {}
    return [Task(spec, shapes, domains, seed) for spec in specs]


def _run(tasks: list[Task], folder: Path, processes: int, progress: Progress | None) -> dict[str, Cell]:
    """Every cell, from its file where it is finished."""
    say = progress or (lambda _fraction, _message: None)
    todo = {task.key: task for task in tasks if read_cell(folder, task.key) is None}
    done, total = len(tasks) - len(todo), len(tasks)
    say(done / total, f"mapping: {done} of {total} cells")
    for k, _ in enumerate(_finished(list(todo.values()), folder, min(processes, len(todo))), start=done + 1):
        say(k / total, f"mapping: {k} of {total} cells")
    cells = {task.key: read_cell(folder, task.key) for task in tasks}
    return {key: cell for key, cell in cells.items() if cell is not None}


def _finished(tasks: list[Task], folder: Path, processes: int) -> Any:
    """Keys as they are finished. Ctrl-C: cells that have begun are finished and kept, no others begin."""
    if processes <= 1:
        yield from (compute_into(task, folder) for task in tasks)
        return
    context = multiprocessing.get_context("spawn")
    pool = ProcessPoolExecutor(processes, context, initializer=leave_interrupts_to_the_parent)
    try:
        for future in as_completed([pool.submit(compute_into, task, folder) for task in tasks]):
            yield future.result()
    except BrokenProcessPool as error:
        fix = 'fewer --processes, or `if __name__ == "__main__":` in the script that calls it; the same command goes on'
        raise ResourceError(f"a worker process ended before its cell was finished; {fix}") from error
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _collected(network: Network, axes: tuple[Axis, ...], family: str, cells: list[Cell]) -> ParameterMap:
    shape = tuple(len(axis.values) for axis in axes)
    failed = {}
    for index, cell in zip(np.ndindex(*shape), cells, strict=True):
        if "failed" in cell:
            point = [axis.values[i] for axis, i in zip(axes, index, strict=True)]
            failed[",".join(map(str, index))] = f"{words_of(axes, point)}: {cell['failed']}"
    outputs: dict[str, Output] = {}
    for name in network.populations:
        entries = [cell["populations"][name] if "populations" in cell else {} for cell in cells]
        outputs[f"{name}.rate"] = Output(f"{name}.rate", "Hz", _table(entries, shape, "rate"))
        if any("sd_log_rate" in entry for entry in entries):
            equal = [{"sd_log_rate": 0.0} | entry if entry else entry for entry in entries]
            outputs[f"{name}.sd_log_rate"] = Output(f"{name}.sd_log_rate", "1", _table(equal, shape, "sd_log_rate"))
        first: dict[str, Any] = next((entry["unit"]["parameters"] for entry in entries if "unit" in entry), {})
        for key, p in first.items():
            one = [entry["unit"]["parameters"][key] if "unit" in entry else {} for entry in entries]
            tables = [_table(one, shape, column) for column in ("value", "low", "high")]
            outputs[f"{name}.{key}"] = Output(f"{name}.{key}", p["unit"], *tables)
    cpu_s = float(sum(cell["cpu_s"] for cell in cells))
    return ParameterMap(axes, outputs, network.spec_hash, family, failed, cpu_s)


def _table(entries: list[dict[str, Any]], shape: tuple[int, ...], key: str) -> FloatArray:
    return np.array([entry.get(key, np.nan) for entry in entries], dtype=np.float64).reshape(shape)

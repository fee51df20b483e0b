"""Spec in, rate model and error report out: derive, simulate the truth beside it, compare, write."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import CancelledError, Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

from popdyn.comparison import compare
from popdyn.errors import NumericsError, UsageError
from popdyn.fitting import density_over_domain, fit_cascade
from popdyn.report import judge, to_json, validate
from popdyn.report import write as write_report
from popdyn.rungs.density import Density
from popdyn.rungs.model_file import write_model
from popdyn.rungs.unit import join
from popdyn.spec import Network, load
from popdyn.workflows.conversion import Conversion
from popdyn.workflows.convert_report import report_document
from popdyn.workflows.prediction import predict_error
from popdyn.workflows.source import protocol_name
from popdyn.workflows.truth import Truth, from_file, simulate_truth

Progress = Callable[[float, str], None]
TARGETS = ("density", "unit")


def convert(
    spec: str | Path | Mapping[str, Any] | Network, *, to: str = "unit", tolerance: float = 0.02,
    protocol: str | None = None, truth: str | Path | bool = True, seed: int = 0, out: str | Path | None = None,
    store: str | Path | None = None, progress: Progress | None = None, command: str = "",
) -> Conversion:  # fmt: skip
    """Derive the density rung and a unit, simulate the spiking network, compare, report.

    Parameters
    ----------
    to : rung that the verdict is about: "density" or "unit"
    tolerance : bar for the noise-corrected nrmse and the bias
    protocol : name in the spec; default: its first
    truth : True: simulate (or reuse from the store); False: none, the report is stamped unverified; a path: reuse
    out : folder for report.json, report.html and model.json; None writes nothing
    """
    if to not in TARGETS:
        raise UsageError(f"--to: got {to!r}; allowed: {', '.join(TARGETS)} (`modes` is not derived yet)")
    network = load(spec)
    name = protocol_name(network, protocol)
    say = progress or _silent
    stop = threading.Event()
    with ThreadPoolExecutor(max_workers=1) as pool:
        try:
            pending = _start_truth(pool, network, name, truth, seed, store, _stoppable(say, stop))
            say(0.0, "deriving the density equations (a first run compiles them)")
            work = _derive(network, name, to, tolerance, say)
            if pending is not None:
                work.truth = pending.result()
        except BaseException:  # Ctrl-C too: the pool waits for its thread, and the neurons would go on without us
            stop.set()
            raise
    _compare_all(work)
    work.document = _document(work, command, _spec_text(spec))
    if out is not None:
        write(work, out)
    return work


def _silent(fraction: float, message: str) -> None:
    """No progress."""


def _stoppable(say: Progress, stop: threading.Event) -> Progress:
    """Progress of the thread that ends it when `stop` is set."""

    def progress(fraction: float, message: str) -> None:
        if stop.is_set():
            raise CancelledError
        say(fraction, message)

    return progress


def _start_truth(
    pool: ThreadPoolExecutor, network: Network, protocol: str, truth: str | Path | bool, seed: int,
    store: str | Path | None, say: Progress,
) -> Future[Truth] | None:  # fmt: skip
    """The truth in the background: its work is in processes of its own."""
    if truth is False:
        return None
    if truth is True:
        return pool.submit(simulate_truth, network, protocol, seed=seed, store=store, progress=say)
    ready: Future[Truth] = Future()
    ready.set_result(from_file(truth, network, protocol))
    return ready


def _derive(network: Network, protocol: str, to: str, tolerance: float, say: Progress) -> Conversion:
    began = time.process_time()
    work = Conversion(network, protocol, to, tolerance, _density(network))
    duration = network.protocols[protocol].duration + network.protocols[protocol].transient
    work.density.simulate(protocol)
    _cost(work, "density rung (compilation included on a first run)", began)
    work.results["density"] = work.density.simulate(protocol)  # compiled by now: its cost is what the report shows
    mean = Density(network, closure="mean", domain=work.density.domains)
    work.results["mean closure"] = mean.simulate(protocol).assign_attrs(rung="mean closure")
    say(0.2, "predicting the error of the density rung")
    began = time.process_time()
    work.predicted = predict_error(work.density, protocol, work.results["density"])
    _cost(work, "predicted error", began)
    say(0.3, "fitting a rate unit to the density rung")
    began = time.process_time()
    try:
        work.fits = {name: fit_cascade(work.density, name) for name in network.populations}
        work.unit = join([fit.unit for fit in work.fits.values()])
        work.results["unit"] = work.unit.simulate(protocol)
    except NumericsError as error:
        if to == "unit":
            raise
        work.fits, work.unit = {}, None
        work.warnings.append(f"no unit was fitted: {error}")
    _cost(work, "unit: fit and held-out protocols", began)
    work.costs.append({"stage": "simulated time", "cpu_s": None, "wall_s": None, "note": f"{duration:g} s per rung"})
    return work


def _density(network: Network) -> Density:
    """On grids that serve the unit's domain too; on those of the protocols where that domain cannot be found."""
    try:
        return density_over_domain(network)
    except NumericsError:
        return Density(network)


def _cost(work: Conversion, stage: str, began: float) -> None:
    work.costs.append({"stage": stage, "cpu_s": time.process_time() - began, "wall_s": None, "note": ""})


def _compare_all(work: Conversion) -> None:
    """Truth against every derived rung, and the density against what stands below it."""
    slowest = max(5.0 * p.tau_w if p.adapts else 0.1 for p in work.density.problems.values())
    below: list[str] = [name for name in ("mean closure", "unit") if name in work.results]
    pairs = [(work.results["density"], name) for name in below]
    if work.truth is not None:
        found = work.truth
        note = "reused from the store or a file" if found.reused else "Brian2, compilation included"
        work.costs.append({"stage": "spiking truth", "cpu_s": found.cpu_s, "wall_s": found.wall_s, "note": note})
        pairs = [(found.dataset, name) for name in ("density", *below)] + pairs
    for truth, name in pairs:
        block = slowest if truth.sizes["run"] > 1 else None
        work.comparisons.append(compare(truth, work.results[name], tolerance=work.tolerance, block=block))


def _document(work: Conversion, command: str, spec_text: str) -> dict[str, Any]:
    document = to_json(report_document(work, command, spec_text))
    document["verdict"] = dict(judge(validate(document)))
    return dict(document)


def _spec_text(spec: Any) -> str:
    return Path(spec).read_text(encoding="utf-8") if isinstance(spec, str | Path) else ""


def write(work: Conversion, out: str | Path) -> None:
    """report.json, report.html and model.json in a folder."""
    folder = Path(out)
    folder.mkdir(parents=True, exist_ok=True)
    write_report(work.document, folder)
    if work.unit is not None:
        write_model(work.unit, folder / "model.json")


__all__ = ["TARGETS", "Conversion", "convert", "write"]

"""Spec in, rate model and error report out: derive, simulate the truth beside it, compare, write."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from concurrent.futures import CancelledError, Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from popdyn.comparison import compare
from popdyn.errors import DomainError, UsageError
from popdyn.neurons import MODELS
from popdyn.neurons.traces import slowest
from popdyn.report import judge, to_json, validate
from popdyn.report import write as write_report
from popdyn.rungs.choose import has_escape_noise, is_coupled, is_mixed
from popdyn.rungs.cohort_density import CohortDensity
from popdyn.rungs.cohort_nodes import CohortNodes
from popdyn.rungs.coupled import CoupledDensity
from popdyn.rungs.density_document import DensityModel
from popdyn.rungs.mixed import MixedDensity
from popdyn.rungs.model_file import write_model
from popdyn.spec import Network, Population, load
from popdyn.workflows.annealed import anneal
from popdyn.workflows.conversion import Conversion
from popdyn.workflows.convert_report import report_document
from popdyn.workflows.derive_alone import derive_alone
from popdyn.workflows.derive_cohorts import derive_cohorts
from popdyn.workflows.derive_mixed import derive_mixed
from popdyn.workflows.derive_network import derive_network
from popdyn.workflows.modes_rung import REFUSED, add_modes, no_modes
from popdyn.workflows.progress import parts
from popdyn.workflows.source import protocol_name
from popdyn.workflows.stages import INFINITE, MEAN_FIELD
from popdyn.workflows.truth import Truth, from_file, simulate_truth, truth_job
from popdyn.workflows.unit_rung import UNIT_REFUSED, has_node_units, no_unit, no_units

Progress = Callable[[float, str], None]
TARGETS = ("density", "modes", "unit")
COARSEST = 0.02
"""Nodes and finite jumps of a network are chosen for at most this tolerance, however coarse the verdict's."""
BELOW = ("mean closure", MEAN_FIELD, "modes", "unit")


@dataclass(frozen=True)
class Order:
    """What was asked for, checked."""

    network: Network
    protocol: str
    to: str
    why: str  # a density and no unit
    tolerance: float
    truth: str | Path | bool
    seed: int
    finite_size: bool
    annealed: bool
    store: str | Path | None


def convert(
    spec: str | Path | Mapping[str, Any] | Network, *, to: str | None = None, tolerance: float = 0.02,
    protocol: str | None = None, truth: str | Path | bool = True, seed: int = 0, finite_size: bool = False,
    annealed: bool = False, out: str | Path | None = None, store: str | Path | None = None,
    progress: Progress | None = None, command: str = "",
) -> Conversion:  # fmt: skip
    """Derive the density (and units where they are wanted), simulate the spiking network, compare, report.

    Parameters
    ----------
    to : rung that the verdict is about, "density", "modes", "unit"; None: the unit of populations that stand alone, and
        the density of networks
    tolerance : bar for the noise-corrected nrmse and the bias
    protocol : name in the spec; default: its first
    truth : True: simulate (or reuse from the store); False: none, the report is stamped unverified; a path: reuse
    finite_size : the density has populations of their size, one seed for each group of the truth
    annealed : simulate also the network with independent inputs: a line of its own in the error budget
    out : folder for report.json, report.html and model.json; None writes nothing
    """
    order = _order(load(spec), to, tolerance, protocol, truth, seed, finite_size, annealed, store)
    say, of_truth, of_annealed = parts(progress or _silent, 1.0, order.truth is True, order.annealed)
    stop = threading.Event()
    with ThreadPoolExecutor(max_workers=1) as pool:
        try:
            pending = _start_truth(pool, order, _stoppable(of_truth, stop))
            if order.why:
                say(0.0, f"to the density rung, {order.why}")
            say(0.0, "deriving the density equations (a first run compiles them)")
            work = _derive(order, pending, say)
            if pending is not None:
                work.truth = pending.result()
        except BaseException:  # Ctrl-C too: the pool waits for its thread, and the neurons would go on without us
            stop.set()
            raise
    if order.annealed and work.truth is not None:
        _anneal(work, order, of_annealed)
    _compare_all(work)
    work.document = _document(work, command, _spec_text(spec))
    if out is not None:
        write(work, out)
    return work


def _order(
    network: Network, to: str | None, tolerance: float, protocol: str | None, truth: str | Path | bool, seed: int,
    finite_size: bool, annealed: bool, store: str | Path | None,
) -> Order:  # fmt: skip
    if to is not None and to not in TARGETS:
        raise UsageError(f"--to: got {to!r}; allowed: {', '.join(TARGETS)}")
    if to == "unit" and (none := no_units(network)):
        raise UsageError(UNIT_REFUSED.format(option="to", why=none, fix="--to density"))
    if to == "modes" and (none := no_modes(network)):
        raise UsageError(REFUSED.format(option="to modes", why=none, fix="--to density"))
    if to in ("modes", "unit") and finite_size:
        raise UsageError(f"--finite-size: the {to} rung has no size; allowed: --to density")
    if annealed and (truth is False or not network.connections):
        need = "a spiking network to take rates from" if truth is False else "connections to replace"
        raise UsageError(f"--annealed: needs {need}; allowed: networks with connections, without --no-truth")
    chosen = to or ("density" if no_unit(network) or finite_size else "unit")
    name, why = protocol_name(network, protocol), "" if to else _why_density(network)
    return Order(network, name, chosen, why, tolerance, truth, seed, finite_size, annealed, store)


def _why_density(network: Network) -> str:
    """Why the density, and no unit, is what a network is converted to by default; empty where the unit is."""
    why = no_unit(network)
    if why and has_node_units(network):
        return f"the default where {why}; --to unit fits rate units to its nodes"
    return why and f"no rate unit fits, {why}"


def _silent(fraction: float, message: str) -> None:
    """No progress."""


def _stoppable(say: Progress, stop: threading.Event) -> Progress:
    """Progress of the thread that ends it when `stop` is set."""

    def progress(fraction: float, message: str) -> None:
        if stop.is_set():
            raise CancelledError
        say(fraction, message)

    return progress


def _start_truth(pool: ThreadPoolExecutor, order: Order, say: Progress) -> Future[Truth] | None:
    """The truth in the background: its work is in processes of its own."""
    if order.truth is False:
        return None
    if order.truth is True:
        return pool.submit(
            simulate_truth, order.network, order.protocol, seed=order.seed, store=order.store, progress=say
        )  # fmt: skip
    ready: Future[Truth] = Future()
    ready.set_result(from_file(order.truth, order.network, order.protocol))
    return ready


def _derive(order: Order, pending: Future[Truth] | None, say: Progress) -> Conversion:
    escape, both = has_escape_noise(order.network), is_mixed(order.network)
    differ = any(p.spread for p in order.network.populations.values())
    coupled = order.finite_size or is_coupled(order.network)
    alone = order.to == "unit" and not has_node_units(order.network)
    if not (escape or both or differ) and (alone or not coupled):
        return derive_alone(order.network, order.protocol, order.to, order.tolerance, say)
    runs = 0
    if order.finite_size and order.truth is True:
        runs = truth_job(order.network, order.protocol).groups
    elif order.finite_size:
        runs = 1 if pending is None else pending.result().dataset.sizes["run"]
    fine = min(order.tolerance, COARSEST)
    options: dict[str, Any] = {"finite_runs": runs, "seed": order.seed}
    if both:
        work = derive_mixed(order.network, order.protocol, fine, say, **options)
    else:
        derive = derive_cohorts if escape else derive_network
        work = derive(order.network, order.protocol, fine, say, to=order.to, **options)
    if order.to == "modes":
        work.target = "modes"
        add_modes(work, say)
    work.tolerance = order.tolerance
    work.summary = order.why and f"Converted to the density rung: {order.why}."
    return work


def _anneal(work: Conversion, order: Order, say: Progress) -> None:
    if work.truth is None:
        return
    say(0.0, "annealed network: the same neurons with independent inputs")
    try:
        work.annealed = anneal(work.truth, work.network, work.protocol, store=order.store, progress=say)
    except DomainError as error:
        work.warnings.append(f"there is no annealed network: {error}")
        return
    work.results["annealed"] = work.annealed.dataset


def _compare_all(work: Conversion) -> None:
    """Truth against every derived rung, the density against what stands below it, the annealed network between."""
    block_s = max(_memory(p) for p in work.network.populations.values())
    below = [name for name in BELOW if name in work.results]
    exact = INFINITE if INFINITE in work.results else "density"
    pairs = [(work.results[exact], name) for name in below]
    if work.annealed is not None:
        pairs = [(work.annealed.dataset, "density"), *pairs]
    if work.truth is not None:
        beside = [name for name in ("annealed", INFINITE, *below) if name in work.results]
        pairs = [(work.truth.dataset, name) for name in ("density", *beside)] + pairs
    for stage, found in (("spiking truth", work.truth), ("annealed network", work.annealed)):
        if found is not None:
            note = "reused from the store or a file" if found.reused else "Brian2, compilation included"
            work.cost(stage, found.cpu_s, found.wall_s, note)
    for truth, name in pairs:
        block = block_s if truth.sizes["run"] > 1 else None
        work.comparisons.append(compare(truth, work.results[name], tolerance=work.tolerance, block=block))


def _memory(population: Population) -> float:
    """Blocks of time [s] of the bootstrap: five times the slowest adaptation, at least 0.1 s."""
    p = population.neuron.parameters
    tau_w = p["tau_w"] if p.get("a") or p.get("b") else 0.0
    return max(0.1, 5.0 * tau_w, 5.0 * slowest(MODELS[population.neuron.model].traces, p))


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
    if work.target == "modes" and work.modes is not None:
        write_model(work.modes, folder / "model.json")
    elif work.unit is not None:
        write_model(work.unit, folder / "model.json")
    elif isinstance(work.density, CoupledDensity | CohortDensity | CohortNodes | MixedDensity):
        write_model(DensityModel(work.network, work.density.settings), folder / "model.json")


__all__ = ["TARGETS", "Conversion", "convert", "write"]

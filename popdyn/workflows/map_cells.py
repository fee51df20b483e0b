"""One cell of a map: rates and fitted units of a spec, kept as a file that is complete or is not there."""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from popdyn.errors import NumericsError
from popdyn.fitting.density_target import make_target
from popdyn.fitting.domain import asked_domain, training_domain
from popdyn.fitting.rate_fit import Shape, fit_to_rung
from popdyn.neurons import MODELS
from popdyn.rungs.choose import density_rung
from popdyn.rungs.coupled import CoupledDensity
from popdyn.rungs.density import Density
from popdyn.rungs.mixed import MixedDensity
from popdyn.spec import Network
from popdyn.store import job_key
from popdyn.theory.discretisation import Domain, union
from popdyn.theory.problem import DEFAULT_CLOSURE, input_statistics
from popdyn.theory.sensitivity import rate_sensitivity
from popdyn.types import DerivedRung
from popdyn.workflows.over_neurons import lognormal_sd, nodes_of, sd_log_rate

FORMAT = 2
"""Of the cells' files; a new number where a cell's numbers mean something else."""
CONSTANT = 1e-6

Cell = dict[str, Any]


@dataclass(frozen=True)
class Task:
    """What a cell is computed from. `shapes`: the unit of each population (none: rates alone), on `domains`."""

    network: Network
    shapes: dict[str, Shape]
    domains: dict[str, Domain]
    seed: int = 0

    @property
    def key(self) -> str:
        shapes = {name: asdict(shape) for name, shape in self.shapes.items()}
        domains = {name: asdict(domain) for name, domain in self.domains.items()}
        named = {"kind": "map cell", "format": FORMAT, "spec": self.network.spec_hash, "seed": self.seed}
        return job_key({**named, "shapes": shapes, "domains": domains})


def base_domains(network: Network, names: Sequence[str]) -> dict[str, Domain]:
    """The range of input of the spec itself, on which every cell's unit is fitted; of its homogeneous neurons."""
    if any(MODELS[p.neuron.model].escape for p in network.populations.values()):
        return {name: asked_domain(network, name) for name in names}
    plain = {name: replace(p, spread={}, correlations=()) for name, p in network.populations.items()}
    density = Density(replace(network, populations=plain))
    return {name: training_domain(make_target(density, name)) for name in names}


def compute(task: Task) -> Cell:
    """Rates [1/s] and unit parameters (SI) of every population; what failed is said, not hidden."""
    began = time.process_time()
    try:
        found = _populations(task)
    except NumericsError as error:
        return {"failed": str(error), "cpu_s": time.process_time() - began}
    return {"populations": found, "cpu_s": time.process_time() - began}


def compute_into(task: Task, folder: Path) -> str:
    """`compute`, published under the task's key by a rename."""
    text = json.dumps(compute(task), allow_nan=False)
    path = cell_path(folder, task.key)
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(f".{os.getpid()}.partial")
    partial.write_text(text + "\n", encoding="utf-8")
    partial.replace(path)
    return task.key


def cell_path(folder: Path, key: str) -> Path:
    return folder / "cells" / f"{key}.json"


def read_cell(folder: Path, key: str) -> Cell | None:
    """A finished cell; None where there is none, or a file that is no cell."""
    try:
        cell = json.loads(cell_path(folder, key).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return cell if isinstance(cell, dict) and ("populations" in cell or "failed" in cell) else None


def leave_interrupts_to_the_parent() -> None:
    """In a worker: Ctrl-C lets it finish its cell."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def _populations(task: Task) -> dict[str, Any]:
    rung = _rung(task)
    found: dict[str, Any] = {name: {"rate": rate} for name, rate in rung.rates().items()}
    several = rung.node_rates() if isinstance(rung, CoupledDensity | MixedDensity) else []
    for name, nodes in nodes_of(several).items():
        if len(nodes) > 1:
            found[name]["sd_log_rate"] = sd_log_rate(nodes)
        elif task.network.populations[name].spread and not task.network.connections:
            found[name]["sd_log_rate"] = _narrow(task.network, name)
    for name, shape in task.shapes.items():
        fit = fit_to_rung(rung, task.network, name, shape, domain=_own(task, name), seed=task.seed)
        found[name]["unit"] = {
            "parameters": {
                p.name: {"value": p.value, "low": p.low, "high": p.high, "unit": p.unit, "identified": p.identified}
                for p in fit.parameters
            },
            "heldout": {e.protocol: e.nrmse for e in fit.heldout},
        }
    return found


def _narrow(network: Network, name: str) -> float:
    """s.d. of the log rate over neurons whose spread one node stands for: to first order."""
    population = network.populations[name]
    plain = replace(population, spread={}, correlations=())
    alone = Density(replace(network, populations={name: plain}, protocols={}))
    sd = {key: d.moments[1] for key, d in population.spread.items()}
    found = rate_sensitivity(plain, alone.grids[name].operator, DEFAULT_CLOSURE, list(sd))
    return lognormal_sd(found.rate, found.spread(sd, population.correlations) ** 2)


def _rung(task: Task) -> DerivedRung:
    """With grids that serve the domain of the fits; a density chooses its own otherwise."""
    rung = density_rung(task.network)
    if not isinstance(rung, Density) or not task.domains:
        return rung
    return Density(
        task.network, domain={name: union(reached, _own(task, name)) for name, reached in rung.domains.items()}
    )


def _own(task: Task, name: str) -> Domain:
    """The map's domain, at this cell's sigma where no protocol moves sigma."""
    domain, sigma = task.domains[name], input_statistics(task.network.populations[name])[1]
    if domain.sigma_high - domain.sigma_low > CONSTANT * domain.sigma_high:
        return domain
    return Domain(domain.mu_low, domain.mu_high, sigma, sigma)

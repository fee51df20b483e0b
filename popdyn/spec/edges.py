"""Edge tables of explicit connections: checked, sorted, named by a hash; packed into resolved documents."""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from popdyn.distributions import Array, Distribution
from popdyn.parameters import Parameter
from popdyn.quantities import UNITS, units_of
from popdyn.spec.edge_files import COLUMNS, MAX_EDGES, Columns, read_columns
from popdyn.spec.network import Edges, Neuron, Population, Synapse
from popdyn.spec.section import Section, bounds, show
from popdyn.spec.synapse import DELAY, SYNAPSES, J
from popdyn.spec.weight import weight_parameter

STRATA = 1000
_TYPES = {"source": "<i4", "target": "<i4", "weight": "<f8", "delay": "<f8"}


def make_edges(columns: Mapping[str, Any], path: str = "") -> Edges:
    """The sorted table with its hash, from columns in SI."""
    source, target = (np.asarray(columns[name]).astype(np.int64) for name in ("source", "target"))
    weight, delay = (np.broadcast_to(np.asarray(columns[n], dtype=float) + 0.0, source.shape) for n in COLUMNS[2:])
    order = np.lexsort((delay, weight, source, target))
    arrays = [column[order] for column in (source, target, weight, delay)]
    digest = hashlib.sha256(f"popdyn edges {source.size}".encode())
    for array in arrays:
        digest.update(np.ascontiguousarray(array).astype(array.dtype.newbyteorder("<")).tobytes())
    return Edges(path, digest.hexdigest(), arrays[0], arrays[1], arrays[2], arrays[3])


def read_edges(
    section: Section, synapse: Synapse, source: Population, target: Population, sign: int
) -> tuple[Edges, Synapse] | None:
    """The table that `edges` names, and the synapse with its weights and delays in summary; None after a fault.

    `sign`: of the declared type, 0 without one.
    """
    before = len(section.faults)
    _, given = section.take("edges")
    name = given if isinstance(given, str) else ""
    columns = _columns(section, given)
    if columns is None or not _indices(section, columns, source.size, target.size):
        return None
    weight = _weight(section, columns, synapse, target.neuron, sign)
    delay = _delay(section, columns, synapse)
    if weight is None or delay is None or len(section.faults) > before:
        return None
    edges = make_edges({**columns, "weight": weight, "delay": delay}, name)
    if section.resolved and isinstance(given, Mapping) and given.get("sha256") not in (None, edges.sha256):
        section.fault("edges", "edges with another hash", "the edges that popdyn wrote", "load the spec itself")
        return None
    mean, delay_mean = float(edges.weight.mean()), float(edges.delay.mean())
    summary = {"weight": _summary(edges.weight), "delays": _summary(edges.delay)}
    return edges, replace(synapse, J=mean, delay=delay_mean, weight=summary["weight"], delays=summary["delays"])


def _summary(column: Array) -> Distribution | None:
    """The column as a distribution: means of up to STRATA equal parts of its sorted values; None if all are equal."""
    if np.all(column == column[0]):
        return None
    strata = min(STRATA, column.size)
    total = np.concatenate([[0.0], np.cumsum(np.sort(column))])
    ends = np.interp(np.linspace(0.0, column.size, strata + 1), np.arange(column.size + 1), total)
    return Distribution("empirical", tuple((np.diff(ends) * (strata / column.size)).tolist()))


def pack(edges: Edges, *, arrays: bool) -> dict[str, Any]:
    """The table as JSON: its name, and the columns in base64 (a number where all values are equal)."""
    named = {"count": int(edges.source.size), "sha256": edges.sha256}
    return {**named, **({name: _packed(name, getattr(edges, name)) for name in COLUMNS} if arrays else {})}


def _packed(name: str, column: Array) -> Any:
    if name in ("weight", "delay") and np.all(column == column[0]):
        return float(column[0])
    return base64.b64encode(column.astype(_TYPES[name]).tobytes()).decode("ascii")


def _columns(section: Section, given: Any) -> Columns | None:
    if not isinstance(given, Mapping):
        return read_columns(section, "edges", given)
    inner = section.inner(given, "edges")
    read = _unpacked if section.resolved else _listed
    found = {name: read(inner, name) for name in COLUMNS}
    for key in ("count", "sha256") if section.resolved else ():
        inner.take(key)
    inner.close()
    columns = {name: column for name, column in found.items() if column is not None}
    missing = {"source", "target"} - set(columns)
    if missing or len({column.size for column in columns.values() if column.ndim}) > 1:
        allowed = "columns of equal length: source, target, weight, delay"
        section.fault("edges", f"no {min(missing)}" if missing else "columns of different lengths", allowed)
        return None
    return columns


def _listed(inner: Section, name: str) -> Array | None:
    _, given = inner.take(name)
    if given is None:
        return None
    if isinstance(given, (list, tuple)) and given and all(type(x) in (int, float) for x in given):
        return np.asarray(given, dtype=float)
    inner.fault(name, show(given), "a list of numbers", "write the units as weight_unit and delay_unit")
    return None


def _unpacked(inner: Section, name: str) -> Array | None:
    _, given = inner.take(name)
    if given is None or (isinstance(given, float) and _TYPES[name] == "<f8"):
        return None if given is None else np.asarray(given)
    try:
        data = base64.b64decode(given, validate=True) if isinstance(given, str) else b""
        width = np.dtype(_TYPES[name]).itemsize
        if 0 < len(data) <= MAX_EDGES * width and len(data) % width == 0:
            return np.frombuffer(data, dtype=_TYPES[name]).astype(float)
    except (binascii.Error, ValueError):
        pass
    inner.fault(name, show(given), "base64 of a column, as popdyn writes it", "load the spec itself")
    return None


def _indices(section: Section, columns: Columns, sources: int, targets: int) -> bool:
    """Whole numbers from 0 to below the size of their population; finite weights and delays."""
    for name, size in (("source", sources), ("target", targets)):
        column = columns[name]
        with np.errstate(invalid="ignore"):
            wrong = np.flatnonzero(~((column >= 0) & (column < size) & (column == np.floor(column))))
        if wrong.size:
            got = f"{name} {column[wrong[0]]:.6g} in row {wrong[0] + 1}"
            section.fault("edges", got, f"whole numbers from 0 to {size - 1}", "neurons count from 0")
            return False
    return True


def _weight(section: Section, columns: Columns, synapse: Synapse, post: Neuron, sign: int) -> Array | None:
    if "weight" not in columns:
        section.take("weight_unit")
        if synapse.J == 0:
            section.fault("J", "nothing, and no column weight", "one of them", "add J, or a column weight")
        elif synapse.weight is not None:
            section.fault("J", "a distribution", "one value, or a column weight", "draw the weights into the table")
        else:
            return np.asarray(synapse.J)
        return None
    if synapse.J != 0:
        section.take("weight_unit")
        section.fault("J", "both J and a column weight", "one of them", "remove J")
        return None
    parameter, factor = J, 1.0
    if not section.resolved:
        kind = SYNAPSES[synapse.kind]
        allowed = units_of("S") if kind.conductance else units_of("V") + (units_of("A") if kind.charge else [])
        unit = section.text("weight_unit", allowed)
        if unit is None:
            return None
        parameter, to_si = weight_parameter(kind, UNITS[unit][0], synapse.tau_syn, post)
        factor = float(UNITS[unit][1]) * (to_si or 1.0)
    elif SYNAPSES[synapse.kind].conductance:
        parameter, _ = weight_parameter(SYNAPSES[synapse.kind], "S", synapse.tau_syn, post)
    limit = parameter if parameter.unit == "S" else J
    found = _within(section, "weight", columns["weight"] * factor, limit)
    if found is not None and sign and np.any(sign * found < 0):
        row = int(np.flatnonzero(sign * found < 0)[0])
        wanted = f"{'positive' if sign > 0 else 'negative'} weights, as type says"
        section.fault("edges", f"weight {columns['weight'].flat[row]:.6g} in row {row + 1}", wanted, "correct it")
        return None
    return found


def _delay(section: Section, columns: Columns, synapse: Synapse) -> Array | None:
    if "delay" not in columns:
        section.take("delay_unit")
        if synapse.delays is not None:
            section.fault("delay", "a distribution", "one value, or a column delay", "draw the delays into the table")
            return None
        return np.asarray(synapse.delay)
    if section.given("delay"):
        section.take("delay_unit")
        section.fault("delay", "both delay and a column delay", "one of them", "remove delay")
        return None
    factor = 1.0
    if not section.resolved:
        unit = section.text("delay_unit", units_of("s"))
        if unit is None:
            return None
        factor = float(UNITS[unit][1])
    return _within(section, "delay", columns["delay"] * factor, DELAY)


def _within(section: Section, name: str, column: Array, parameter: Parameter) -> Array | None:
    above = column > parameter.lower if parameter.lower_open else column >= parameter.lower
    with np.errstate(invalid="ignore"):
        wrong = np.flatnonzero(~(above & (column <= parameter.upper)))
    if wrong.size:
        got = f"{name} {column.flat[wrong[0]]:.6g} (SI) in row {wrong[0] + 1}"
        section.fault("edges", got, bounds(parameter), "check the unit")
        return None
    return column

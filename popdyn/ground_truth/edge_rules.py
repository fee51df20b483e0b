"""Who is connected to whom: one function per rule, each giving edges sorted by source. By numpy, for every backend."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csc_array

from popdyn.errors import DomainError
from popdyn.spec.network import Connection

BATCH = 1 << 20
"""Edges that are drawn at a time where a rule needs wide temporaries."""

Index = NDArray[np.int32]


@dataclass(frozen=True)
class Wiring:
    """Targets of the edges in the order of their sources, and how many each source has."""

    counts: NDArray[np.int64]
    targets: Index

    @property
    def sources(self) -> Index:
        return np.repeat(np.arange(len(self.counts), dtype=np.int32), self.counts)


def wiring(connection: Connection, pre: int, post: int, rng: np.random.Generator) -> Wiring:
    """Edges of a connection from `pre` to `post` neurons."""
    return RULES[connection.rule](connection, pre, post, rng)


def _barred(connection: Connection) -> bool:
    """Whether a neuron must not connect to itself."""
    return connection.pre == connection.post and not connection.autapses


def _all_to_all(connection: Connection, pre: int, post: int, _rng: np.random.Generator) -> Wiring:
    targets = np.tile(np.arange(post, dtype=np.int32), pre)
    counts = np.full(pre, post, dtype=np.int64)
    if _barred(connection):
        keep = targets != np.repeat(np.arange(pre, dtype=np.int32), post)
        return Wiring(counts - 1, targets[keep])
    return Wiring(counts, targets)


def _one_to_one(connection: Connection, pre: int, post: int, _rng: np.random.Generator) -> Wiring:
    if pre != post:
        raise DomainError(
            f"connections {connection.pre} to {connection.post}: one_to_one needs equal sizes; got {pre} and {post}"
        )
    return Wiring(np.ones(pre, dtype=np.int64), np.arange(post, dtype=np.int32))


def _choices(connection: Connection, size: int, own: int, rng: np.random.Generator) -> Index:
    """K partners out of `size` for neuron `own`."""
    barred = _barred(connection)
    if connection.multapses:
        picked = rng.integers(size - barred, size=connection.K, dtype=np.int32)
    else:
        if size - barred < connection.K:
            raise DomainError(
                f"connections {connection.pre} to {connection.post}: K = {connection.K} of {size - barred} neurons; "
                "allow multapses or lower K"
            )
        picked = rng.choice(size - barred, connection.K, replace=False, shuffle=False).astype(np.int32)
    return picked + (picked >= own).astype(np.int32) if barred else picked


def _rows(connection: Connection, rows: int, size: int, rng: np.random.Generator) -> Index:
    """K partners out of `size` for each of `rows` neurons, one after the other."""
    if connection.multapses and not _barred(connection):
        return rng.integers(size, size=rows * connection.K, dtype=np.int32)
    return np.concatenate([_choices(connection, size, row, rng) for row in range(rows)] or [np.empty(0, np.int32)])


def _fixed_indegree(connection: Connection, pre: int, post: int, rng: np.random.Generator) -> Wiring:
    sources = _rows(connection, post, pre, rng)
    starts = np.arange(0, post * connection.K + 1, max(connection.K, 1))[: post + 1]
    return _by_source(sources, starts if connection.K else np.zeros(post + 1, int), pre, post)


def _fixed_outdegree(connection: Connection, pre: int, post: int, rng: np.random.Generator) -> Wiring:
    return Wiring(np.full(pre, connection.K, dtype=np.int64), _rows(connection, pre, post, rng))


def _pairwise_bernoulli(connection: Connection, pre: int, post: int, rng: np.random.Generator) -> Wiring:
    p, parts, counts = connection.p, [], np.zeros(pre, dtype=np.int64)
    rows = max(1, int(BATCH / (post * p + 1)))
    for first in range(0, pre, rows):
        height = min(rows, pre - first)
        place = _hits(height * post, p, rng)
        source, target = place // post + first, (place % post).astype(np.int32)
        if _barred(connection):
            keep = source != target
            source, target = source[keep], target[keep]
        counts[first : first + height] = np.bincount(source - first, minlength=height)
        parts.append(target)
    return Wiring(counts, np.concatenate(parts or [np.empty(0, np.int32)]))


def _hits(trials: int, p: float, rng: np.random.Generator) -> NDArray[np.int64]:
    """Which of so many independent trials of probability p succeed: by their geometric gaps."""
    if p >= 1:
        return np.arange(trials)
    found, last = list[NDArray[np.int64]](), -1
    while p > 0 and last < trials:
        expected = (trials - last) * p
        gaps = rng.geometric(p, int(expected + 6 * np.sqrt(expected) + 10))
        found.append(last + np.cumsum(gaps))
        last = int(found[-1][-1])
    places = np.concatenate(found or [np.empty(0, np.int64)])
    return places[places < trials]


def _fixed_total_number(connection: Connection, pre: int, post: int, rng: np.random.Generator) -> Wiring:
    if not connection.multapses or _barred(connection):
        return _distinct_total(connection, pre, post, rng)
    counts = rng.multinomial(connection.number, np.full(pre, 1 / pre))
    return Wiring(counts, rng.integers(post, size=connection.number, dtype=np.int32))


def _distinct_total(connection: Connection, pre: int, post: int, rng: np.random.Generator) -> Wiring:
    barred = _barred(connection)
    width = post - barred
    if not connection.multapses and connection.number > pre * width:
        raise DomainError(
            f"connections {connection.pre} to {connection.post}: {connection.number} synapses for {pre * width} pairs; "
            "allow multapses or lower number"
        )
    if connection.multapses:
        place = rng.integers(pre * width, size=connection.number)
    else:
        place = rng.choice(pre * width, connection.number, replace=False, shuffle=False)
    place.sort()
    source, target = place // width, place % width
    target += target >= source if barred else 0
    return Wiring(np.bincount(source, minlength=pre), target.astype(np.int32))


def _explicit(connection: Connection, pre: int, post: int, _rng: np.random.Generator) -> Wiring:
    edges = connection.edges
    if edges is None:
        raise DomainError(f"connections {connection.pre} to {connection.post}: the edge table was not read")
    for name, ends, size in (("source", edges.source, pre), ("target", edges.target, post)):
        if ends.size and not 0 <= ends.min() <= ends.max() < size:
            raise DomainError(f"{edges.path}: {name} {ends.max()}; allowed: 0..{size - 1}")
    order = np.argsort(edges.source, kind="stable")
    return Wiring(np.bincount(edges.source, minlength=pre), edges.target[order].astype(np.int32))


def _by_source(sources: Index, starts: NDArray[np.int64], pre: int, post: int) -> Wiring:
    """Edges given by target, sorted by source: a counting sort."""
    ones = np.ones(len(sources), dtype=np.int8)
    turned = csc_array((ones, sources, starts.astype(np.int32)), shape=(pre, post)).tocsr()
    return Wiring(np.diff(turned.indptr).astype(np.int64), turned.indices.astype(np.int32, copy=False))


RULES: dict[str, Callable[[Connection, int, int, np.random.Generator], Wiring]] = {
    "all_to_all": _all_to_all,
    "one_to_one": _one_to_one,
    "fixed_indegree": _fixed_indegree,
    "fixed_outdegree": _fixed_outdegree,
    "pairwise_bernoulli": _pairwise_bernoulli,
    "fixed_total_number": _fixed_total_number,
    "explicit": _explicit,
}

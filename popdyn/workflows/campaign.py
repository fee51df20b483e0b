"""A campaign: every cell of it by its place, decided without running anything."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from popdyn.batch.campaign_file import CampaignFile, read_campaign
from popdyn.errors import PopdynError, SpecError, UsageError
from popdyn.spec import Network
from popdyn.store import job_key
from popdyn.workflows.campaign_axes import Dimension, dimensions
from popdyn.workflows.campaign_places import PlaceAxis, at_places, document_of
from popdyn.workflows.map_axes import at_point, words_of

PROTOCOL, REPLICATE = "protocol", "replicate"
Index = tuple[int, ...]


@dataclass(frozen=True)
class Cell:
    """One job to be done: its place along `Campaign.names`, its network, protocol and seed."""

    index: Index
    network: Network
    protocol: str
    seed: int


@dataclass(frozen=True)
class Campaign:
    """A campaign file with its dimensions: parameters, then protocol, then replicate."""

    file: CampaignFile
    dimensions: tuple[Dimension, ...]

    @property
    def names(self) -> tuple[str, ...]:
        return (*(dimension.name for dimension in self.dimensions), PROTOCOL, REPLICATE)

    @property
    def shape(self) -> Index:
        return (*(d.size for d in self.dimensions), len(self.file.protocols), len(self.seeds))

    @property
    def size(self) -> int:
        return math.prod(self.shape)

    @cached_property
    def seeds(self) -> tuple[int, ...]:
        return self.file.seeds or replicate_seeds(self.file.seed, self.file.replicates)

    def cells(self) -> Iterator[Cell]:
        """All of them, the last dimension fastest.

        Raises UsageError, saying where, for a point at which there is no such neuron.
        """
        inner = list(itertools.product(enumerate(self.file.protocols), enumerate(self.seeds)))
        for place in np.ndindex(*self.shape[:-2]):
            network = self.network_at(place)
            for (p, protocol), (r, seed) in inner:
                yield Cell((*place, p, r), network, protocol, seed)

    def cell(self, index: Index) -> Cell:
        """The cell at a place."""
        *place, p, r = index
        return Cell(index, self.network_at(tuple(place)), self.file.protocols[p], self.seeds[r])

    def network_at(self, place: Index) -> Network:
        """The spec with the parameters of a place along the dimensions of parameters."""
        pairs = zip((axis for d in self.dimensions for axis in d.axes), self._values(place), strict=True)
        places, plain = [], []
        for axis, value in pairs:
            if isinstance(axis, PlaceAxis):
                places.append((axis, value))
            else:
                plain.append((axis, value))
        network = self.file.network
        try:
            if places:
                network = at_places(self._document, self.file.folder, *zip(*places, strict=True))
            return at_point(network, *zip(*plain, strict=True)) if plain else network
        except PopdynError as error:
            raise UsageError(f"{self.file.source}: {str(error).removeprefix('--vary: ')}") from error

    @cached_property
    def _document(self) -> dict[str, Any]:
        return document_of(self.file.given)

    def _values(self, place: Index) -> list[float]:
        pairs = zip(self.dimensions, place, strict=True)
        return [axis.values[i] for dimension, i in pairs for axis in dimension.axes]

    def words(self, index: Index) -> str:
        """ "b = 40 pA, step, replicate 2"."""
        *place, p, r = index
        axes = [axis for dimension in self.dimensions for axis in dimension.axes]
        varied = words_of(axes, self._values(tuple(place)))
        return ", ".join(word for word in (varied, self.file.protocols[p], f"replicate {r}") if word)

    @cached_property
    def identity(self) -> str:
        """Hex name of the campaign: what is asked for, whatever machine or version does it."""
        file = self.file
        asked = {
            "kind": "campaign", "do": file.do, "spec": file.network.spec_hash, "protocols": list(file.protocols),
            "seeds": [str(seed) for seed in self.seeds], "truth": _plain(file.truth), "convert": _plain(file.convert),
            "dimensions": [
                [[axis.population, axis.label, list(axis.values)] for axis in dimension.axes]
                for dimension in self.dimensions
            ],
        }  # fmt: skip
        return job_key(asked)

    def folder(self, root: Path) -> Path:
        """Where a store keeps what belongs to this campaign and to no single result."""
        return root / "campaigns" / self.identity[:16]


def _plain(options: Any) -> dict[str, Any]:
    return {key: list(value) if isinstance(value, tuple) else value for key, value in options.items()}


def open_campaign_file(path: str | Path) -> Campaign:
    """The campaign of a file. Raises SpecError with all its faults."""
    file = read_campaign(path)
    found = dimensions(file)
    if file.faults:
        raise SpecError(file.faults, file.source)
    campaign = Campaign(file, found)
    _check_corners(campaign)
    return campaign


def _check_corners(campaign: Campaign) -> None:
    """A combination that is no neuron is told at once where it lies at the ends of a grid."""
    ends = [sorted({0, dimension.size - 1}) for dimension in campaign.dimensions]
    if math.prod(map(len, ends)) > 1 << 10:
        ends = [[0] for _ in ends]
    for place in itertools.product(*ends):
        campaign.network_at(place)


def replicate_seeds(entropy: int, count: int) -> tuple[int, ...]:
    """A seed of 53 bits for every replicate, by its number alone; no two are equal.

    SeedSequence(entropy, spawn_key=(replicate,)); spawn_key=(replicate, n) where the first n met another's.
    """
    found: dict[int, None] = {}
    for replicate in range(count):
        bump = 0
        while (seed := _word(entropy, (replicate, bump) if bump else (replicate,))) in found:
            bump += 1
        found[seed] = None
    return tuple(found)


def _word(entropy: int, spawn_key: tuple[int, ...]) -> int:
    return int(np.random.SeedSequence(entropy=entropy, spawn_key=spawn_key).generate_state(1, np.uint64)[0] >> 11)

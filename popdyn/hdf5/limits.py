"""How much a file may declare."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Limits:
    """Bytes that all datasets declare together; bytes declared per byte stored (gzip reaches 1032); objects; memory
    [byte], CPU [s] and time [s] of the process that reads a foreign file."""

    total_bytes: int = 8 << 30
    expansion: float = 1100.0
    objects: int = 10_000
    memory: int = 2 << 30
    cpu: int = 120
    wall: float = 600.0


FREE_BYTES = 1 << 20
"""Up to so many bytes may be declared without being stored (fill values)."""
MOST_ATTRIBUTES = 200
MOST_ATTRIBUTE_BYTES = 16 << 20
MOST_DEPTH = 4
MOST_DIMENSIONS = 4

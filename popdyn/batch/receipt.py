"""What comes back of a job: about 200 bytes of JSON, never a result."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass

OUTCOMES = ("done", "present", "failed", "unfinished")
"""Computed now; there and verified before; failed, see `failure`; not begun, or lost with a worker and not to blame."""

CLASSES = ("model", "resources", "infrastructure", "integrity")
"""Of failures: the job itself, which would fail again; memory, time or disk; a worker that died; bytes that differ."""

LONGEST_MESSAGE = 500


@dataclass(frozen=True)
class Receipt:
    """How a job ended. `detail`: memory, time, disk, a signal's name; `memory` [bytes] at the most."""

    key: str
    outcome: str
    failure: str = ""
    detail: str = ""
    message: str = ""
    cpu_s: float = 0.0
    wall_s: float = 0.0
    memory: int = 0
    damaged: str = ""

    @property
    def good(self) -> bool:
        return self.outcome in ("done", "present")

    def to_json(self) -> str:
        return json.dumps({name: value for name, value in asdict(self).items() if value != ""}, allow_nan=False)

    @staticmethod
    def from_json(text: str | bytes) -> Receipt:
        return Receipt(**json.loads(text))


def shortened(text: str) -> str:
    """The end of a long message: that is where its cause stands."""
    return text if len(text) <= LONGEST_MESSAGE else "…" + text[-LONGEST_MESSAGE:]

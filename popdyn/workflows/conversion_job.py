"""What names a conversion: whoever plans it and whoever does it must find the same key."""

from __future__ import annotations

import importlib.metadata
from collections.abc import Mapping
from typing import Any

from popdyn.spec import Network
from popdyn.store import job_key
from popdyn.workflows.truth import truth_job

CONVERT_SEMANTICS = 1
"""Raised when the same conversion job means another result."""
PACKAGES = ("popdyn", "brian2", "numpy", "scipy", "numba")


def conversion_job(network: Network, protocol: str, seed: int, options: Mapping[str, Any]) -> dict[str, Any]:
    """Everything that changes a conversion's report, as JSON; the key of its truth names backend and versions of that.

    Raises what deciding the truth raises.
    """
    named = {
        "kind": "conversion", "semantics": CONVERT_SEMANTICS, "spec": network.spec_hash, "options": dict(options),
        "protocol": protocol, "seed": str(seed),
        "versions": {name: importlib.metadata.version(name) for name in PACKAGES},
    }  # fmt: skip
    if options.get("truth", True):
        named["truth"] = job_key(truth_job(network, protocol, seed=seed).document())
    return named

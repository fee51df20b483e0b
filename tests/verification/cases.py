"""The networks of the verification: the entries of reference_sims/ and the random sets."""

from __future__ import annotations

from pathlib import Path

from popdyn.spec import Network, load

ENTRIES = Path(__file__).parents[2] / "reference_sims"
ADAPTING = ("adex_aug", "adex_strong", "adex_fast30", "adex_tref")
UNIMODAL = (*ADAPTING, "eif", "lif")


def entry(name: str) -> Network:
    return load(ENTRIES / name / "network.toml")

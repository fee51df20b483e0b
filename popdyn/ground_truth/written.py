"""A job as resolved JSON, and back: what goes to a worker that may be on another machine."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from popdyn.ground_truth.jobs import Job, Record, job
from popdyn.spec import from_dict, to_dict


def write_job(decided: Job) -> dict[str, Any]:
    """Everything that was decided; `read_job` gives an equal job."""
    return {
        "network": to_dict(decided.network),
        "protocol": decided.protocol.name,
        "seed": str(decided.seed),  # beyond 2^53 no JSON number is exact
        "dt": decided.dt,
        "backend": decided.backend,
        "method": decided.method,
        "groups": decided.groups,
        "record": {"spikes": list(decided.record.spikes), "traces": decided.record.traces},
        "stratified": decided.stratified,
    }


def read_job(document: Mapping[str, Any]) -> Job:
    """The job of a document that `write_job` made."""
    record = Record(tuple(document["record"]["spikes"]), document["record"]["traces"])
    return job(
        from_dict(document["network"]),
        document["protocol"],
        seed=int(document["seed"]),
        dt=document["dt"],
        backend=document["backend"],
        method=document["method"],
        groups=document["groups"],
        record=record,
        stratified=document["stratified"],
    )

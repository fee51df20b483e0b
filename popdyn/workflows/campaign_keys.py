"""The keys of a campaign's jobs, kept beside it: planning a thousand jobs again takes seconds, reading them none."""

from __future__ import annotations

import importlib.metadata
import secrets
from pathlib import Path
from typing import Any

from popdyn.batch.campaign_file import MOST_JOBS
from popdyn.ground_truth.cost import compiler
from popdyn.ground_truth.jobs import COUPLED_SEMANTICS, RESULT_SEMANTICS
from popdyn.store import job_key
from popdyn.store.durable import disk_errors
from popdyn.store.sealed import seal, unseal
from popdyn.workflows.campaign import Campaign
from popdyn.workflows.campaign_jobs import Planned, planned_jobs
from popdyn.workflows.conversion_job import CONVERT_SEMANTICS, PACKAGES

NAME = "keys.json"


def keep_keys(campaign: Campaign, root: Path, jobs: list[Planned]) -> None:
    """Write keys.json in the campaign's folder, whole.

    Raises ResourceError where the disk is full, closed or failing.
    """
    folder = campaign.folder(root)
    draft = folder / f".{NAME}-{secrets.token_hex(4)}"
    document = {"name": campaign.file.name, "decides": _decides(), "keys": [one.key for one in jobs]}
    with disk_errors(root, "nothing was started"):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        draft.write_bytes(seal(document))
        draft.replace(folder / NAME)


def keys_of(campaign: Campaign, root: Path) -> list[str]:
    """The key of every cell in their order: kept ones if nothing that decides a key has changed."""
    try:
        document: dict[str, Any] = unseal((campaign.folder(root) / NAME).read_bytes())
        if document["decides"] == _decides() and len(document["keys"]) == campaign.size <= MOST_JOBS:
            return [str(key) for key in document["keys"]]
    except (OSError, ValueError, KeyError):
        pass
    return [one.key for one in planned_jobs(campaign)]


def _decides() -> str:
    """What a key depends on beside the campaign."""
    versions = {name: importlib.metadata.version(name) for name in (*PACKAGES, "cython")}
    semantics = [RESULT_SEMANTICS, COUPLED_SEMANTICS, CONVERT_SEMANTICS]
    return job_key({"versions": versions, "semantics": semantics, "compiler": compiler() is not None})

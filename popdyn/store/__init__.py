"""Content-addressed results on disk: absent, or whole and verified. Knows keys and files, no physics."""

from popdyn.store.keys import job_key
from popdyn.store.store import Store, default_root

__all__ = ["Store", "default_root", "job_key"]

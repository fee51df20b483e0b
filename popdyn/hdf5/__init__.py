"""The one door through which popdyn reads HDF5: what is hostile is refused, what is foreign is read apart first."""

from popdyn.hdf5.apart import Contents, HostileError, read_apart
from popdyn.hdf5.guard import safe_open
from popdyn.hdf5.limits import Limits

__all__ = ["Contents", "HostileError", "Limits", "read_apart", "safe_open"]

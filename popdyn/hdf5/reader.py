"""The process that reads a foreign file whole within limits: `python -m popdyn.hdf5.reader PATH LIMITS`.

One line of JSON: {"shapes": …, "bytes": …} or {"fault": …, "shapes": …}. It writes no file and needs nobody's trust.
"""

from __future__ import annotations

import contextlib
import json
import math
import sys
from typing import Any

from popdyn.errors import IntegrityError
from popdyn.hdf5.limits import Limits

SLAB = 32 << 20


def confine(limits: Limits) -> None:
    """Bound this process: memory, CPU, no files written, no core."""
    with contextlib.suppress(ImportError):
        import resource

        for name, value in (("AS", limits.memory), ("CPU", limits.cpu), ("FSIZE", 0), ("CORE", 0), ("NOFILE", 64)):
            kind = getattr(resource, f"RLIMIT_{name}")
            most = resource.getrlimit(kind)[1]
            with contextlib.suppress(ValueError, OSError):
                resource.setrlimit(kind, (value if most < 0 else min(value, most),) * 2)


def read(path: str, limits: Limits) -> dict[str, Any]:
    """Look at everything, then read every byte of every dataset; what was found."""
    import h5py

    from popdyn.hdf5.guard import check_sizes, look_through

    answer: dict[str, Any] = {}
    try:
        with h5py.File(path, "r", locking="best-effort") as file:
            found = look_through(file, Limits(**{**vars(limits), "total_bytes": sys.maxsize, "expansion": math.inf}))
            answer["shapes"] = {where: list(data.shape) for where, data in found.items()}
            check_sizes(found, limits)
            answer["bytes"] = sum(_read_whole(data, limits) for data in found.values())
    except (IntegrityError, MemoryError) as error:
        answer["fault"] = str(error) or "it takes more memory than allowed"
    except Exception as error:
        answer["fault"] = f"{type(error).__name__}: {error}"
    return answer


def _read_whole(data: Any, limits: Limits) -> int:
    """Bytes of a dataset, read in slabs once its chunks have been looked at; text is counted as it is."""
    from popdyn.hdf5.chunks import check_chunks

    check_chunks(data, data.name)
    if data.ndim == 0:
        return _length(data[()])
    row = max(math.prod(data.shape[1:]) * data.dtype.itemsize, 1)
    step, total = max(SLAB // row, 1), 0
    for start in range(0, data.shape[0], step):
        total += _length(data[start : start + step])
        if total > limits.total_bytes:
            raise IntegrityError(f"{data.name}: more than {limits.total_bytes} bytes")
    return total


def _length(values: Any) -> int:
    if isinstance(values, bytes):
        return len(values)
    if values.dtype.kind == "O":
        return sum(len(text) for text in values.ravel())
    return int(values.nbytes)


if __name__ == "__main__":
    allowed = Limits(**json.loads(sys.argv[2]))
    confine(allowed)
    sys.stdout.write(json.dumps(read(sys.argv[1], allowed)) + "\n")

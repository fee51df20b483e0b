"""A worker process: `python -P -m popdyn.ground_truth.worker run|compile` in its private directory.

run: reads chunk.json and arrays.npz, simulates with Brian2 in this process, writes result.npz.
compile: reads chunk.json, leaves the compiled program `main` and layout.json.
Both print `progress <fraction>` lines, and end when their parent does.
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
import threading
from pathlib import Path
from typing import Any

import numpy as np


def main(verb: str) -> None:
    threading.Thread(target=_follow_parent, daemon=True).start()
    if verb == "run":
        run_chunk()
    else:
        _compile(json.loads(Path("chunk.json").read_text()))


def run_chunk() -> None:
    """Simulate the chunk of the current directory."""
    _run(json.loads(Path("chunk.json").read_text()))


def _follow_parent() -> None:
    while os.read(0, 1):
        pass
    os._exit(9)


def _say(_elapsed: Any, fraction: float, _start: Any, _duration: Any) -> None:
    print(f"progress {fraction:.4f}", flush=True)


def _brian2() -> Any:
    import brian2 as b2

    from popdyn.ground_truth.cpp_source import FLAGS

    b2.prefs.reset_to_defaults()
    b2.prefs["codegen.cpp.extra_compile_args_gcc"] = FLAGS
    b2.BrianLogger.suppress_hierarchy("brian2")
    return b2


def _run(chunk: dict[str, Any]) -> None:
    b2 = _brian2()
    from popdyn.ground_truth import in_python
    from popdyn.ground_truth.recorder import PythonRecorder

    b2.prefs.codegen.target = chunk["backend"]
    if chunk["cache"]:
        b2.prefs.codegen.runtime.cython.cache_dir = chunk["cache"]
    arrays = np.load("arrays.npz", allow_pickle=False)
    dt = chunk["dt"] * b2.second
    b2.defaultclock.dt = dt
    make = in_python.plain if chunk["structure"]["plain"] else in_python.coupled
    network, named = make(chunk, arrays)
    recorder = PythonRecorder(chunk["structure"], named)
    network.add(recorder.operation)
    b2.seed(chunk["seed"])
    network.run(chunk["steps"] * dt, report=_say, report_period=1 * b2.second, namespace={})
    outputs = {key: np.asarray(variable.get_value()) for key, variable in _outputs(named).items()}
    np.savez("result.npz", **recorder.outputs(), **outputs)  # type: ignore[arg-type]


def _outputs(named: dict[str, Any]) -> dict[str, Any]:
    """Recorded arrays by name: spikes0.i, spikes0.t, g0.interval_sum, ..."""
    from popdyn.ground_truth.input_text import STATISTICS

    variables = {"g": STATISTICS, "spikes": ("i", "t")}
    return {
        f"{name}.{variable}": item.variables[variable]
        for name, item in named.items()
        for variable in variables.get(name.rstrip("0123456789"), ())
        if variable in item.variables
    }


def _compile(chunk: dict[str, Any]) -> None:
    from popdyn.ground_truth.cpp_source import FLAGS, GCC_FLAGS, HEADER, SOURCE

    b2 = _brian2()
    if not chunk["structure"]["plain"] and chunk["gcc"]:
        b2.prefs["codegen.cpp.extra_compile_args_gcc"] = FLAGS + GCC_FLAGS
    Path("popdyn.h").write_text(HEADER)
    Path("popdyn.cpp").write_text(SOURCE)
    own = {"headers": ['"popdyn.h"'], "sources": [str(Path("popdyn.cpp").resolve())], "include_dirs": [os.getcwd()]}
    from popdyn.ground_truth import in_program
    from popdyn.ground_truth.recorder import watch_in_program
    from popdyn.ground_truth.standalone_functions import replace_random

    structure = chunk["structure"]
    b2.set_device("cpp_standalone", directory="program", build_on_run=False)
    b2.prefs.devices.cpp_standalone.extra_make_args_unix = ["-j2"]
    b2.prefs.codegen.cpp.headers = own["headers"]
    b2.prefs.codegen.cpp.include_dirs = own["include_dirs"]
    replace_random(own)
    b2.device.insert_code("before_start", "popdyn::load();")
    network, named = (in_program.plain if structure["plain"] else in_program.coupled)(structure, own)
    b2.device.apply_run_args()
    watch_in_program(structure, named)
    b2.device.insert_code("main", "_array_defaultclock_dt[0] = popdyn::dt;")
    network.run(1e6 * b2.second, namespace={})
    b2.device.build(directory="program", run=False, with_output=False)
    layout = {
        name: {"file": b2.device.get_array_filename(variable), "type": np.dtype(variable.dtype).str}
        for name, variable in _outputs(named).items()
    }
    program = Path("program/main")
    document = {"outputs": layout, "sha256": hashlib.sha256(program.read_bytes()).hexdigest()}
    program.rename("main")
    Path("layout.json").write_text(json.dumps(document, indent=1, sort_keys=True))


if __name__ == "__main__":
    main(sys.argv[1])

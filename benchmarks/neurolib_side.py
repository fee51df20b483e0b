"""neurolib's ALN (adaptive linear-nonlinear cascade) timed in an environment of its own, where pip puts neurolib.

    PYTHON_OF_THAT_ENVIRONMENT benchmarks/neurolib_side.py --clock SECONDS

Without a delay matrix one node; with one 80 nodes, all coupled to all, at one distance. Compilation is left out.
"""

import json
import subprocess
import sys
import time
from pathlib import Path

from side_environment import python_with

VERSION = "0.6.2"
NODES, DISTANCE = 80, 200.0  # [mm], 10 ms at the model's 20 m/s
DT = 0.1  # [ms]


def neurolib_python():
    """The interpreter of neurolib's environment. Ends the script where it cannot be had."""
    return python_with("neurolib", "neurolib", VERSION, "from neurolib.models.aln import ALNModel")


def run_neurolib(python, seconds):
    """CPU seconds per simulated second of the whole network, of the loop and of all, by number of nodes."""
    done = subprocess.run(
        [str(python), str(Path(__file__)), "--clock", str(seconds)], check=True, capture_output=True, text=True
    )
    return json.loads(done.stdout.splitlines()[-1])


def clock(seconds):
    """Of its compiled loop alone, and with its set-up and the noise that it draws and multiplies by 0."""
    import numpy as np
    from neurolib.models.aln import ALNModel
    from neurolib.models.aln import timeIntegration as integration

    loop, spent = integration.timeIntegration_njit_elementwise, []

    def clocked(*arguments):
        began = time.process_time()
        made = loop(*arguments)
        spent.append(time.process_time() - began)
        return made

    integration.timeIntegration_njit_elementwise = clocked
    found = {}
    for nodes in (1, NODES):
        coupled = {"Cmat": np.ones((nodes, nodes)) - np.eye(nodes), "Dmat": np.full((nodes, nodes), DISTANCE)}
        model = ALNModel(**coupled) if nodes > 1 else ALNModel()
        model.params["dt"], model.params["duration"] = DT, 500.0
        model.run()
        model.params["duration"] = 1e3 * seconds
        began = time.process_time()
        model.run()
        found[str(nodes)] = spent[-1] / seconds, (time.process_time() - began) / seconds
    print(json.dumps(found))


if __name__ == "__main__":
    clock(float(sys.argv[sys.argv.index("--clock") + 1]))

"""Row: dynamics of the density rung against Brian2 (N = 20,000, dt 0.02 ms, 10 groups), simulated anew, another seed.

    pytest -m slow tests/verification/test_truth.py

tests/catalogue compares with the stored digests at no cost; this row repeats the spiking simulation.
"""

import cases
import pytest
import record

from popdyn.comparison import compare
from popdyn.ground_truth import simulate
from popdyn.rungs.density import Density

pytestmark = pytest.mark.slow

SEED = 2
DT = 2e-5  # [s]
BIN = 5e-3  # [s]


def measure(name):
    network = cases.entry(name)
    truth = simulate(network, "mixed", seed=SEED, dt=DT)
    block = 5.0 * network.populations["E"].neuron.parameters.get("tau_w", 0.02)
    found = compare(truth, Density(network).simulate("mixed"), bin=BIN, block=block).populations["E"]
    return {"nrmse": found.nrmse, "nrmse_interval": list(found.nrmse_interval), "bias": found.bias,
            "bias_interval": list(found.bias_interval), "resolution": found.resolution}  # fmt: skip


@pytest.mark.parametrize("name", cases.UNIMODAL)
def test_density_follows_the_spiking_network(name):
    values = record.once("truth", name, lambda: measure(name))
    assert values["nrmse_interval"][1] <= 0.02
    assert abs(values["bias"]) <= 0.005

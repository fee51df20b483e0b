"""Results of several seeds as one: what differs between them is the worst of it, not missing."""

import numpy as np

from popdyn.results import make_dataset
from popdyn.workflows.simulate import stacked


def test_figures_that_differ_are_the_worst():
    attrs = [
        {"seed": k, "bin": 1e-3, "node_rates": str(k), "mass_error": m, "positive_steps": n, "least_density": q}
        for k, (m, n, q) in enumerate([(1e-12, 3, -1e-9), (5e-12, 0, -2e-9)])
    ]
    runs = [make_dataset(np.array([5e-4]), ["E"], rate=np.ones((1, 1, 1)), attrs=a) for a in attrs]
    found = stacked(runs)
    assert found.sizes["run"] == 2
    assert (found.attrs["seed"], found.attrs["node_rates"]) == (0, "0")
    assert (found.attrs["mass_error"], found.attrs["positive_steps"]) == (5e-12, 3)
    assert found.attrs["least_density"] == -2e-9

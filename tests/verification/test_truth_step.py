"""Row: what the truth's own time step does to rates, calculated; and the truth itself, where the step shows.

pytest -m slow tests/verification/test_truth_step.py
"""

import cases
import pytest
import record
import truth_step

from popdyn.ground_truth import simulate
from popdyn.ground_truth.spiking import mean_rates

pytestmark = pytest.mark.slow

COARSE = 5e-4  # [s]: 0.2 and 0.7 % low


@pytest.mark.parametrize("name", truth_step.NAMES)
def test_at_the_catalogues_step_it_is_one_part_in_ten_thousand(name):
    assert -1.2e-4 < truth_step.bias(name, 2e-5) < 0.0


@pytest.mark.parametrize("name", truth_step.NAMES)
def test_the_truth_is_off_by_what_is_calculated(name):
    """At a coarse step; 4 standard errors: false alarm 1e-3 with ten groups' error. That the step counts: eif."""

    def measure():
        found = mean_rates(simulate(cases.entry(name), "rest", seed=3, dt=COARSE))["E"]
        return {"rate": found.mean, "standard_error": found.standard_error}

    found = record.once("truth step", name, measure)
    assert found["rate"] == pytest.approx(truth_step.rate(name, COARSE), abs=4.0 * found["standard_error"])
    if name == "eif":
        assert found["rate"] < truth_step.exact(name) - 4.0 * found["standard_error"]

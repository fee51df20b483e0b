"""Row: the fast simulation of neurons with escape noise against that in continuous time.

    pytest -m slow tests/verification/test_escape_steps.py

Each comparison fails by chance once in 2000.
"""

import escape_steps as steps
import hazard_driven
import numpy as np
import pytest
import record

CASES = {
    "thresholds": {"sfa": [(30.0, 3.0), (500.0, 0.6)]},
    "fast": {"sfa": [(10.0, 6.0)], "stc": [(15.0, -8.0)], "t_ref": 0.7, "Delta": 1.0},
}
DRIVE = {"thresholds": (16.0, 23.0), "fast": (30.0, 20.0)}
SETTLED, LENGTH = 500.0, 1000.0  # [ms] before and after the step of the drive


def measured(case):
    """Rates and errors [1/s] by 50 ms after the step, in continuous time and in steps."""
    n, (before, after), neurons = steps.neuron(**CASES[case]), DRIVE[case], (800, 8000)
    drive = np.repeat([before, after], [round(SETTLED / 50.0), round(LENGTH / 50.0)])
    each = hazard_driven.simulate(n, drive, 50.0, 0.0, neurons[0], 1)[:, round(SETTLED / 50.0) :]
    per = round(50.0 / steps.STEP)
    found = []
    for seed in range(20):
        one = steps.simulate(n, steps.same(n, neurons[1] // 20), np.repeat(drive, per), per, seed)
        found.append(one[round(SETTLED / 50.0) :] / (neurons[1] // 20))
    return {
        "continuous": [each.mean(axis=0).tolist(), (each.std(axis=0, ddof=1) / neurons[0] ** 0.5).tolist()],
        "steps": [np.mean(found, axis=0).tolist(), (np.std(found, axis=0, ddof=1) / 20**0.5).tolist()],
    }


@pytest.mark.slow
@pytest.mark.parametrize("case", CASES)
def test_the_fast_simulation_is_that_in_continuous_time(case):
    values = record.once("escape steps", case, lambda: measured(case))
    (mean, error), (other, own) = np.array(values["continuous"]), np.array(values["steps"])
    together = np.hypot(error, own)
    assert np.median(together / mean) < 0.03
    assert np.abs(other - mean).max() < 4.5 * together[np.abs(other - mean).argmax()]
    total = abs(other.sum() / mean.sum() - 1.0)
    assert total < 3.5 * np.sqrt((together**2).sum()) / mean.sum()

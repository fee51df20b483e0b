"""Row: mass over ten minutes of simulated time, with the positive and the affine scheme.

pytest -m slow tests/verification/test_conservation.py
"""

from dataclasses import replace

import cases
import pytest

from popdyn.rungs.density import Density

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("scheme", ["affine", "positive"])
@pytest.mark.parametrize("name", ["adex_tref", "lif"])
def test_mass_is_conserved_over_ten_minutes(name, scheme):
    network = cases.entry(name)
    long = replace(network.protocols["mixed"], name="long", duration=600.0)
    trace = Density(network, scheme=scheme).simulate(long)
    assert trace.attrs["mass_error"] < 1e-9
    assert trace.attrs["least_density"] > (-1e-12 if scheme == "positive" else -1e-6)

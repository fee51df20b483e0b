"""Augustin, Ladenbauer, Baumann and Obermayer 2017, PLoS Comput Biol 13:e1005545: tables of the EIF neuron.

Values of quantities_cascade.h5 in neuromethods/fokker-planck-based-spike-rate-models. The published table is of first
order in its cells of 0.01 mV, which costs it up to 1.5e-4 of the rate and 5 uV.
"""

import numpy as np
import pytest

from popdyn.theory.stationary_2d import stationary_rate_2d
from popdyn.theory.threshold_integration import threshold_state

EIF = {
    "C_m": 200e-12, "g_L": 10e-9, "E_L": -65e-3, "V_th": -50e-3, "Delta_T": 1.5e-3, "V_peak": -40e-3, "V_reset": -70e-3,
    "t_ref": 0.0, "I_e": 0.0,
}  # fmt: skip
ROOT_MS = np.sqrt(1e-3)
RATES = {
    (0.5, 1.5): 5.83387, (1.0, 1.0): 24.55731, (1.0, 1.5): 25.39573, (1.0, 2.5): 28.13494, (1.5, 1.5): 45.55981,
    (2.0, 2.5): 65.14157, (3.0, 1.5): 102.72577, (0.0, 2.5): 1.88236,
}  # fmt: skip
VOLTAGES = {(0.5, 1.5): -57.4428e-3, (1.0, 1.5): -56.6205e-3, (2.0, 2.5): -57.5592e-3}


@pytest.mark.parametrize(("drive", "published"), RATES.items())
def test_rates(drive, published):
    mu, sigma = drive[0], drive[1] * ROOT_MS
    assert threshold_state(EIF, "eif", mu, sigma).rate == pytest.approx(published, rel=2e-4)
    assert stationary_rate_2d(EIF, "eif", mu, sigma)[0] == pytest.approx(published, rel=2e-4)


@pytest.mark.parametrize(("drive", "published"), VOLTAGES.items())
def test_mean_voltages(drive, published):
    assert threshold_state(EIF, "eif", drive[0], drive[1] * ROOT_MS).V_mean == pytest.approx(published, abs=5e-6)

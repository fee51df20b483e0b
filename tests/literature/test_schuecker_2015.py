"""Schuecker, Diesmann and Helias 2015, Phys Rev E 92:052119, in the numbers that NNMT's fixtures hold.

LIF, tau_m = 20 ms, tau_s = 0.5 ms, V_reset = 15, V_th = 20 mV from rest, t_ref = 0; mean and sigma of the stationary V
are mu tau_m and sigma sqrt(tau_m) in popdyn's convention. Coloured noise: both boundaries moved by
sigma alpha/2 sqrt(tau_s/tau_m), alpha = sqrt(2) |zeta(1/2)| (Fourcaud and Brunel 2002).
"""

import numpy as np
import pytest

from popdyn.theory.siegert import siegert_rate
from popdyn.theory.threshold_integration import threshold_response, threshold_state

TAU_M, TAU_S = 20e-3, 0.5e-3
ALPHA = np.sqrt(2.0) * 1.4603545088095868
# mean mV, sigma mV: white rate, shifted rate [1/s], response of the shifted neuron at 0.1 Hz [1/s per mV]
PUBLISHED = {
    (18.94, 1.5): (12.27983, 10.09769, 8.63479),
    (20.96, 1.5): (32.50074, 29.97960, 10.28868),
    (16.42, 4.0): (13.40674, 10.20942, 4.52752),
    (19.66, 4.0): (35.10388, 30.10715, 7.45799),
}


@pytest.mark.parametrize(("drive", "published"), PUBLISHED.items())
def test_rates_and_response(drive, published):
    mean, sigma = 1e-3 * drive[0] / TAU_M, 1e-3 * drive[1] / np.sqrt(TAU_M)
    shift = 1e-3 * drive[1] * 0.5 * ALPHA * np.sqrt(TAU_S / TAU_M)
    white, shifted, response = published
    assert siegert_rate(mean, sigma, TAU_M, 20e-3, 15e-3) == pytest.approx(white, rel=1e-6)
    assert siegert_rate(mean, sigma, TAU_M, 20e-3 + shift, 15e-3 + shift) == pytest.approx(shifted, rel=1e-6)
    neuron = {"C_m": TAU_M, "g_L": 1.0, "E_L": 0.0, "V_th": 20e-3 + shift, "V_reset": 15e-3 + shift, "t_ref": 0.0}
    assert threshold_state(neuron, "lif", mean, sigma).rate == pytest.approx(shifted, rel=1e-6)
    gain = abs(threshold_response(neuron, "lif", mean, sigma, 0.1).rate[0]) / TAU_M * 1e-3
    assert gain == pytest.approx(response, rel=1e-5)

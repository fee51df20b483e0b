"""Exponential integrate-and-fire."""

from __future__ import annotations

import math

import numpy as np
import pytest

from popdyn.neurons.eif import MODEL

P = {"E_L": -65e-3, "C_m": 200e-12, "g_L": 10e-9, "V_th": -50e-3, "Delta_T": 1.5e-3, "V_peak": -40e-3}


def test_drift_by_hand():
    """At V_th the leak of -0.75 V/s plus Delta_T / tau_m = 0.075 V/s; at V_peak -1.25 + 0.075 exp(10 / 1.5)."""
    expected = [-0.675, -1.25 + 0.075 * math.exp(10 / 1.5)]
    assert MODEL.drift(np.array([-0.05, -0.04]), P) == pytest.approx(expected, rel=1e-12)


def test_rheobase():
    """The drift is least at V_th; there a constant drive of (V_th - E_L - Delta_T) / tau_m just balances it."""
    V = np.linspace(-0.09, -0.04, 50_001)
    drift = MODEL.drift(V, P)
    assert V[np.argmin(drift)] == pytest.approx(P["V_th"], abs=2e-6)
    assert -drift.min() == pytest.approx((15e-3 - 1.5e-3) / 20e-3, rel=1e-6)

"""Leaky integrate-and-fire."""

from __future__ import annotations

import numpy as np
import pytest

from popdyn.neurons.lif import MODEL


def test_drift_by_hand():
    """15 mV above rest with tau_m = 20 ms: -0.75 V/s; 0 at rest."""
    p = {"E_L": -65e-3, "C_m": 200e-12, "g_L": 10e-9}
    assert MODEL.drift(np.array([-0.05, -0.065]), p) == pytest.approx([-0.75, 0.0], abs=1e-12)


def test_the_threshold_is_hard():
    assert MODEL.barrier == "V_th"
    assert MODEL.hard_threshold

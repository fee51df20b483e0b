"""Adaptive exponential integrate-and-fire."""

from __future__ import annotations

import numpy as np

from popdyn.neurons import adex, eif


def test_without_w_it_is_the_eif():
    assert adex.MODEL.drift is eif.MODEL.drift
    V = np.linspace(-0.09, -0.04, 7)
    p = {"E_L": -65e-3, "C_m": 200e-12, "g_L": 10e-9, "V_th": -50e-3, "Delta_T": 1.5e-3}
    assert np.array_equal(adex.MODEL.drift(V, p), eif.MODEL.drift(V, p))


def test_what_adaptation_adds():
    added = {p.name for p in adex.MODEL.parameters} - {p.name for p in eif.MODEL.parameters}
    assert added == {"a", "b", "tau_w", "E_w"}
    assert adex.MODEL.parameter("E_w").default == "E_L"
    assert adex.MODEL.adaptation
    assert not eif.MODEL.adaptation

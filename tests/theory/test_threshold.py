"""Threshold integration against closed forms, finite differences and itself."""

import mpmath
import numpy as np
import pytest

from popdyn.theory.siegert import siegert_rate
from popdyn.theory.threshold_integration import (
    interval_transform,
    mean_closure_response,
    mean_closure_state,
    threshold_response,
    threshold_state,
)

LIF = {"C_m": 200e-12, "g_L": 10e-9, "E_L": -65e-3, "V_th": -50e-3, "V_reset": -70e-3, "t_ref": 2e-3, "I_e": 0.0}
EIF = LIF | {"Delta_T": 1.5e-3, "V_peak": -40e-3}
ADEX = EIF | {"a": 4e-9, "b": 40e-12, "tau_w": 0.2, "E_w": -80e-3}
ROOT_MS = np.sqrt(1e-3)  # 1 mV/sqrt(ms) = ROOT_MS V/sqrt(s)
FREQUENCIES = np.array([1.0, 10.0, 30.0, 100.0, 300.0, 1000.0])


@pytest.mark.parametrize(("mu", "sigma"), [(0.55, 1.5), (1.2, 1.0), (0.2, 3.0), (-0.5, 2.0)])
def test_lif_rate_is_siegerts(mu, sigma):
    exact = siegert_rate(mu, sigma * ROOT_MS, 0.02, 15e-3, -5e-3, 2e-3)
    assert threshold_state(LIF, "lif", mu, sigma * ROOT_MS).rate == pytest.approx(float(exact), rel=1e-9)


@pytest.mark.parametrize(("Delta_T", "V_peak"), [(2e-3, 0.0), (2e-3, 20e-3), (0.2e-3, -44e-3)])
def test_a_peak_far_up_the_upstroke(Delta_T, V_peak):
    """NEST's V_peak is 25 Delta_T above V_th: the rate is that of a peak at 9 Delta_T less the time between them."""
    here, near = (
        threshold_state(EIF | {"Delta_T": Delta_T, "V_peak": peak}, "eif", 1.0, 1.5 * ROOT_MS, cells=8000).rate
        for peak in (V_peak, -50e-3 + 9 * Delta_T)
    )
    assert 1.0 / here - 1.0 / near == pytest.approx(0.02 * np.exp(-9.0), rel=0.2)


def test_eif_rate_and_response_converge():
    coarse, fine = (threshold_state(EIF, "eif", 1.0, 1.5 * ROOT_MS, cells=n) for n in (2000, 8000))
    assert coarse.rate == pytest.approx(fine.rate, rel=1e-8)
    assert coarse.V_mean == pytest.approx(fine.V_mean, abs=1e-9)
    for target in ("mu", "D"):
        coarse, fine = (
            threshold_response(EIF, "eif", 1.0, 1.5 * ROOT_MS, FREQUENCIES, target=target, cells=n)
            for n in (2000, 8000)
        )
        assert np.max(np.abs(coarse.rate / fine.rate - 1)) < 5e-6
        assert np.max(np.abs(coarse.V_mean / fine.V_mean - 1)) < 1e-5


def brunel_hakim(mu, sigma, tau_m, V_th, V_reset, frequency):
    """Closed form of the LIF response to mu [(1/s)/(V/s)], t_ref = 0 (Schuecker et al. 2015, eq. 29)."""
    scale = sigma * np.sqrt(tau_m)
    omega = 2 * mpmath.pi * frequency
    z = -mpmath.mpf(1) / 2 + 1j * omega * tau_m
    x = [mpmath.sqrt(2) * (V - mu * tau_m) / scale for V in (V_th, V_reset)]

    def psi(order, at):
        return mpmath.exp(at**2 / 4) * mpmath.pcfu(order, -at)

    slope = [(mpmath.mpf(1) / 2 + z) * psi(z + 1, at) for at in x]
    value = [psi(z, at) for at in x]
    rate = siegert_rate(mu, sigma, tau_m, V_th, V_reset)
    gain = mpmath.sqrt(2) / scale * rate / (1 + 1j * omega * tau_m) * (slope[0] - slope[1]) / (value[0] - value[1])
    return complex(gain) * tau_m


@pytest.mark.parametrize(("mu", "sigma"), [(0.55, 1.5), (0.9, 1.0)])
def test_lif_response_is_brunel_and_hakims(mu, sigma):
    sigma *= ROOT_MS
    frequencies = [0.1, 10.0, 50.0, 300.0]
    exact = np.array([brunel_hakim(mu, sigma, 0.02, 15e-3, -5e-3, f) for f in frequencies])
    ours = threshold_response(LIF | {"t_ref": 0.0}, "lif", mu, sigma, frequencies).rate
    assert np.max(np.abs(ours - exact) / np.abs(exact)) < 1e-8


@pytest.mark.parametrize("target", ["mu", "D"])
@pytest.mark.parametrize(("neuron", "model"), [(LIF, "lif"), (EIF, "eif")])
def test_static_response_is_the_derivative(neuron, model, target):
    mu, D, e = 0.8, 0.5 * (1.5 * ROOT_MS) ** 2, 2e-4
    ups = [(mu + e, D), (mu - e, D)] if target == "mu" else [(mu, D * (1 + e)), (mu, D * (1 - e))]
    high, low = (threshold_state(neuron, model, m, np.sqrt(2 * d)) for m, d in ups)
    step = 2 * e * (1.0 if target == "mu" else D)
    response = threshold_response(neuron, model, mu, np.sqrt(2 * D), 0.0, target=target)
    for name in ("rate", "V_mean", "V_active"):
        difference = (getattr(high, name) - getattr(low, name)) / step
        assert getattr(response, name)[0].real == pytest.approx(difference, rel=2e-5)


def test_eif_response_falls_as_one_over_frequency():
    """Fourcaud-Trocme et al. 2003: r / (Delta_T i omega), below the frequency where the cut-off at V_peak shows."""
    neuron, f = EIF | {"V_peak": -35e-3, "t_ref": 0.0}, 2000.0
    tail = threshold_state(neuron, "eif", 1.0, 1.5 * ROOT_MS).rate / (EIF["Delta_T"] * 2j * np.pi * f)
    assert abs(threshold_response(neuron, "eif", 1.0, 1.5 * ROOT_MS, f).rate[0] / tail - 1) < 0.06


def test_interval_transform():
    rho = interval_transform(EIF, "eif", 1.0, 1.5 * ROOT_MS, [0.0, 0.01, 5000.0])
    rate = threshold_state(EIF, "eif", 1.0, 1.5 * ROOT_MS).rate
    assert abs(rho[0] - 1) < 1e-5
    assert -rho[1].imag / (2 * np.pi * 0.01) == pytest.approx(1 / rate, rel=1e-4)
    assert abs(rho[2]) < 1e-6


@pytest.mark.parametrize("t_ref", [0.0, 2e-3])
@pytest.mark.parametrize("target", ["mu", "D"])
def test_mean_closure_response_is_the_derivative(t_ref, target):
    neuron = ADEX | {"t_ref": t_ref}
    mu, D, e = 1.5, 0.5 * (2 * ROOT_MS) ** 2, 1e-3
    ups = [(mu + e, D), (mu - e, D)] if target == "mu" else [(mu, D * (1 + e)), (mu, D * (1 - e))]
    high, low = (mean_closure_state(neuron, "adex", m, np.sqrt(2 * d)).rate for m, d in ups)
    step = 2 * e * (1.0 if target == "mu" else D)
    response = mean_closure_response(neuron, "adex", mu, np.sqrt(2 * D), [0.0, 1000.0], target=target)
    assert response[0].real == pytest.approx((high - low) / step, rel=1e-5)
    open_loop = threshold_response(
        neuron, "adex", mu - mean_closure_state(neuron, "adex", mu, np.sqrt(2 * D)).w_mean / neuron["C_m"],
        np.sqrt(2 * D), 1000.0, target=target,
    )  # fmt: skip
    assert response[1] == pytest.approx(open_loop.rate[0], rel=5e-3)


def test_mean_closure_balances_w():
    neuron = ADEX | {"t_ref": 0.0}
    state = mean_closure_state(neuron, "adex", 1.5, 2 * ROOT_MS)
    balance = neuron["a"] * (state.V_mean - neuron["E_w"]) + neuron["b"] * neuron["tau_w"] * state.rate
    assert state.w_mean == pytest.approx(balance, rel=1e-9)

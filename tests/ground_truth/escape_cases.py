"""Specs of neurons with escape noise and what renewal theory says of them."""

from __future__ import annotations

import numpy as np

from popdyn.spec import load

TAU, V_T, DELTA, LAMBDA = 15e-3, 15e-3, 3e-3, 10.0
MEMBRANE = {"C_m": "150 pF", "g_L": "10 nS", "E_L": "0 mV", "V_T_star": "15 mV", "Delta_V": "3 mV"}
RESET = {"V_reset": "0 mV", "t_ref": "4 ms"}
FAR = {"V_T_star": "200 mV"}


def population(model, size, V, mu=0.0, sigma=0.0, poisson=(), **neuron):
    noise = {"mu": f"{mu!r} mV/ms", "sigma": f"{sigma!r} mV/sqrt(ms)"}
    neuron = {"model": model, **MEMBRANE, **neuron}
    return {"size": size, "neuron": neuron, "noise": noise, "poisson": list(poisson), "initial": {"V": f"{V!r} mV"}}


def spec(populations, duration=1.5, transient=0.4, **more):
    protocols = {"p": {"duration": f"{duration!r} s", "transient": f"{transient!r} s"}}
    return load({"populations": populations, "protocols": protocols, **more})


def renewal_rate(mu, t_ref=4e-3, V_T_star=V_T, tau=TAU, points=100_001):
    """1/(t_ref + integral of the survivor): V rises from 0 to mu tau, the hazard with it."""
    t = np.linspace(0, 0.5, points)
    V = mu * tau * -np.expm1(-t / tau)
    hazard = LAMBDA * np.exp((V - V_T_star) / DELTA)
    survivor = np.exp(-np.concatenate([[0], np.cumsum(0.5 * (hazard[1:] + hazard[:-1]))]) * (t[1] - t[0]))
    return 1 / (t_ref + np.trapezoid(survivor, t))


def mean(truth, name, variable="rate"):
    return float(truth[variable].sel(population=name, time=slice(0, None)).mean())

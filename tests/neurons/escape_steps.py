"""The statements of a model with escape noise, run as numpy."""

from __future__ import annotations

import numpy as np

from popdyn.neurons import NeuronModel


def stepped(model: NeuronModel, names: dict, statements: str | None = None) -> dict:
    """All names after the statements (None: a step of the model)."""
    functions = {"exp": np.exp, "log": np.log, "sqrt": np.sqrt, "clip": np.clip, "int": int, "rand": lambda: 0.5}
    found = dict(names)
    exec(model.brian2.model if statements is None else statements, {"__builtins__": {}, **functions}, found)
    return found


P = {
    "C_m": 150e-12, "g_L": 10e-9, "E_L": 0.0, "I_e": 20e-12, "V_T_star": 15e-3, "Delta_V": 3e-3, "lambda_0": 10.0,
    "V_reset": 0.0, "t_ref": 4e-3,
}  # fmt: skip
INPUT = {
    "mu_t": 1.2, "sigma_t": 0.0, "z": 0.0, "leak_t": 20.0, "w_t": 5e-12, "theta": 1e-3, "theta_end": 0.9e-3,
    "V": 4e-3, "patience": 1.0, "dead": 0.0, "dt": 1e-3,
}  # fmt: skip

"""One test over all neuron models: the registry, the drift, the equations as text agree with each other."""

from __future__ import annotations

import ast

import numpy as np
import pytest

from popdyn.neurons import MODELS
from popdyn.quantities import DIMENSIONS

ALL = pytest.mark.parametrize("model", MODELS.values(), ids=lambda m: m.name)
DIFFUSION = pytest.mark.parametrize("model", [m for m in MODELS.values() if not m.escape], ids=lambda m: m.name)


def defaults(model):
    numbers = {p.name: p.default for p in model.parameters if isinstance(p.default, float)}
    return {p.name: numbers.get(p.name, numbers.get(p.default)) for p in model.parameters}


def names_in(expression: str) -> set[str]:
    return {node.id for node in ast.walk(ast.parse(expression, mode="eval")) if isinstance(node, ast.Name)}


def right_hand_side(model, variable: str) -> str:
    line = next(line for line in model.brian2.model.splitlines() if line.startswith(f"d{variable}/dt"))
    return line.split("=", 1)[1].rsplit(":", 1)[0].strip()


def supplied(model, p):
    """What the builder and Brian2 bring: functions, and V_limit, the potential beyond which the exponential is held."""
    return {"exp": np.exp, "clip": np.clip, "V_limit": p[model.barrier]}


@ALL
def test_parameters(model):
    assert all(p.unit in DIMENSIONS and p.doc for p in model.parameters)
    assert len({p.name for p in model.parameters}) == len(model.parameters)
    assert {"C_m", "g_L", "E_L", "I_e", model.threshold} <= {p.name for p in model.parameters}
    assert model.name == "poisson" or {"V_reset", "t_ref"} <= {p.name for p in model.parameters}
    assert model.barrier in {p.name for p in model.parameters}
    assert model.adaptation == ({"a", "b", "tau_w", "E_w"} <= {p.name for p in model.parameters})
    assert model.hard_threshold == (model.barrier == "V_th")
    assert model.source
    assert model.title


@ALL
def test_defaults_satisfy_the_constraints_and_breaking_each_is_seen(model):
    p = defaults(model)
    assert all(constraint.holds(p) for constraint in model.constraints)
    breaks = [{"C_m": 1e-6}]
    if not model.escape:
        breaks += [{"V_reset": p[model.barrier]}, {"V_reset": p[model.barrier] + 1e-3}]
        breaks += [] if model.hard_threshold else [{"V_th": p["V_peak"]}, {"Delta_T": 1e-4}]
    elif "V_reset" in p:
        breaks += [{"V_reset": p["V_T_star"] + 11 * p["Delta_V"]}]
    for broken in breaks:
        assert not all(constraint.holds({**p, **broken}) for constraint in model.constraints), broken
    for constraint in model.constraints:
        assert any(name in p for name in constraint.names())


@DIFFUSION
def test_drift_is_the_text_given_to_brian2(model):
    """drift(V) = dV/dt of the Brian2 equation at I_e = w = mu_t = sigma_t = 0, at 200 potentials."""
    p = defaults(model) | {"C_m": 173e-12, "g_L": 11e-9, "E_L": -63e-3}
    V = np.linspace(-0.09, p[model.barrier], 200)
    expression = right_hand_side(model, "V").replace("(unless refractory)", "")
    names = {**p, "I_e": 0.0, "w": 0.0, "mu_t": 0.0, "sigma_t": 0.0, "xi": 0.0, "V": V, **supplied(model, p)}
    assert names_in(expression) <= set(names)
    assert model.drift(V, p) == pytest.approx(evaluate(expression, names), rel=1e-12, abs=1e-12)


@DIFFUSION
def test_inputs_enter_the_brian2_text_with_the_right_weight(model):
    """1 per unit of mu_t, 1/C_m per unit of I_e, -1/C_m per unit of w, sigma_t multiplies xi."""
    p = defaults(model)
    base = {**p, "I_e": 0.0, "w": 0.0, "mu_t": 0.0, "sigma_t": 2.0, "xi": 0.0, "V": np.array([-0.06])}
    base |= supplied(model, p)
    expression = right_hand_side(model, "V")

    def change(**values):
        return float((evaluate(expression, base | values) - evaluate(expression, base))[0])

    assert change(mu_t=1.0) == pytest.approx(1.0)
    assert change(I_e=1e-12) == pytest.approx(1e-12 / p["C_m"])
    assert change(xi=1.0) == pytest.approx(2.0)
    if model.adaptation:
        assert change(w=1e-12) == pytest.approx(-1e-12 / p["C_m"])
        slope = evaluate(right_hand_side(model, "w"), base | {"V": np.array([-0.05]), "w": 3e-12})
        assert slope == pytest.approx((p["a"] * (-0.05 - p["E_w"]) - 3e-12) / p["tau_w"])
        assert model.brian2.reset.splitlines() == ["V = V_reset", "w += b"]
    else:
        assert model.brian2.reset == "V = V_reset"


def evaluate(expression: str, names: dict) -> np.ndarray:
    code = ast.parse(expression.split("(unless")[0].strip(), mode="eval")
    return eval(compile(code, "<equation>", "eval"), {"__builtins__": {}}, names)

"""The derived equations of the density rung, as text with symbols and values."""

from __future__ import annotations

from popdyn.neurons import MODELS
from popdyn.quantities import format_quantity
from popdyn.spec.network import Network
from popdyn.theory.discretisation import Discretisation
from popdyn.theory.problem import CLOSURES, DensityProblem

_CLOSURE_TEXT = {
    "mean": "q_1 = 0: every neuron has the mean w",
    "hermite1": "q_2 = S_2 q_0",
    "hermite2": "q_3 = 3 S_2 q_1 + S_3 q_0",
    "hermite3": "q_4 = 6 S_2 q_2 + 4 S_3 q_1 + (S_4 - 6 S_2^2) q_0",
    "gaussian": "q_3 = q_0 (m^3 + 3 m v),  m = q_1/q_0,  v = q_2/q_0 - m^2",
    "cumulant3": "q_4 = q_0 (m^4 + 6 m^2 v + 4 m t + 3 v^2),  m, v, t: mean, variance, third cumulant of w given V",
    "cumulant4": "q_5: w given V has its own first four cumulants and no fifth",
}


def density_equations(name: str, closure: str, problem: DensityProblem, grid: Discretisation, network: Network) -> str:
    """Equations of one population at one closure, with the values of its parameters and its drive."""
    model = MODELS[network.populations[name].neuron.model]
    lines = [f"population {name}: {model.title}, density rung", "", "single neuron:"]
    lines += [f"  {line}" for line in model.equations]
    lines += ["", "density of V (J: flux, r: rate, D = sigma^2/2):"]
    if problem.adapts:
        lines += _with_adaptation(closure)
    else:
        lines += [
            "  dp/dt = -d_V J + delta(V - V_reset) r(t - t_ref),   J = (f(V) + mu) p - D d_V p",
            f"  r = J({model.barrier}),   p({model.barrier}) = 0",
        ]
    lines += ["", "values:"]
    parameters = network.populations[name].neuron.parameters
    lines += [f"  {p.name} = {_show(parameters[p.name], p.unit)}" for p in model.parameters]
    lines += [f"  mu = {_show(problem.mu, 'V/s')}", f"  sigma = {_show(problem.sigma, 'V/sqrt(s)')}"]
    lines += [f"  {grid.operator.width.size} cells of {_show(grid.spacing, 'V')} in the bulk"]
    return "\n".join(lines)


def _with_adaptation(closure: str) -> list[str]:
    order = CLOSURES[closure][1]
    lines = [
        "  q_n(V,t) = int (w - W)^n p(V,w,t) dw,   W: mean w of active neurons,   P = int q_0 dV,   L at mu - W/C_m",
        "  dq_0/dt = L q_0 + (1/C_m) d_V q_1 + delta(V - V_reset) R_0(t - t_ref)",
    ]
    lines += [
        f"  dq_{n}/dt = L q_{n} + (1/C_m) d_V q_{n + 1} + {n} [(a (V - <V>) q_{n - 1} - q_{n})/tau_w - (J/P) q_{n - 1}]"
        f" + delta(V - V_reset) R_{n}^in"
        for n in range(1, order + 1)
    ]
    return [
        *lines,
        "  dW/dt = (a (<V> - E_w) - W)/tau_w + J/P,   J = R_1^in - R_1,   r = R_0",
        "  R_n^in = sum_k C(n,k) eps^k c^(n-k) R_k(t - t_ref),   eps = exp(-t_ref/tau_w)",
        "  c = eps (W(t - t_ref) + b) + (1 - eps) a (V_reset - E_w) - W",
        f"  closure `{closure}`: {_CLOSURE_TEXT[closure]}",
    ]


def _show(value: float, dimension: str) -> str:
    return format_quantity(value, dimension, digits=6)

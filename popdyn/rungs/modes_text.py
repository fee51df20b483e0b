"""The equations of modes as text, with what each mode is and how far the whole is from its density."""

from __future__ import annotations

from popdyn.kernels import modes as kernel
from popdyn.rungs.measured_text import modes_and_errors
from popdyn.rungs.modes_choice import Choice
from popdyn.theory.modes_meaning import meaning
from popdyn.theory.problem import W_UNIT
from popdyn.theory.reduced import ReducedState

EQUATIONS = """\
x' = (R_0 + u R_1 + D R_2{pull}) x + {into}
r  = (c_0 + u c_1 + D c_2) . x                   population rate [1/s]
u  = mu{adapted},  D = sigma^2/2,  x_0 = P: share of neurons that are not refractory"""
ADAPTED = """\
W' = (a (<V> - E_w) - W)/tau_w + J/P,  <V> = v.x/P,  J = R_1^in - R_1,  s = a <V>/tau_w + J/P
R_m = (c_m0 + u c_m1 + D c_m2) . x:  outgoing fluxes of the moments of w, R_0 = r
R_m^in = sum_k C(m, k) eps^k c^(m-k) R_k(t - t_ref),  eps = exp(-t_ref/tau_w)
c = eps (W(t - t_ref) + b) + (1 - eps) a (V_reset - E_w) - W"""


def modes_equations(name: str, choice: Choice, state: ReducedState) -> str:
    """The system, its numbers, its modes at `state`, its errors and its domain."""
    reduced, n = choice.reduced, choice.reduced.modes.numbers
    adapts = reduced.states > reduced.count
    lines = [f"population {name} ({reduced.states} state variables, {reduced.order + 1} moments of w)" if adapts else
             f"population {name} ({reduced.states} state variables)"]  # fmt: skip
    lines.append(EQUATIONS.format(
        pull=" + s R_3" if reduced.order > 0 else "", adapted=" - W/C_m" if adapts else "",
        into="sum_m E_m R_m^in" if adapts else "E r(t - t_ref)",
    ))  # fmt: skip
    if adapts:
        lines.append(ADAPTED)
        lines.append(f"  C_m = {n[kernel.C_M] * W_UNIT:.6g} F, a = {n[kernel.A] * W_UNIT:.6g} S")
        lines.append(
            f"  b = {n[kernel.B] * W_UNIT:.6g} A, tau_w = {n[kernel.TAU_W]:.6g} s, E_w = {n[kernel.E_W]:.6g} V"
        )
    lines.append(f"  V_reset = {n[kernel.V_RESET]:.6g} V, t_ref = {n[kernel.T_REF]:.6g} s; matrices: model.json")
    lines.append(f"at mu = {state.mu:.6g} V/s, sigma = {(2 * state.D) ** 0.5:.6g} V/sqrt(s), {state.rate:.4g} Hz:")
    return "\n".join([*lines, *modes_and_errors(meaning(reduced, state), choice)])

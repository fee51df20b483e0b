"""The equations of gated modes as text, with what each mode is and how far the whole is from its density."""

from __future__ import annotations

import numpy as np

from popdyn.kernels import gated as kernel
from popdyn.rungs.gated_choice import GatedChoice
from popdyn.rungs.measured_text import modes_and_errors
from popdyn.theory.gated import GatedRest
from popdyn.theory.gated_meaning import meaning

EQUATIONS = """\
h' = -h/tau_m + mu
x' = (R_0 + g R_1 + g^2 R_2 + A R_3) x + E . psi    x_0: share of neurons that are not refractory
A  = (g c_0 + g^2 c_1) . x                          population rate [1/s]
g  = exp({exponent} - norm)
psi = A(t - t_ref) (1, q, q^2, q^3{traces}),  q = ({level} - centre)/width"""
ADAPTED = """\
abar_j' = -abar_j/tau_j + jump_j A                  mean of trace j
A_j = (g c_j0 + g^2 c_j1) . x                       what fires, by a_j - abar_j;  b_j = (abar_j - centre_j)/width_j"""


def gated_equations(name: str, choice: GatedChoice, rest: GatedRest) -> str:
    """The system, its numbers, its modes at `rest`, its errors and its domain."""
    reduced = choice.reduced
    n, tr, J = reduced.modes.numbers, reduced.modes.traces, reduced.modes.traces.shape[1]
    currents = bool(np.any(tr[kernel.KAPPA]))
    lines = [f"population {name} ({reduced.states} state variables: h, {J} means of traces, {reduced.count} modes)"]
    lines.append(EQUATIONS.format(
        exponent="h/Delta_V" + (" + sum_j slope_j abar_j" if J else ""),
        traces=", b_1..b_J), A_j(t - t_ref) (1, q" if J else "",
        level="h + sum_j kappa_j abar_j" if currents else "h",
    ))  # fmt: skip
    if J:
        lines.append(ADAPTED)
    tau_m = -reduced.dt / np.log(n[kernel.H_DECAY])
    lines.append(f"  tau_m = {tau_m:.6g} s, Delta_V = {1.0 / n[kernel.SLOPE]:.6g} V, norm = {n[kernel.NORM]:.6g}")
    lines.append(f"  centre = {n[kernel.CENTRE]:.6g} V, width = {n[kernel.WIDTH]:.6g} V")
    lines.append(f"  t_ref = {n[kernel.LAG] * reduced.dt:.6g} s, steps of {reduced.dt:.6g} s; matrices: model.json")
    for j in range(J):
        tau = -reduced.dt / np.log(tr[kernel.DECAY, j])
        lines.append(
            f"  trace {j + 1}: tau = {tau:.6g} s, slope = {tr[kernel.TRACE_SLOPE, j]:.6g}, "
            f"kappa = {tr[kernel.KAPPA, j]:.6g} V, jump = {tr[kernel.JUMP, j]:.6g}"
        )
    lines.append(f"at mu = {rest.mu:.6g} V/s, {rest.rate:.4g} Hz:")
    return "\n".join([*lines, *modes_and_errors(meaning(reduced, rest), choice)])

"""The equations of a cascade unit as text."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from popdyn.rungs.cascade import FLOOR, CascadePopulation
from popdyn.rungs.domain import describe

EQUATIONS = """\
tau_h(e) dh/dt = mu - h                       input filter
e = h - sum_j g_j(w_j)                        effective drive [V/s]
g_j(w) = s_j w/C_m (1 + c_j)/(1 + c_j |w|/w_ref_j)
                                              pull of adaptation; with c_j < 0: s_j w/C_m (1 - c_j |w|/w_ref_j)/(1 - c_j)
A = F(e, sigma_h) R(Re y + Re z)              population rate [1/s]; R(x) = 1 + x for x >= 0,
                                              (1 + max(x, -2)/2)^2 below
dy/dt = -(alpha(e) + i omega(e)) y + kappa(e) (dlnF/de) dh/dt + (kappa_sigma_re + i kappa_sigma_im) d(ln sigma_h)/dt
dz/dt = -(d alpha(e) + 2 i omega(e)) z + eta(e) (dlnF/de) dh/dt + (harmonic_sigma_re + i harmonic_sigma_im) d(ln sigma_h)/dt
tau_sigma dsigma_h/dt = sigma - sigma_h
tau_j dw_j/dt = a_j (V(e) - E_j) - w_j + b_j tau_j A
with x = ln((min(F, 10 F_ref) + F_0)/(F_ref + F_0)), q = ln(sigma_h/sigma_ref)
tau_h(e) = tau_h (dlnF/de)/(dlnF/de)_ref exp(tau_h_sigma_exponent q - tau_h_exponent x)
alpha(e) = alpha exp(alpha_exponent x + alpha_sigma_exponent q),  d = harmonic_damping
omega(e) = 2 pi omega_ratio F exp(omega_exponent x)
kappa(e) = (kappa_re + i kappa_im) exp(kappa_exponent x + kappa_sigma_exponent q)
eta(e) = (harmonic_re + i harmonic_im) exp(harmonic_exponent x + kappa_sigma_exponent q)
F, V: stationary rate and mean potential of the density, tabulated"""  # noqa: E501
SPREAD = """\
where w adapts, its pull passes the input filter, and its variance over the neurons, S b^2, counts as noise:
tau_h(e) dg/dt = sum_j s_j w_j/C_m - g,  e = h - g
dS/dt = -2 S/tau_w + (1 - spread_loss S) A,  S_0 = F/(2/tau_w + spread_loss F)
F at sigma_h + spread_time (b/C_m)^2 (S - S_0)/sigma_ref in the place of sigma_h"""
SHORT = {"adaptation_strength": "s", "adaptation_saturation": "c"}


def equations_of(unit: CascadePopulation, fit: Mapping[str, Any]) -> str:
    """The equations, and `values_of` the unit."""
    return "\n".join([f"population {unit.name} (cascade unit)", EQUATIONS, "", values_of(unit, fit)])


def values_of(unit: CascadePopulation, fit: Mapping[str, Any]) -> str:
    """The values with their intervals where a fit gave them, the known numbers and the domain."""
    estimates = {entry["name"]: entry for entry in fit.get("parameters", [])}
    lines = ["fitted:"]
    for name, parameter in unit.fitted.items():
        value = unit.parameters[name]
        entry = estimates.get(name)
        if estimates and entry is None:
            continue
        interval = f"  [{entry['low']:.4g}, {entry['high']:.4g}]" if entry else ""
        loose = "  (not fixed by the data)" if entry and not entry["identified"] else ""
        label = next((name.replace(long, short) for long, short in SHORT.items() if name.startswith(long)), name)
        lines.append(f"  {label} = {value:.4g} {parameter.unit}{interval}{loose}: {parameter.doc}")
    lines += ["known:", f"  C_m = {unit.C_m:.6g} F", f"  F_ref = {unit.reference_rate:.6g} 1/s, F_0 = {FLOOR:g} F_ref"]
    for j, (v, w) in enumerate(zip(unit.adaptation, unit.reference_w, strict=True), start=1):
        numbers = f"a_{j} = {v.a:.6g} S, b_{j} = {v.b:.6g} A, tau_{j} = {v.tau:.6g} s, E_{j} = {v.E:.6g} V"
        threshold = "" if v.current == 1.0 else f", {1.0 - v.current:.3g} of it a threshold that moves"
        lines.append(f"  {numbers}, w_ref_{j} = {w:.6g} A{threshold}")
    rows = unit.gain.rows
    nodes = sum(len(row.mu) for row in rows)
    lines += [f"  F, V: {nodes} nodes at {len(rows)} sigma", f"domain: {describe(unit.domain)}"]
    return "\n".join(lines)

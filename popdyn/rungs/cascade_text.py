"""The equations of a cascade unit as text."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from popdyn.rungs.cascade import FLOOR, CascadePopulation
from popdyn.rungs.cascade_parameters import FITTED
from popdyn.rungs.domain import describe

EQUATIONS = """\
tau_h(e) dh/dt = mu - h                       input filter
e = h - s sum_j w_j / C_m                     effective drive [V/s]
A = F(e, sigma_h) exp(Re y)                   population rate [1/s]
dy/dt = -(alpha(e) + i omega(e)) y + kappa(e) d(ln F)/dt + (kappa_sigma_re + i kappa_sigma_im) d(ln sigma_h)/dt
tau_sigma_ratio tau_h(e) dsigma_h/dt = sigma - sigma_h
tau_j dw_j/dt = a_j (V(e) - E_j) - w_j + b_j tau_j A
with x = ln((F + F_0)/(F_ref + F_0))
tau_h(e) = tau_h (dlnF/de)/(dlnF/de)_ref exp(-tau_h_exponent x)
alpha(e) = alpha exp(alpha_exponent x),  omega(e) = 2 pi omega_ratio F
kappa(e) = (kappa_re + i kappa_im) exp(kappa_exponent x)
F, V: stationary rate and mean potential of the density, tabulated"""


def equations_of(unit: CascadePopulation, fit: Mapping[str, Any]) -> str:
    """The equations, the values with their intervals where a fit gave them, the known numbers and the domain."""
    estimates = {entry["name"]: entry for entry in fit.get("parameters", [])}
    lines = [f"population {unit.name} (cascade unit)", EQUATIONS, "", "fitted:"]
    for name, parameter in FITTED.items():
        value = getattr(unit.parameters, name)
        entry = estimates.get(name)
        if estimates and entry is None:
            continue
        interval = f"  [{entry['low']:.4g}, {entry['high']:.4g}]" if entry else ""
        loose = "  (not fixed by the data)" if entry and not entry["identified"] else ""
        label = "s" if name == "adaptation_strength" else name
        lines.append(f"  {label} = {value:.4g} {parameter.unit}{interval}{loose}: {parameter.doc}")
    lines += ["known:", f"  C_m = {unit.C_m:.6g} F", f"  F_ref = {unit.reference_rate:.6g} 1/s, F_0 = {FLOOR:g} F_ref"]
    for j, v in enumerate(unit.adaptation, start=1):
        lines.append(f"  a_{j} = {v.a:.6g} S, b_{j} = {v.b:.6g} A, tau_{j} = {v.tau:.6g} s, E_{j} = {v.E:.6g} V")
    rows = unit.gain.rows
    nodes = sum(len(row.mu) for row in rows)
    lines += [f"  F, V: {nodes} nodes at {len(rows)} sigma", f"domain: {describe(unit.domain)}"]
    return "\n".join(lines)

"""The equations of a simple rate unit as text."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from popdyn.kernels import rate_units as kernel
from popdyn.rungs.domain import describe
from popdyn.rungs.rate_population import RatePopulation


def equations_of(unit: RatePopulation, fit: Mapping[str, Any]) -> str:
    """The equations, the values with their intervals where a fit gave them, the known numbers and the domain."""
    estimates = {entry["name"]: entry for entry in fit.get("parameters", [])}
    lines = [f"population {unit.name} ({unit.kind.title} unit)", *_equations(unit), "", "parameters:"]
    for p in unit.parameters:
        entry = estimates.get(p.name)
        interval = f"  [{entry['low']:.4g}, {entry['high']:.4g}]" if entry else ""
        loose = "  (not fixed by the data)" if entry and not entry["identified"] else ""
        shown = p.unit_in(unit.drive_unit, unit.noise_unit)
        lines.append(f"  {p.name} = {unit.values[p.name]:.4g} {shown}{interval}{loose}: {p.doc}")
    lines += ["known:", f"  drive_scale = {unit.drive_scale:.6g} {unit.drive_unit}"] * unit.kind.normalised
    if unit.varying_sigma:
        lines.append(f"  sigma_ref = {unit.sigma0:.6g} {unit.noise_unit}")
    return "\n".join([*lines, f"domain: {describe(unit.domain, (unit.drive_unit, unit.noise_unit))}"])


def _equations(unit: RatePopulation) -> list[str]:
    adapting = "".join(f" - strength_{j} a_{j}" for j in range(1, unit.adaptation + 1))
    noisy = " - threshold_sigma (sigma - sigma_ref)" if unit.varying_sigma else ""
    speed = "(1/tau_r + quickening r)" if "quickening" in unit.values else "1/tau_r"
    changing = [p.name for p in unit.parameters if p.column == kernel.SHAPE_SIGMA]
    lines = [f"dr/dt = {speed} (-r + F(x))", f"x = mu - threshold{noisy}{adapting}", unit.kind.equation]
    for name in changing:
        shape = name.removesuffix("_sigma")
        lines.append(f"with {shape} exp({name} (sigma - sigma_ref)) in the place of {shape}")
    return lines + [f"tau_a_{j} da_{j}/dt = -a_{j} + r" for j in range(1, unit.adaptation + 1)]

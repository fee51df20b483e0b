"""What documents of fitted units have alike, checked on the way in: the domain, and what the fit reported."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from popdyn.rungs.model_reader import Reader
from popdyn.theory.discretisation import Domain


def domain_of(entry: Reader) -> Domain:
    """The range of drives of a unit."""
    table = entry.table("domain")
    ends = {key: table.number(key) for key in ("mu_low", "mu_high", "sigma_low", "sigma_high")}
    for low, high in (("mu_low", "mu_high"), ("sigma_low", "sigma_high")):
        if ends[low] > ends[high]:
            table.fault(low, ends[low], f"at most {high}")
    return Domain(**ends)


def fit_of(entry: Reader, most: int) -> Mapping[str, Any]:
    """The report of the fit, of at most so many parameters, as it was written; what `equations` prints is checked."""
    fit = entry.table("fit")
    if "parameters" in fit.data:
        for p in fit.tables("parameters", 0, most):
            p.text("name")
            p.number("low")
            p.number("high")
            if not isinstance(p.data.get("identified"), bool):
                p.fault("identified", p.data.get("identified"), "true or false")
    return fit.data

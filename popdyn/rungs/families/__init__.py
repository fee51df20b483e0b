"""Families of simple rate units: one file per gain, registered here."""

from popdyn.rungs.families import power_law, sigmoid, softplus, threshold_linear
from popdyn.rungs.families.base import Family, FamilyParameter, of_unit

FAMILIES: dict[str, Family] = {
    "threshold_linear": threshold_linear.FAMILY,
    "softplus": softplus.FAMILY,
    "power_law": power_law.FAMILY,
    "sigmoid": sigmoid.FAMILY,
}

__all__ = ["FAMILIES", "Family", "FamilyParameter", "of_unit"]

"""Power-law gain above a threshold: supralinear where the exponent is above one."""

from __future__ import annotations

import numpy as np

from popdyn.kernels import rate_units as kernel
from popdyn.rungs.families.base import Family, FamilyParameter
from popdyn.types import FloatArray


def gain(x: FloatArray, scale: float, shape: FloatArray) -> FloatArray:
    return scale * np.maximum(x, 0.0) ** shape


def slope(x: FloatArray, scale: float, shape: FloatArray) -> FloatArray:
    above = np.maximum(x, np.finfo(float).tiny)
    return np.where(x > 0.0, scale * shape * above ** (shape - 1.0), 0.0)


def shape_slope(x: FloatArray, scale: float, shape: FloatArray) -> FloatArray:
    above = np.maximum(x, np.finfo(float).tiny)
    return np.where(x > 0.0, scale * above**shape * np.log(above), 0.0)


FAMILY = Family(
    name="power_law",
    title="power law (supralinear)",
    number=kernel.POWER_LAW,
    equation="F(x) = rate_scale ([x]_+ / drive_scale)^exponent",
    parameters=(
        FamilyParameter("rate_scale", "1/s", "rate at a drive of drive_scale above the threshold", kernel.SCALE,
                        start=1.0, lower=1e-4, upper=1e4, log=True, scale=0.3, rate=1),
        FamilyParameter("exponent", "1", "exponent of the gain", kernel.SHAPE,
                        start=2.0, lower=0.3, upper=20.0, log=True, scale=0.3),
        FamilyParameter("exponent_sigma", "1/({noise})", "relative change of the exponent with sigma",
                        kernel.SHAPE_SIGMA, start=0.0, lower=-10.0, upper=10.0, log=False, scale=0.5, noise=-1),
    ),
    gain=gain,
    slope=slope,
    shape_slope=shape_slope,
    source="Hansel and van Vreeswijk 2002, J Neurosci 22:5118; Ahmadian et al. 2013, Neural Comput 25:1994",
    normalised=True,
)  # fmt: skip

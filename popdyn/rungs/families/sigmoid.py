"""Logistic gain: half of its largest rate at the threshold."""

from __future__ import annotations

import numpy as np

from popdyn.kernels import rate_units as kernel
from popdyn.rungs.families.base import Family, FamilyParameter
from popdyn.rungs.families.softplus import FAMILY as SOFTPLUS
from popdyn.types import FloatArray


def gain(x: FloatArray, scale: float, shape: FloatArray) -> FloatArray:
    return scale / (1.0 + np.exp(-x / shape))


def slope(x: FloatArray, scale: float, shape: FloatArray) -> FloatArray:
    part = gain(x, 1.0, shape)
    return scale * part * (1.0 - part) / shape


def shape_slope(x: FloatArray, scale: float, shape: FloatArray) -> FloatArray:
    return -x / shape * slope(x, scale, shape)


FAMILY = Family(
    name="sigmoid",
    title="sigmoid",
    number=kernel.SIGMOID,
    equation="F(x) = rate_max / (1 + exp(-x/smoothness))",
    parameters=(
        FamilyParameter("rate_max", "1/s", "rate that the gain saturates at", kernel.SCALE,
                        start=1.5, lower=1e-2, upper=1e4, log=True, scale=0.3, rate=1),
        *SOFTPLUS.parameters[1:],
    ),
    gain=gain,
    slope=slope,
    shape_slope=shape_slope,
    source="Wilson and Cowan 1972, Biophys J 12:1",
)  # fmt: skip

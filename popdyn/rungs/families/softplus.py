"""Softplus gain: exponential below a threshold, straight above, over a stretch that noise sets."""

from __future__ import annotations

import numpy as np

from popdyn.kernels import rate_units as kernel
from popdyn.rungs.families import threshold_linear
from popdyn.rungs.families.base import Family, smoothness
from popdyn.types import FloatArray


def gain(x: FloatArray, scale: float, shape: FloatArray) -> FloatArray:
    return scale * shape * np.logaddexp(0.0, x / shape)


def slope(x: FloatArray, scale: float, shape: FloatArray) -> FloatArray:
    return scale / (1.0 + np.exp(-x / shape))


def shape_slope(x: FloatArray, scale: float, shape: FloatArray) -> FloatArray:
    return (gain(x, scale, shape) - x * slope(x, scale, shape)) / shape


FAMILY = Family(
    name="softplus",
    title="softplus",
    number=kernel.SOFTPLUS,
    equation="F(x) = gain smoothness ln(1 + exp(x/smoothness))",
    parameters=(
        threshold_linear.FAMILY.parameters[0],
        *smoothness(),
    ),
    gain=gain,
    slope=slope,
    shape_slope=shape_slope,
    source="Dugas et al. 2001, NIPS 13:472; a smoothed threshold as in Brunel and Latham 2003, Neural Comput 15:2281",
)

"""Threshold-linear gain: silent below a threshold, straight above."""

from __future__ import annotations

import numpy as np

from popdyn.kernels import rate_units as kernel
from popdyn.rungs.families.base import Family, FamilyParameter
from popdyn.types import FloatArray


def gain(x: FloatArray, scale: float, shape: FloatArray) -> FloatArray:  # noqa: ARG001
    return scale * np.maximum(x, 0.0)


def slope(x: FloatArray, scale: float, shape: FloatArray) -> FloatArray:  # noqa: ARG001
    return np.where(x > 0.0, scale, 0.0)


def shape_slope(x: FloatArray, scale: float, shape: FloatArray) -> FloatArray:  # noqa: ARG001
    return np.zeros_like(x)


FAMILY = Family(
    name="threshold_linear",
    title="threshold-linear",
    number=kernel.THRESHOLD_LINEAR,
    equation="F(x) = gain [x]_+",
    parameters=(
        FamilyParameter("gain", "(1/s)/({drive})", "slope of the rate far above the threshold", kernel.SCALE,
                        start=1.0, lower=1e-4, upper=1e4, log=True, scale=0.3, drive=-1, rate=1),
    ),
    gain=gain,
    slope=slope,
    shape_slope=shape_slope,
    source="Hartline and Ratliff 1957, J Gen Physiol 40:357; Hahnloser et al. 2000, Nature 405:947",
)  # fmt: skip

"""What a family of rate units is: a gain with a scale and a shape, and its parameters as data."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from popdyn.kernels import rate_units as kernel
from popdyn.types import FloatArray

Gain = Callable[[FloatArray, float, FloatArray], FloatArray]


@dataclass(frozen=True)
class FamilyParameter:
    """One parameter. `unit` has {drive} and {noise} where the units of mu and sigma stand.

    It is fitted as value / natural, or as the logarithm of that (`log`), where natural = drive scale^drive
    rate scale^rate sigma^noise; `centred`: less the mean drive. `lower`, `upper` and `start` are in natural units, and
    `scale` is a change of the fitted coordinate that matters. `column`: its place in the kernel's row.
    """

    name: str
    unit: str
    doc: str
    column: int
    start: float
    lower: float
    upper: float
    log: bool
    scale: float
    drive: int = 0
    rate: int = 0
    noise: int = 0
    centred: bool = False

    def unit_in(self, drive_unit: str, noise_unit: str) -> str:
        return self.unit.format(drive=drive_unit, noise=noise_unit)


@dataclass(frozen=True)
class Family:
    """F(x) = gain(x, scale, shape) [1/s] of the drive x beyond the threshold; `normalised`: x counted in drive_scale.

    `slope` is dF/dx and `shape_slope` dF/dshape. `number` is the family's in the kernel, which has its own text of F.
    """

    name: str
    title: str
    number: int
    equation: str
    parameters: tuple[FamilyParameter, ...]
    gain: Gain
    slope: Gain
    shape_slope: Gain
    source: str
    normalised: bool = False


THRESHOLD = FamilyParameter(
    "threshold", "{drive}", "drive at which the gain sets in", kernel.THRESHOLD,
    start=0.0, lower=-20.0, upper=20.0, log=False, scale=0.5, drive=1, centred=True,
)  # fmt: skip
THRESHOLD_SIGMA = FamilyParameter(
    "threshold_sigma", "({drive})/({noise})", "change of the threshold with sigma", kernel.THRESHOLD_SIGMA,
    start=0.0, lower=-50.0, upper=50.0, log=False, scale=0.5, drive=1, noise=-1,
)  # fmt: skip
TAU_R = FamilyParameter(
    "tau_r", "s", "time constant of the rate, at rate 0", kernel.TAU,
    start=10e-3, lower=2e-4, upper=10.0, log=True, scale=0.5,
)  # fmt: skip
QUICKENING = FamilyParameter(
    "quickening", "1", "growth of the inverse time constant with the rate: 1/tau_r + quickening r", kernel.QUICKENING,
    start=5.0, lower=1e-3, upper=1e3, log=True, scale=0.7,
)  # fmt: skip
STRENGTH = FamilyParameter(
    "strength", "({drive}) s", "drive that a unit of the adaptation variable takes away", kernel.STRENGTH,
    start=0.3, lower=1e-6, upper=1e3, log=True, scale=0.7, drive=1, rate=-1,
)  # fmt: skip
TAU_A = FamilyParameter(
    "tau_a", "s", "time constant of the adaptation variable", kernel.TAU_A,
    start=0.2, lower=2e-3, upper=100.0, log=True, scale=0.7,
)  # fmt: skip


def smoothness() -> tuple[FamilyParameter, FamilyParameter]:
    """A positive shape in the unit of the drive, and its change with sigma."""
    shape = FamilyParameter(
        "smoothness", "{drive}", "range of drive over which the gain sets in", kernel.SHAPE,
        start=0.3, lower=1e-3, upper=1e2, log=True, scale=0.7, drive=1,
    )  # fmt: skip
    change = FamilyParameter(
        "smoothness_sigma", "1/({noise})", "relative change of the smoothness with sigma", kernel.SHAPE_SIGMA,
        start=0.0, lower=-10.0, upper=10.0, log=False, scale=0.5, noise=-1,
    )  # fmt: skip
    return shape, change


def numbered(parameter: FamilyParameter, j: int) -> FamilyParameter:
    """The parameter of adaptation variable j = 1, 2, …"""
    return replace(parameter, name=f"{parameter.name}_{j}", column=parameter.column + 2 * (j - 1))


def of_unit(family: Family, adaptation: int, *, varying_tau: bool, varying_sigma: bool) -> tuple[FamilyParameter, ...]:
    """All parameters of a unit of the family: gain, threshold, time constant, adaptation."""
    found = [p for p in (*family.parameters, THRESHOLD, THRESHOLD_SIGMA, TAU_R) if varying_sigma or p.noise == 0]
    found += [QUICKENING] * varying_tau
    for j in range(1, adaptation + 1):
        found += [numbered(STRENGTH, j), numbered(TAU_A, j)]
    return tuple(found)

"""Rate units of all populations that a conversion found the density of."""

from __future__ import annotations

import time

from popdyn.errors import NumericsError
from popdyn.fitting import AnyDensity, fit_cascade
from popdyn.rungs.unit import join
from popdyn.types import Progress
from popdyn.workflows.conversion import Conversion


def fit_units(work: Conversion, density: AnyDensity, say: Progress) -> None:
    """Fits every population to `density` and runs the units under the protocol of `work`.

    Where the density has no unit it is left out with a warning; NumericsError where the unit is what was asked for.
    """
    say(0.4, "fitting a rate unit to the density rung")
    began = time.process_time()
    try:
        work.fits = {name: fit_cascade(density, name) for name in work.network.populations}
        work.unit = join([fit.unit for fit in work.fits.values()])
        work.results["unit"] = work.unit.simulate(work.protocol)
    except NumericsError as error:
        if work.target == "unit":
            raise
        work.fits, work.unit = {}, None
        work.warnings.append(f"no unit was fitted: {error}")
    work.cost("unit: fit, held-out protocols, units of the literature", time.process_time() - began)

"""Rate units of all populations, or of all nodes, that a conversion found the density of."""

from __future__ import annotations

import time
import warnings

from popdyn.errors import NumericsError
from popdyn.fitting import AnyDensity, fit_cascade
from popdyn.fitting.network_units import coupled_units, fit_groups
from popdyn.rungs.coupled import CoupledDensity
from popdyn.rungs.unit import join
from popdyn.types import Progress
from popdyn.workflows.conversion import Conversion
from popdyn.workflows.progress import within


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


def fit_node_units(work: Conversion, density: CoupledDensity, say: Progress) -> None:
    """Fits every kind of node of `density` along the drives that it meets, and runs the network of the units.

    NumericsError where a node has no unit, or the network of them no finite rates.
    """
    say(0.4, "fitting rate units to the nodes of the density")
    began = time.process_time()
    density.progress = within(say, 0.4, 0.45)
    work.node_fits = fit_groups(density, progress=within(say, 0.45, 0.9))
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        work.unit = coupled_units(density, work.node_fits)
        work.results["unit"] = work.unit.simulate(work.protocol)
    work.warnings += dict.fromkeys(str(one.message) for one in said)
    work.cost("units of the nodes: fit, held-out drives", time.process_time() - began)

"""How the modes of a population and their errors are written below its equations."""

from __future__ import annotations

from collections.abc import Iterable

from popdyn.rungs.domain import describe
from popdyn.rungs.modes_measured import Measured
from popdyn.theory.modes_meaning import Mode


def modes_and_errors(modes: Iterable[Mode], measured: Measured) -> list[str]:
    """One line a mode, then the errors and the domain."""
    lines = []
    for mode in modes:
        ring = f", {mode.frequency:.3g} Hz" if mode.frequency > 0 else ""
        lines.append(f"  {1e3 * mode.tau:.3g} ms{ring}: {100 * mode.share:.2g} % of the response, {mode.follows}")
    errors = ", ".join(f"{e.kind} {100 * e.nrmse:.2g} %" for e in measured.errors)
    lines.append(f"nrmse against the density, held out: {errors} (asked for {100 * measured.tolerance:g} %)")
    lines.append(f"domain: {describe(measured.domain)}")
    return lines

"""The parts of a report that modes have."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from popdyn.rungs.coupled_modes import CoupledModes
from popdyn.rungs.modes_measured import BIN

if TYPE_CHECKING:
    from popdyn.workflows.conversion import Conversion


def modes_card(work: Conversion) -> list[dict[str, Any]]:
    """The modes' card of the ladder; nothing where there are none."""
    if work.modes is None or "modes" not in work.results:
        return []
    found = work.results["modes"].encoding.get("cpu_s")
    if isinstance(work.modes, CoupledModes):
        of, choices = "node", [*work.modes.choices]
    else:
        of, choices = "population", [*work.modes.choices.values()]
    states = sorted({choice.reduced.states for choice in choices})
    return [{
        "name": "modes", "label": "modes", "about": "the density projected on what the rate will show",
        "state": f"{' to '.join(map(str, states[:: max(len(states) - 1, 1)]))} numbers a {of}",
        "cpu_s_per_s": found and float(found) / work.simulated,
    }]  # fmt: skip


def modes_comparisons(work: Conversion) -> list[dict[str, Any]]:
    """The modes of populations that stand alone against the density on inputs that they were not trained on."""
    if work.modes is None or isinstance(work.modes, CoupledModes):
        return []
    rows = []
    for name, choice in work.modes.measured.items():
        for error in choice.errors:
            good = error.nrmse <= work.tolerance and abs(error.bias) <= work.tolerance
            measures = {
                "truth_mean": error.mean, "model_mean": error.mean * (1.0 + error.bias), "nrmse": error.nrmse,
                "bias": error.bias, "correlation": error.correlation, "verdict": "pass" if good else "fail",
            }  # fmt: skip
            rows.append({
                "truth": "density", "model": "modes", "protocol": f"heldout_{error.kind}", "bin": BIN,
                "tolerance": work.tolerance, "populations": {name: measures}, "verdict": measures["verdict"],
                "use": "held out",
            })  # fmt: skip
    return rows

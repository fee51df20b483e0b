"""The ladder of a report of networks or of escape noise: the neurons, the density and what stands beside it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from popdyn.workflows.modes_report import modes_card
from popdyn.workflows.stages import INFINITE, MEAN_FIELD
from popdyn.workflows.unit_report import unit_rung

if TYPE_CHECKING:
    from popdyn.workflows.conversion import Conversion
    from popdyn.workflows.truth import Truth


class Card(NamedTuple):
    """What the ladder says of a density, in words: what it is, and the numbers of its state."""

    about: str
    state: str


def ladder(work: Conversion, neuron: str, label: str, density: Card, mean_field: Card) -> list[dict[str, Any]]:
    """`neuron`: what the state of one is; `label`: of the density."""
    size = sum(p.size for p in work.network.populations.values())

    def sampled(name: str, label: str, about: str, found: Truth | None) -> dict[str, Any]:
        whole = "networks" if work.network.connections else "groups of neurons"
        runs = "" if found is None else f"; {found.dataset.sizes['run']} {whole}"
        cost = None if found is None or found.reused else found.cpu_s / work.simulated / found.dataset.sizes["run"]
        return {"name": name, "label": label, "about": about + runs, "cpu_s_per_s": cost,
                "state": f"{size} x {neuron}"}  # fmt: skip

    def derived(name: str, label: str, card: Card) -> dict[str, Any]:
        cost = work.results[name].encoding.get("cpu_s")
        return {"name": name, "label": label, "about": card.about, "state": card.state,
                "cpu_s_per_s": None if cost is None else float(cost) / work.simulated}  # fmt: skip

    cards = [sampled("spiking", "spiking network", f"{size} neurons, simulated by Brian2", work.truth)]
    if work.annealed is not None:
        about = "the same neurons, independent inputs of the same rates"
        cards.append(sampled("annealed", "annealed network", about, work.annealed))
    cards.append(derived("density", label, density))
    if INFINITE in work.results:
        cards.append(derived(INFINITE, "density, N → ∞", density._replace(about="the same without fluctuations")))
    if MEAN_FIELD in work.results:
        cards.append(derived(MEAN_FIELD, "mean field", mean_field))
    return cards + modes_card(work) + unit_rung(work)

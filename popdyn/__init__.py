"""popdyn: spiking networks in, population rate equations with measured errors out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from popdyn.comparison import compare
    from popdyn.errors import PopdynError
    from popdyn.results import open_dataset as open
    from popdyn.spec import Network, Neuron, Population, Protocol, Stimulus, load
    from popdyn.workflows.campaign_open import open_campaign
    from popdyn.workflows.convert import convert
    from popdyn.workflows.fit import fit
    from popdyn.workflows.map import map_parameters
    from popdyn.workflows.rates import rates
    from popdyn.workflows.simulate import simulate

__version__ = "0.1.0"

_HOMES = {
    "load": "popdyn.spec:load",
    "rates": "popdyn.workflows.rates:rates",
    "simulate": "popdyn.workflows.simulate:simulate",
    "convert": "popdyn.workflows.convert:convert",
    "compare": "popdyn.comparison:compare",
    "fit": "popdyn.workflows.fit:fit",
    "map_parameters": "popdyn.workflows.map:map_parameters",
    "open": "popdyn.results:open_dataset",
    "open_campaign": "popdyn.workflows.campaign_open:open_campaign",
    "Network": "popdyn.spec:Network",
    "Population": "popdyn.spec:Population",
    "Neuron": "popdyn.spec:Neuron",
    "Protocol": "popdyn.spec:Protocol",
    "Stimulus": "popdyn.spec:Stimulus",
    "PopdynError": "popdyn.errors:PopdynError",
}

__all__ = [
    "Network",
    "Neuron",
    "PopdynError",
    "Population",
    "Protocol",
    "Stimulus",
    "compare",
    "convert",
    "fit",
    "load",
    "map_parameters",
    "open",
    "open_campaign",
    "rates",
    "simulate",
]


def __getattr__(name: str) -> Any:
    """Public names load their part of the library when they are first used, so that `import popdyn` is light."""
    if name not in _HOMES:
        raise AttributeError(f"module 'popdyn' has no attribute {name!r}; public names: {', '.join(__all__)}")
    import importlib

    module, _, attribute = _HOMES[name].partition(":")
    return getattr(importlib.import_module(module), attribute)


def __dir__() -> list[str]:
    return [*__all__, "__version__"]

"""`popdyn cite SPEC`: what to cite for what was used."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

_ALWAYS = {
    "popdyn": "The popdyn developers, popdyn, version {version}",
    "Brian2 (ground truth)": "Stimberg, Brette and Goodman 2019, eLife 8:e47314",
    "Fokker-Planck theory": "Brunel and Hakim 1999, Neural Comput 11:1621",
    "population densities of adapting cells": "Augustin et al. 2017, PLoS Comput Biol 13:e1005545",
    "flux discretisation": "Scharfetter and Gummel 1969, IEEE Trans Electron Devices 16:64",
}


def cite(
    spec: Annotated[Path, typer.Argument(help="spec (TOML, JSON) or model.json")],
    as_json: Annotated[bool, typer.Option("--json", help="one JSON object on stdout")] = False,
) -> None:
    """Sources of the neuron models and theories that a spec uses."""
    from importlib.metadata import version

    from popdyn.neurons import MODELS
    from popdyn.workflows.source import open_source

    network = open_source(spec).network
    sources = {name: text.format(version=version("popdyn")) for name, text in _ALWAYS.items()}
    for population in network.populations.values():
        model = MODELS[population.neuron.model]
        sources[model.title] = model.source
        if model.adaptation:
            sources["moments of the adaptation"] = "Ly and Tranchina 2007, Neural Comput 19:2032"
        if model.escape:
            sources["cohorts by last spike time"] = "Schwalger, Deger and Gerstner 2017, PLoS Comput Biol 13:e1005507"
    if as_json:
        typer.echo(json.dumps(sources, indent=2, ensure_ascii=False))
        return
    for name, text in sources.items():
        typer.echo(f"{name}: {text}")

"""A report of a network with made-up numbers in the parts that only networks have."""

from __future__ import annotations

from typing import Any

import numpy as np
from synthetic_report import make_report

from popdyn.report import to_json


def make_network_report(label: str = "small network") -> dict[str, Any]:
    """Two populations, one of them heterogeneous; `label` goes wherever a user's text goes."""
    names = (label, "I")
    document = make_report(names=names, label=label)
    document |= {
        "target": "density",
        "derivations": [_derivation(label, 5), _derivation("I", 1)],
        "neuron_rates": [_neuron_rates(label)],
        "validity": [
            {
                "kind": "disorder",
                "populations": list(names),
                "figure": 0.31,
                "limit": 1.0,
                "flagged": False,
                "words": "",
            },
            {
                "kind": "stability",
                "populations": [label],
                "figure": 12.5,
                "limit": 0.0,
                "flagged": True,
                "words": label,
            },
        ],
    }
    document["responses"][0]["note"] = f"Open loop. {label}"
    stimulus = document["traces"][0].pop("stimulus")
    document["traces"][0]["populations"]["I"]["stimulus"] = stimulus
    return dict(to_json(document))


def _derivation(name: str, nodes: int) -> dict[str, Any]:
    return {
        "population": name, "size": 12_000, "nodes": nodes, "method": "Gauss rule",
        "quadrature_error": 0.0021 if nodes > 1 else None,
        "importance": {"V_th": 0.81, "quenched": 0.19} if nodes > 1 else {},
        "jump_cost": -0.034 if nodes > 1 else None, "finite_jumps": nodes > 1, "beta": 60.3, "gamma": 16.5,
        "rate": 9.87, "mu": 0.742, "sigma": 0.0803,
    }  # fmt: skip


def _neuron_rates(name: str) -> dict[str, Any]:
    rates = np.array([4.0, 7.0, 10.0, 14.0, 21.0])
    return {
        "population": name, "nodes": [[0.2, rate] for rate in rates], "sd_log": 0.52, "truth_sd_log": 0.5,
        "explained_sd_log": 0.48,
        "truth_quantiles": 10.0 * np.exp(0.5 * np.linspace(-2.5, 2.5, 100)),
    }  # fmt: skip

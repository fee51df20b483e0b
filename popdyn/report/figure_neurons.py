"""Rates over the neurons of a population: the share below each rate, of counted neurons and of the density's nodes."""

from __future__ import annotations

import numpy as np
from scipy.special import ndtri

from popdyn.report.block import Block, array, numeric_table
from popdyn.report.draw import draw_legend
from popdyn.report.palette import LIGHT
from popdyn.report.schema_network import NeuronRates
from popdyn.report.svg import new_figure, style, to_svg
from popdyn.report.text import number, plain
from popdyn.types import FloatArray

ENDS = (0.005, 0.995)
"""Shares that the truth's quantiles run between."""


def neuron_rates_figure(entry: NeuronRates, key: str) -> Block | None:
    """Cumulative share of neurons over rate [1/s]; None without a truth to stand beside the nodes."""
    truth = entry.get("truth_quantiles")
    if not truth:
        return None
    population, counted = plain(entry["population"], 60), array(truth)
    shares: FloatArray = np.linspace(*ENDS, len(counted))
    weight, rate = array([w for w, _ in entry["nodes"]]), array([r for _, r in entry["nodes"]])
    order = np.argsort(rate)
    weight, rate = weight[order], rate[order]
    normal = _lognormal(weight, rate, entry["sd_log"], shares)
    with style():
        figure, (axis,) = new_figure(3.2)
        axis.plot(
            counted, shares, color=LIGHT["truth"], alpha=0.45, linewidth=3.0, label="spiking, without counting noise"
        )
        axis.plot(normal, shares, color=LIGHT["blue"], linewidth=1.2, label="lognormal of the nodes' mean and variance")
        axis.plot(rate, np.cumsum(weight) - 0.5 * weight, "o", color=LIGHT["blue"], markersize=5, label="nodes")
        axis.set_xlabel("rate of a neuron [Hz]")
        axis.set_ylabel("share of neurons below")
        axis.set_ylim(0, 1)
        axis.set_xlim(left=0)
        draw_legend(axis)
        described = f"s.d. of log rate: nodes {number(entry['sd_log'])}, spiking {number(entry.get('truth_sd_log'))}"
        svg = to_svg(figure, key, f"Rates over the neurons of population {population}", described)
    caption = "Nodes stand at the middle of the share that they carry; what counting adds is taken out to second order."
    table = numeric_table(["share below", "spiking [Hz]", "lognormal of the nodes [Hz]"], [shares, counted, normal])
    return Block(key, f"Rates over neurons, population {population}", svg, caption, table)


def _lognormal(weight: FloatArray, rate: FloatArray, sd_log: float, shares: FloatArray) -> FloatArray:
    """Quantiles of the lognormal with the nodes' mean and s.d. of the logarithm."""
    mean = float(weight @ rate)
    return np.asarray(mean * np.exp(sd_log * ndtri(shares) - 0.5 * sd_log**2))

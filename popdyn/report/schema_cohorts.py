"""What a report says of escape-noise populations: how each became cohorts, and what that is expected to cost."""

from __future__ import annotations

from typing import Required

from popdyn.report.schema_network import Document


class CohortDerivation(Document, total=False):
    """How a population of escape-noise neurons became cohorts, and its input at the working point.

    order: moments that the closure keeps (1: means, 2: covariances too); variables: beside V, traces a(tau [s]), frozen
    variables, coloured noise y(tau [s]); frozen: standard deviation over neurons (SI); history, width, dt [s]; cohorts:
    their number; shot_noise: coloured, white, none; regularity: of recurrent noise, over that of Poisson trains, by
    source; mu [V/s], sigma [V/sqrt(s)] of all noise at low frequency, rate [1/s]; predicted: relative errors of the
    stationary rate by source (theory.predicted_error), input held; spread: how a spread is taken, in words, with its
    relative error, and into how many nodes.
    """

    population: Required[str]
    model: Required[str]
    size: int
    closure: Required[str]
    order: Required[int]
    variables: Required[list[str]]
    frozen: dict[str, float]
    history: float
    width: float
    cohorts: int
    dt: float
    shot_noise: str
    regularity: dict[str, float]
    rate: float
    mu: float
    sigma: float
    predicted: dict[str, float]
    spread: str
    spread_error: float
    nodes: int

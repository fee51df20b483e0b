"""What a report says of a network beyond its rates: nodes, rates over neurons, limits of the theory."""

from __future__ import annotations

from typing import Required

from pydantic import ConfigDict
from typing_extensions import TypedDict

Numbers = list[float | None]


class Document(TypedDict, total=False):
    """Base of every part of a report: unknown keys are faults."""

    __pydantic_config__ = ConfigDict(extra="forbid")  # type: ignore[misc]


class Derivation(Document, total=False):
    """How a population of a network became nodes, and what its input is taken for, at the working point.

    quadrature_error: estimated nrmse of the rate; importance: share of each spread quantity in the rate's variance
    over neurons; jump_cost: relative error of the rate if delta input were diffusion (null: it has none); beta, gamma
    [1/s]: the dip in the noise of recurrent input (regularity of the trains); mu [V/s], sigma [V/sqrt(s)].
    """

    population: Required[str]
    size: int
    nodes: Required[int]
    method: str
    quadrature_error: float | None
    importance: dict[str, float]
    jump_cost: float | None
    finite_jumps: bool
    beta: float
    gamma: float
    rate: float
    mu: float
    sigma: float


class NeuronRates(Document, total=False):
    """Rates over the neurons of a population [1/s]: nodes as (share, rate), quantiles of the truth's.

    sd_log: s.d. of the log rate of the lognormal with the same mean and variance. The truth's are without what counting
    spikes adds (null: that hides it); explained_sd_log: the part that goes with the drawn parameters of its neurons.
    """

    population: Required[str]
    nodes: Required[list[list[float]]]
    sd_log: Required[float]
    truth_sd_log: float | None
    explained_sd_log: float | None
    truth_quantiles: Numbers | None


class ValidityCheck(Document, total=False):
    """A figure beside the limit of the theory; beyond it `flagged`, with words that say what to do."""

    kind: Required[str]
    populations: Required[list[str]]
    figure: Required[float | None]
    limit: Required[float]
    flagged: Required[bool]
    words: str

"""The JSON behind a report: what it holds, and a check that names every fault. SI units; errors are fractions."""

from __future__ import annotations

from functools import cache
from typing import Any, Literal, Required, cast

from pydantic import TypeAdapter, ValidationError

from popdyn.errors import Fault, SpecError
from popdyn.report.schema_cohorts import CohortDerivation
from popdyn.report.schema_network import Derivation, Document, NeuronRates, Numbers, ValidityCheck

Word = Literal["pass", "inconclusive", "fail", "unverified"]


class Verdict(Document, total=False):
    """The verdict on the target rung; filled in by `judge` when absent."""

    word: Required[Word]
    sentence: Required[str]


class Rung(Document, total=False):
    """One rung of the ladder. cpu_s_per_s: CPU seconds per simulated second."""

    name: Required[str]
    label: str
    about: str
    state: str
    cpu_s_per_s: float | None


class Measures(Document, total=False):
    """popdyn.comparison.Measures.to_dict()."""

    truth_mean: Required[float]
    model_mean: Required[float]
    nrmse: Required[float | None]
    nrmse_interval: list[float] | None
    plain_nrmse: float | None
    error_squared: float | None
    error_squared_se0: float | None
    bias: Required[float | None]
    bias_interval: list[float] | None
    correlation: float | None
    plain_correlation: float | None
    ceiling: float
    resolution: float
    groups: int
    blocks: int
    verdict: Required[Literal["pass", "inconclusive", "fail"]]
    notes: list[str]


class Comparison(Document, total=False):
    """popdyn.comparison.Comparison.to_dict(); `use` says what the protocol was for (training, held out).

    by_itself: of parts of a rung on drives of their own, not of the rung.
    """

    truth: Required[str]
    model: Required[str]
    protocol: Required[str]
    bin: float
    tolerance: Required[float]
    bias_tolerance: float
    populations: Required[dict[str, Measures]]
    verdict: Required[Literal["pass", "inconclusive", "fail"]]
    notes: list[str]
    use: str
    by_itself: bool


class TruthTrace(Document, total=False):
    """Mean over groups and its standard error (null: exact) [1/s]."""

    rung: Required[str]
    rate: Required[Numbers]
    standard_error: Numbers | None


class Stimulus(Document, total=False):
    """What was driven, to be drawn above the rates."""

    label: Required[str]
    values: Required[Numbers]


class PopulationTrace(Document, total=False):
    """Rates [1/s] of one population, and what drives it where populations are driven apart."""

    truth: TruthTrace | None
    models: Required[dict[str, Numbers]]
    stimulus: Stimulus


class Trace(Document, total=False):
    """Rates over one protocol; time [s] of bin centres, t >= 0."""

    protocol: Required[str]
    bin: Required[float]
    time: Required[list[float]]
    stimulus: Stimulus
    populations: Required[dict[str, PopulationTrace]]


class Curve(Document, total=False):
    """Stationary rates [1/s] over a drive; `values` in `unit`."""

    population: Required[str]
    drive: Required[str]
    unit: Required[str]
    values: Required[list[float]]
    operating_point: float | None
    truth: TruthTrace | None
    models: Required[dict[str, Numbers]]


class Step(Document, total=False):
    """A window of a trace about a step; errors: rung -> popdyn.comparison.StepError.to_dict()."""

    protocol: Required[str]
    population: Required[str]
    onset: Required[float]
    until: Required[float]
    errors: dict[str, dict[str, dict[str, float | None]]]


class Response(Document, total=False):
    """Linear response: rung -> magnitude [unit], phase [rad]; error: rung -> max |dH|/max |H|; note: what is held."""

    population: Required[str]
    target: Required[str]
    unit: Required[str]
    frequency: Required[list[float]]
    magnitude: Required[dict[str, Numbers]]
    phase: Required[dict[str, Numbers]]
    error: dict[str, float | None]
    note: str


class Prediction(Document, total=False):
    """An error that was predicted before any spike, beside the size of the measured one and its 95 % interval."""

    population: Required[str]
    rung: Required[str]
    what: Required[str]
    predicted: Required[float | None]
    measured: Required[float | None]
    interval: list[float] | None


class Parameter(Document, total=False):
    """A fitted parameter with its 95 % interval, in `unit`; `fixed`: not fitted; `note`, e.g. not identified."""

    name: Required[str]
    meaning: str
    unit: Required[str]
    value: Required[float]
    low: float | None
    high: float | None
    fixed: bool
    note: str


class Unit(Document, total=False):
    """A fitted rate unit."""

    population: Required[str]
    rung: Required[str]
    family: Required[str]
    parameters: Required[list[Parameter]]
    note: str


class Cost(Document, total=False):
    """What one stage of the work took."""

    stage: Required[str]
    cpu_s: float | None
    wall_s: float | None
    note: str


class Provenance(Document, total=False):
    """How to get this report again."""

    command: str
    versions: dict[str, str]
    seeds: dict[str, str | int | list[int]]
    keys: dict[str, str]
    costs: list[Cost]
    settings: dict[str, str | float | int]


class Report(Document, total=False):
    """The whole. Everything but the first five keys may be absent."""

    schema: Required[Literal[1]]
    title: Required[str]
    target: Required[str]
    tolerance: Required[float]
    populations: Required[list[str]]
    verdict: Verdict
    summary: str
    rungs: list[Rung]
    comparisons: list[Comparison]
    traces: list[Trace]
    curves: list[Curve]
    steps: list[Step]
    responses: list[Response]
    derivations: list[Derivation]
    cohorts: list[CohortDerivation]
    neuron_rates: list[NeuronRates]
    validity: list[ValidityCheck]
    predictions: list[Prediction]
    units: list[Unit]
    equations: dict[str, str]
    spec: dict[str, Any]
    spec_text: str
    spec_hash: str
    domain: list[str]
    not_available: list[str]
    warnings: list[str]
    provenance: Provenance


@cache
def _adapter() -> TypeAdapter[Report]:
    return TypeAdapter(Report)


def validate(document: Any, source: str = "report") -> Report:
    """The document, if it is a report.

    Raises
    ------
    SpecError : with every fault, its path and what is allowed
    """
    try:
        checked = _adapter().validate_python(document)
    except ValidationError as error:
        raise SpecError([_fault(dict(item)) for item in error.errors(include_url=False)], source) from None
    faults = [*_lengths(checked)]
    if faults:
        raise SpecError(faults, source)
    return checked


def json_schema() -> dict[str, Any]:
    """JSON Schema of a report."""
    return _adapter().json_schema()


def _fault(item: dict[str, Any]) -> Fault:
    path = ".".join(str(part) for part in cast("tuple[str | int, ...]", item["loc"])) or "document"
    return Fault(path, repr(item.get("input"))[:60], str(item["msg"]))


def _lengths(report: Report) -> list[Fault]:
    faults = []

    def check(path: str, values: Numbers | None, count: int) -> None:
        if values is not None and len(values) != count:
            faults.append(Fault(path, f"{len(values)} values", f"{count}, as the axis"))

    for i, trace in enumerate(report.get("traces", [])):
        for name, population in trace["populations"].items():
            _check_rates(f"traces.{i}.populations.{name}", population, len(trace["time"]), check)
    for i, curve in enumerate(report.get("curves", [])):
        _check_rates(f"curves.{i}", curve, len(curve["values"]), check)
    for i, response in enumerate(report.get("responses", [])):
        for part in ("magnitude", "phase"):
            for rung, values in response[part].items():
                check(f"responses.{i}.{part}.{rung}", values, len(response["frequency"]))
    return faults


def _check_rates(path: str, part: PopulationTrace | Curve, count: int, check: Any) -> None:
    truth = part.get("truth")
    if truth:
        check(f"{path}.truth.rate", truth["rate"], count)
        check(f"{path}.truth.standard_error", truth.get("standard_error"), count)
    for rung, values in part["models"].items():
        check(f"{path}.models.{rung}", values, count)

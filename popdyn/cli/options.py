"""Options that several commands read alike."""

from __future__ import annotations

from typing import Annotated

import typer

from popdyn.errors import UsageError

Adaptation = Annotated[
    int | None, typer.Option(help="adaptation variables [default: 1 where the neuron adapts, else 0]")
]
VaryingTau = Annotated[bool, typer.Option("--varying-tau", help="let the inverse time constant grow with the rate")]
TrainingSeed = Annotated[int, typer.Option(help="seed of the training inputs")]


def fraction(text: str, option: str) -> float:
    """ "2%" or "0.02" as 0.02.

    Raises UsageError where it is not a number between 0 and 1.
    """
    try:
        value = float(text.strip().removesuffix("%")) * (0.01 if text.strip().endswith("%") else 1.0)
    except ValueError:
        value = float("nan")
    if not 0.0 < value < 1.0:
        raise UsageError(f"{option}: got {text!r}; allowed: a share such as 2% or 0.02")
    return value


def error_words(nrmse: float | None, bias: float | None, resolution: float | None) -> str:
    """nrmse, where the truth tells it from zero, bias, and of a sampled truth what it resolves, in per cent."""
    if nrmse is None:
        size = "-"
    elif resolution is not None and nrmse < resolution:
        size = "not resolved"
    else:
        size = f"{100 * nrmse:.2f} %"
    limit = f", truth resolves {100 * resolution:.2f} %" if resolution else ""
    return f"nrmse {size}, bias {'-' if bias is None else f'{100 * bias:+.2f} %'}{limit}"

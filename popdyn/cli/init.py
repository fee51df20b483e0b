"""`popdyn init [NAME]`: a commented spec to start from, written from the tables that check specs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from popdyn.errors import UsageError
from popdyn.neurons import MODELS
from popdyn.quantities import format_quantity

_HEAD = """\
# Every number has a unit. `popdyn check {name}.toml` says what is wrong with this file, `popdyn check --schema` what
# can be in it. Commented keys are optional.

schema = 1
name = "{name}"

[populations.E]
size = 10_000

[populations.E.neuron]
model = "{model}"  # {title}; others: {others}
"""

_TAIL = """
[populations.E.noise]  # white-noise drive: dV = (... + mu) dt + sigma dW
mu = "{mu}"
sigma = "2 mV/sqrt(ms)"

# [[populations.E.poisson]]  # beside or instead of the noise: K sources of rate nu, each spike a jump J of V
# K = 100
# nu = "5 Hz"
# J = "0.1 mV"

# A neuron parameter, mu or J can be a distribution: {threshold} = {{ normal = ["-50 mV", "1 mV"] }}

# [[connections]]
# pre = "E"
# post = "E"
# rule = "fixed_indegree"
# K = 100
# J = "0.1 mV"
# delay = "1.5 ms"

# [populations.E.initial]
# V = {{ normal = ["-65 mV", "2 mV"] }}

# What is simulated and compared. Kinds of stimulus: step, ramp, pulse, sine, chirp, ou, csv; targets: mu, sigma, nu.
[protocols.step]
duration = "1 s"
# transient = "800 ms"  # before t = 0, not scored
# seed = 0              # draws random stimuli

[[protocols.step.stimulus]]
population = "E"
target = "mu"
kind = "step"
at = "500 ms"
amplitude = "0.5 mV/ms"
"""

_DRIVES = {"adex": "1.5 mV/ms"}


def starter(name: str, model: str) -> str:
    """The text of a commented spec of one population."""
    kind = MODELS[model]
    others = ", ".join(other for other in MODELS if other != model)
    lines = []
    for p in kind.parameters:
        if isinstance(p.default, float):
            lines.append(f'{p.name} = "{format_quantity(p.default, p.unit)}"  # {p.doc}')
        else:
            lines.append(f"# {p.name}  # {p.doc}; the value of {p.default} when left out")
    lines += [f"# {p.name} = []  # {p.doc}" for p in kind.keys[len(kind.parameters) :]]
    head = _HEAD.format(name=name, model=model, title=kind.title, others=others)
    return head + "\n".join(lines) + "\n" + _TAIL.format(mu=_DRIVES.get(model, "0.7 mV/ms"), threshold=kind.threshold)


def init(
    name: Annotated[str, typer.Argument(help="name of the spec; NAME.toml is written")] = "network",
    model: Annotated[str, typer.Option("--model", help=", ".join(MODELS))] = "adex",
    out: Annotated[Path, typer.Option("--out", help="folder to write into")] = Path(),
    as_json: Annotated[bool, typer.Option("--json", help="one JSON object on stdout")] = False,
) -> None:
    """Write a commented starter spec."""
    if model not in MODELS:
        raise UsageError(f"--model: got {model!r}; allowed: {', '.join(MODELS)}")
    stem = name.removesuffix(".toml")
    if not stem or not all(c.isalnum() or c in "_-" for c in stem) or len(stem) > 64 or not stem.isascii():
        raise UsageError(f"NAME: got {name!r}; allowed: letters, digits, _ and -, 64 at most; folders go to --out")
    path = out / f"{stem}.toml"
    try:
        out.mkdir(parents=True, exist_ok=True)
        with path.open("x", encoding="utf-8") as file:
            file.write(starter(stem, model))
    except FileExistsError:
        raise UsageError(f"{path}: exists already; give another name or remove it") from None
    except OSError as error:
        raise UsageError(f"{path}: cannot be written ({error.strerror}); choose another folder with --out") from None
    typer.echo(json.dumps({"spec": str(path)}) if as_json else f"{path} written; next: popdyn check {path}")

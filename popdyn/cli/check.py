"""`popdyn check SPEC`: all faults of a spec; the resolved spec; the JSON Schema."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from popdyn.errors import UsageError
from popdyn.quantities import format_quantity
from popdyn.spec import Connection, Network, json_schema, load, to_dict
from popdyn.spec.statistics import in_degree, left_out
from popdyn.spec.synapse import SYNAPSES


def check(
    spec: Annotated[Path | None, typer.Argument(help="TOML or JSON spec, or a resolved one")] = None,
    resolved: Annotated[bool, typer.Option("--resolved", help="print the spec with every default, in SI")] = False,
    schema: Annotated[
        bool, typer.Option("--schema", help="print the JSON Schema (of resolved specs with --resolved)")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="one JSON object on stdout")] = False,
) -> None:
    """Say everything that is wrong with a spec, or what it says."""
    if schema:
        _print_json(json_schema(resolved=resolved))
        return
    if spec is None:
        raise UsageError("check: got no SPEC; allowed: a TOML or JSON file; `popdyn init` writes one to start from")
    network = load(spec)
    if resolved:
        _print_json(to_dict(network))
    elif as_json:
        _print_json({"ok": True, "spec": str(spec), "spec_hash": network.spec_hash, "resolved": to_dict(network)})
    else:
        typer.echo(f"{spec}: ok\n{describe(network)}")


def describe(network: Network) -> str:
    """A few lines that say what a network is."""
    lines = [f"name        {network.name}"] if network.name else []
    for name, population in network.populations.items():
        noise = population.noise
        drive = f"mu {_short(noise.mu, 'V/s')}, sigma {_short(noise.sigma, 'V/sqrt(s)')}"
        poisson = f", {len(population.poisson)} Poisson drive(s)" if population.poisson else ""
        spread = f", {', '.join(population.spread)} distributed" if population.spread else ""
        lines.append(f"population  {name}: {population.size} x {population.neuron.model}, {drive}{poisson}{spread}")
    for connection in network.connections:
        lines.append(f"connection  {_connection(connection, network)}")
        lines.extend(f"  left out  {text}" for text in left_out(connection, network))
    for name, protocol in network.protocols.items():
        kinds = ", ".join(stimulus.kind for stimulus in protocol.stimuli) or "no stimulus"
        lines.append(f"protocol    {name}: {_short(protocol.duration, 's')} ({kinds})")
    return "\n".join([*lines, f"spec_hash   {network.spec_hash}"])


def _connection(connection: Connection, network: Network) -> str:
    """`E -> I: fixed_indegree, 80 synapses per neuron, delta 0.1 mV after 1.5 ms`."""
    degree, synapse = in_degree(connection, network), connection.synapse
    spread = f" ± {degree.variance**0.5:.3g}" if degree.variance else ""
    J = _short(synapse.J, "S" if SYNAPSES[synapse.kind].conductance else "V")
    mean = "mean " if synapse.weight is not None else ""
    where = f"{connection.pre} -> {connection.post}: {connection.rule}"
    return f"{where}, {degree.mean:.6g}{spread} per target, {synapse.kind} {mean}{J} after {_short(synapse.delay, 's')}"


def _short(value: float, dimension: str) -> str:
    return format_quantity(value, dimension, digits=6)


def _print_json(document: dict[str, Any]) -> None:
    typer.echo(json.dumps(document, indent=2, ensure_ascii=False, allow_nan=False))

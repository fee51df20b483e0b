"""Tables of what a report says of networks: nodes and inputs, rates over neurons, limits of the theory."""

from __future__ import annotations

import math

from popdyn.report.block import Table
from popdyn.report.schema import Report
from popdyn.report.schema_network import Derivation
from popdyn.report.text import number, percent, plain

KINDS = {
    "disorder": "strong coupling: radius of the random part",
    "stability": "growth of the slowest mode [1/s]",
    "finite_size": "modulation of the rate by finite size",
    "jump": "largest filtered jump over V_th − V_reset",
    "colour": "tau_syn / tau_m of the input",
    "fixed_points": "stationary states",
}
IMPORTANCES = 3


def derivation_table(report: Report) -> Table | None:
    """One row per population: nodes with their estimated error, what matters most, jumps, regularity, working point."""
    rows = tuple(_derivation_row(d) for d in report.get("derivations", []))
    columns = (
        "population", "neurons", "nodes", "their error (estimated)", "what matters most", "diffusion would cost",
        "delta input as", "regularity (beta, gamma) [1/s]", "rate [Hz]", "mu [mV/ms]", "sigma [mV/√ms]",
    )  # fmt: skip
    return Table(columns, rows) if rows else None


def _derivation_row(d: Derivation) -> tuple[str, ...]:
    beta, cost = d.get("beta", 0.0), d.get("jump_cost")
    return (
        plain(d["population"], 40),
        f"{d.get('size', 0):,}",
        f"{d['nodes']}",
        percent(d.get("quadrature_error")),
        importance(d.get("importance", {})),
        percent(cost, signed=True),
        "—" if cost is None else "finite jumps" if d.get("finite_jumps") else "diffusion",
        f"{number(beta)}, {number(d.get('gamma'))}" if beta else "as Poisson",
        number(d.get("rate")),
        number(d.get("mu")),
        number(d.get("sigma", 0.0) * math.sqrt(1e3)),
    )


def importance(shares: dict[str, float]) -> str:
    """`V_th 82 %, in-degrees 18 %`: shares of the variance of the rate over neurons, the largest first."""
    words = {"quenched": "quenched input (in-degrees, weights)"}
    largest = sorted(shares.items(), key=lambda item: -item[1])[:IMPORTANCES]
    return ", ".join(f"{words.get(name, plain(name, 40))} {100 * share:.0f} %" for name, share in largest) or "—"


def neuron_rate_table(report: Report) -> Table | None:
    """s.d. of the log rate over neurons: nodes beside the truth."""
    rows = []
    for entry in report.get("neuron_rates", []):
        truth, model = entry.get("truth_sd_log"), entry["sd_log"]
        rates = [rate for _, rate in entry["nodes"]]
        rows.append(
            (
                plain(entry["population"], 40),
                number(truth),
                number(entry.get("explained_sd_log")),
                number(model),
                percent(model / truth - 1.0, signed=True) if truth else "—",
                f"{len(rates)} from {number(min(rates))} to {number(max(rates))}",
            )
        )
    columns = ("population", "s.d. of log rate, spiking", "by drawn parameters", "nodes", "difference", "nodes [Hz]")
    return Table(columns, tuple(rows)) if rows else None


def validity_table(report: Report) -> Table | None:
    """Every figure beside its limit."""
    rows = tuple(
        (
            KINDS.get(check["kind"], plain(check["kind"], 40)),
            plain(", ".join(check["populations"]), 80),
            number(check["figure"]),
            number(check["limit"]),
            "beyond" if check["flagged"] else "within",
        )
        for check in report.get("validity", [])
    )
    return Table(("limit of the theory", "population", "figure", "limit", ""), rows) if rows else None

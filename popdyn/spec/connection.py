"""The array [[connections]]: who is connected to whom, by which rule, through which synapse."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

import numpy as np

from popdyn.parameters import Parameter
from popdyn.spec.edges import read_edges
from popdyn.spec.network import Connection, Population, Synapse
from popdyn.spec.section import Section, show
from popdyn.spec.synapse import SYNAPSES
from popdyn.spec.synapse_table import keys_of_other_kinds, read_synapse
from popdyn.spec.weight import SIGNS

MAX_CONNECTIONS = 10_000
MAX_SYNAPSES = 2_000_000_000
P = Parameter("p", "1", "probability of each ordered pair", None, 0.0, 1.0, lower_open=True)


@dataclass(frozen=True)
class Rule:
    """A rule: its own key, whether pairs may be connected several times at all."""

    doc: str
    key: str | None
    several: bool = False


RULES: dict[str, Rule] = {
    "all_to_all": Rule("every source to every target", None),
    "one_to_one": Rule("source i to target i; equal sizes", None),
    "fixed_indegree": Rule("every target has K sources, drawn at random", "K", several=True),
    "fixed_outdegree": Rule("every source has K targets, drawn at random", "K", several=True),
    "pairwise_bernoulli": Rule("every ordered pair with probability p", "p"),
    "fixed_total_number": Rule("`number` synapses, source and target of each drawn at random", "number", several=True),
    "explicit": Rule("the edges of a table", "edges"),
}
LATER_RULES = {"low_rank": "low-rank loadings"}


def resolve_connections(top: Section, populations: Mapping[str, Population | None]) -> tuple[Connection, ...]:
    """All connections; those with faults are left out."""
    tables = top.tables("connections")
    if len(tables) > MAX_CONNECTIONS:
        top.fault("connections", f"{len(tables)} connections", f"at most {MAX_CONNECTIONS}", "split the network")
        return ()
    found = [resolve_connection(table, populations) for table in tables]
    kept = tuple(connection for connection in found if connection is not None)
    sizes = {name: population.size for name, population in populations.items() if population is not None}
    total = sum(synapse_count(c, sizes) for c in kept)
    if total > MAX_SYNAPSES:
        worst = max(kept, key=lambda c: synapse_count(c, sizes))
        got = f"{total:.3g} synapses ({synapse_count(worst, sizes):.3g} from {worst.pre} to {worst.post})"
        top.fault("connections", got, f"at most {MAX_SYNAPSES:.3g}", "lower K, p or the sizes")
    return kept


def synapse_count(connection: Connection, sizes: Mapping[str, int]) -> float:
    """Expected number of synapses."""
    pre, post = sizes[connection.pre], sizes[connection.post]
    pairs = float(pre) * post
    if connection.pre == connection.post and not connection.autapses:
        pairs -= pre
    return {
        "all_to_all": pairs,
        "one_to_one": float(post),
        "fixed_indegree": float(connection.K) * post,
        "fixed_outdegree": float(connection.K) * pre,
        "pairwise_bernoulli": connection.p * pairs,
        "fixed_total_number": float(connection.number),
        "explicit": float(connection.edges.source.size) if connection.edges is not None else 0.0,
    }[connection.rule]


def resolve_connection(section: Section, populations: Mapping[str, Population | None]) -> Connection | None:
    """One table of [[connections]]; None after a fault."""
    before = len(section.faults)
    names = list(populations) or ["E"]
    pre, post = section.text("pre", names), section.text("post", names)
    rule = _resolve_rule(section)
    source, target = populations.get(pre or ""), populations.get(post or "")
    key = RULES[rule].key if rule else None
    number = _rule_number(section, key)
    multapses, autapses = section.boolean("multapses", True), section.boolean("autapses", True)
    explicit = rule == "explicit" or (rule is None and section.given("edges"))
    synapse = read_synapse(section, target.neuron if target else None, explicit=explicit)
    table = None
    if rule == "explicit" and source and target and synapse and len(section.faults) == before:
        table = read_edges(section, synapse, source, target, _sign(section, synapse))
    elif rule in ("explicit", None):
        _take_keys(section, rule)
    section.close(elsewhere={**_keys_of_other_rules(rule), **keys_of_other_kinds(synapse)})
    if rule is None or number is None or synapse is None or source is None or target is None:
        return None
    if len(section.faults) > before:
        return None
    found = Connection(
        source.name,
        target.name,
        rule,
        synapse,
        multapses=multapses or not RULES[rule].several,
        autapses=autapses or source.name != target.name,
    )
    values: dict[str, Any] = {key: number} if key and key != "edges" else {}
    if table is not None:
        values = {"edges": table[0], "synapse": table[1]}
    found = replace(found, **values)
    if not _possible(section, found, source.size, target.size) or not _as_allowed(section, found, multapses):
        return None
    return replace(found, autapses=found.autapses or rule == "explicit")


def _sign(section: Section, synapse: Synapse) -> int:
    """Of the declared type, for the weights of a table."""
    return 0 if SYNAPSES[synapse.kind].conductance else SIGNS.get(str(section.data.get("type")), 0)


def _take_keys(section: Section, rule: str | None) -> None:
    """Asks for the keys of edge tables, or, of a faulty rule, for those of all: their values are not judged."""
    for key in ("edges", "weight_unit", "delay_unit") if rule else _keys_of_other_rules(None):
        section.take(key)


def _as_allowed(section: Section, found: Connection, multapses: bool) -> bool:
    """Does an edge table keep to `multapses` and `autapses`?"""
    edges = found.edges
    if edges is None:
        return True
    pairs = edges.target * (int(edges.source.max()) + 1) + edges.source
    if not multapses and np.any(np.diff(pairs) == 0):
        section.fault("multapses", "false, while the table has edges of one source and target", "true", "remove them")
    elif not found.autapses and np.any(edges.source == edges.target):
        section.fault("autapses", "false, while the table has edges from a neuron to itself", "true", "remove them")
    else:
        return True
    return False


def _resolve_rule(section: Section) -> str | None:
    name = section.data.get("rule")
    if isinstance(name, str) and name in LATER_RULES:
        section.take("rule")
        got = f"{show(name)}, which is for a later version ({LATER_RULES[name]})"
        section.fault("rule", got, ", ".join(RULES), "use one of these")
        return None
    return section.text("rule", list(RULES))


@cache
def _keys_of_other_rules(rule: str | None) -> dict[str, str]:
    keys = {
        "K": "rule fixed_indegree and fixed_outdegree",
        "p": "rule pairwise_bernoulli",
        "N": "rule fixed_total_number",
    }
    keys |= {"number": "rule fixed_total_number", "edges": "rule explicit"}
    own = RULES[rule].key if rule else None
    keys |= {"weight_unit": "rule explicit", "delay_unit": "rule explicit"}
    return {key: where for key, where in keys.items() if key != own}


def _rule_number(section: Section, key: str | None) -> Any:
    """The value of the rule's own key; 0 where it has none, None after a fault."""
    if key == "K":
        return section.integer("K", 1, MAX_SYNAPSES)
    if key == "number":
        section.take("number", ("N",))
        return section.integer("N" if section.given("N") else "number", 1, MAX_SYNAPSES)
    return section.required(P) if key == "p" else 0


def _possible(section: Section, found: Connection, pre: int, post: int) -> bool:
    """Are there as many sources, targets or pairs as the rule wants?"""
    own = found.pre == found.post and not found.autapses
    without = " without the neuron itself" if own else ""
    if found.rule == "one_to_one":
        if pre != post:
            section.fault("rule", f"{pre} sources and {post} targets", "equal sizes for one_to_one", "use another rule")
        elif own:
            section.fault("autapses", "false", "true: one_to_one within a population has autapses only", "remove it")
    elif found.rule in ("fixed_indegree", "fixed_outdegree") and not found.multapses:
        there = (pre if found.rule == "fixed_indegree" else post) - own
        if there < found.K:
            what = "sources" if found.rule == "fixed_indegree" else "targets"
            allowed = f"at most {there}: without multapses there are no more {what}{without}"
            section.fault("K", str(found.K), allowed, "lower K or allow multapses")
    elif found.rule == "fixed_total_number" and not found.multapses:
        there = pre * (post - own)
        if found.number > there:
            allowed = f"at most {there}: without multapses there are no more pairs{without}"
            section.fault("number", str(found.number), allowed, "lower it or allow multapses")
    if own and pre == 1 and found.rule != "explicit":
        section.fault("autapses", "false in a population of one neuron", "true", "remove the connection")
    return not any(fault.path.startswith(section.path + ".") for fault in section.faults)

"""Networks of cascade units against neurolib's ALN: CPU seconds of one thread per population and simulated second.

    python benchmarks/units_vs_neurolib.py [--repeats 5]

Both at dt 0.1 ms, without noise, in the same run, medians of the repeats, a popdyn run after each of neurolib's. Of
both the compiled loop alone: compilation, models, inputs and the noise that neurolib draws and multiplies by 0 are left
out; its whole `run` beside it. One node: a pair E, I with its four projections through exponential synapses. 80 nodes:
80 such pairs, every E heard by every other after 10 ms.

What differs: neurolib keeps every step, popdyn means over milliseconds; neurolib filters the variance by itself, and
what a node hears for every node, with a delay of every pair; here a delay belongs to a source, whose rate is filtered
once for all that hear it. neurolib is installed by pip in an environment of its own (neurolib_side.py).
"""

import argparse
import json
import statistics
import time

import numpy as np
from neurolib_side import NODES, neurolib_python, run_neurolib

from popdyn.fitting.network_units import fit_coupled_units
from popdyn.kernels import synapses, unit_network
from popdyn.kernels.modes_network import WATCHED, Nodes
from popdyn.rungs.bank import make_projections
from popdyn.rungs.coupled import CoupledDensity
from popdyn.rungs.coupled_units import middle_inputs
from popdyn.spec import load
from popdyn.spec.network import Protocol

CLAIM = 5.0
DT, PER_BIN, SECONDS = 1e-4, 10, 2.0
LONG = 10e-3  # [s] delay between nodes
SHARE = 0.02  # of the strength of E to E, from every other node


def pair():
    """E and I of the literature's parameters."""
    neuron = {"model": "adex", "a": "4 nS", "b": "30 pA", "tau_w": "200 ms", "t_ref": "1.5 ms"}
    noise = {"mu": "1.2 mV/ms", "sigma": "2.2 mV/sqrt(ms)"}
    wires = {"rule": "fixed_indegree", "delay": "2 ms", "synapse": "exponential"}
    out = {"E": {"K": 200, "J": "0.1 mV", "tau_syn": "2 ms"}, "I": {"K": 50, "J": "-0.4 mV", "tau_syn": "5 ms"}}
    return load({
        "schema": 1,
        "populations": {
            "E": {"size": 4000, "neuron": neuron, "noise": noise},
            "I": {"size": 1000, "neuron": {"model": "eif", "t_ref": "1.5 ms"}, "noise": noise},
        },
        "connections": [{"pre": pre, "post": post, **wires, **out[pre]} for pre in out for post in ("E", "I")],
    })  # fmt: skip


def arrays(units, copies):
    """Nodes, projections and activity of `copies` pairs, which hear each other where there is more than one."""
    one, p = units.nodes, make_projections(units.derivation.problem, DT, 0.0)
    local, longest = len(p.pre), round(LONG / DT) + 1
    lags = np.zeros((local, longest))
    lags[:, : p.lags.shape[1]] = p.lags
    parts = {"pre": [], "kind": [], "numbers": [], "lags": [], "first": [], "last": [], "state": [], "decay": []}
    distant = int(np.flatnonzero(p.pre == 0)[0])
    delayed = np.zeros((1, longest))
    delayed[0, -1] = 1.0
    for c in range(copies):
        for name in ("kind", "numbers", "first", "last", "state", "decay"):
            parts[name].append(getattr(p, name))
        parts["pre"].append(p.pre + 2 * c)
        parts["lags"].append(lags)
    for c in range(copies if copies > 1 else 0):
        for name in ("kind", "numbers", "state", "decay"):
            parts[name].append(getattr(p, name)[distant : distant + 1])
        parts["pre"].append(np.array([2 * c]))
        parts["first"].append(np.array([longest - 1]))
        parts["last"].append(np.array([longest - 1]))
        parts["lags"].append(delayed)
    made = {name: np.concatenate(of) for name, of in parts.items()}
    count = len(made["pre"])
    like = np.concatenate([*(p.like + local * c for c in range(copies)), np.arange(local * copies, count)])
    projections = synapses.Projections(
        made["pre"], made["kind"], made["numbers"], made["lags"], made["first"], made["last"], made["state"],
        np.zeros(count), np.zeros(count), like, made["decay"],
    )  # fmt: skip
    return coupled_nodes(one, copies, local), projections, np.full((2 * copies, longest + 2), 10.0)


def coupled_nodes(one, copies, local):
    begin, source, gain_mu, gain_D = [0], [], [], []
    strongest = int(np.argmax(one.gain_mu[one.begin[0] : one.begin[1]]))
    for q in range(2 * copies):
        part = slice(one.begin[q % 2], one.begin[q % 2 + 1])
        others = [c for c in range(copies) if c != q // 2] if q % 2 == 0 else []
        source += [*(one.source[part] + local * (q // 2)), *(local * copies + c for c in others)]
        gain_mu += [*one.gain_mu[part], *(SHARE * one.gain_mu[strongest] for _ in others)]
        gain_D += [*one.gain_D[part], *(SHARE * one.gain_D[strongest] for _ in others)]
        begin.append(len(source))
    own = [np.tile(x, copies) for x in (one.weight, one.offset, one.noise, one.shift)]
    return Nodes(
        np.arange(2 * copies), np.tile(one.group, copies), *own, np.array(begin), np.array(source),
        np.array(gain_mu), np.array(gain_D), np.tile(one.box, (copies, 1)),
    )  # fmt: skip


def cost(units, copies):
    """CPU seconds per simulated second of the whole network."""
    nodes, projections, activity = arrays(units, copies)
    mu, D, external = middle_inputs(units.network, Protocol("speed", SECONDS, 0.0, 0), DT)
    made = units.prepare()
    out = np.zeros((2 * copies, mu.shape[1] // PER_BIN, unit_network.OUTPUTS))
    mu, D = np.tile(mu, (copies, 1)), np.tile(D, (copies, 1))
    bank, rates, watched = made.units(copies), np.zeros(2 * copies), np.zeros((2 * copies, WATCHED))
    began = time.process_time()
    done = unit_network.run(bank, nodes, projections, activity, external, mu, D, DT, out, rates, watched)
    spent = time.process_time() - began
    assert done == mu.shape[1]
    return spent / SECONDS


def main(repeats):
    python = neurolib_python()
    units = fit_coupled_units(CoupledDensity(pair()), protocols={"rest": Protocol("rest", 1.0, 0.5, 0)})
    found = {1: [], NODES: []}
    for copies in found:
        cost(units, copies)  # compiles
    for _ in range(repeats):
        theirs = run_neurolib(python, SECONDS)
        for copies, runs in found.items():
            runs.append((*theirs[str(copies)], cost(units, copies)))
    cases = {}
    for copies, runs in found.items():
        neurolib, whole, ours = (statistics.median(x) / (2 * copies) for x in zip(*runs, strict=True))
        cases[copies] = {
            "neurolib": neurolib, "neurolib_run": whole, "popdyn": ours, "times_faster": neurolib / ours,
            "claim": CLAIM,
            "all": [[x / (2 * copies) for x in run] for run in runs],
        }  # fmt: skip
    print(json.dumps({"unit": "CPU s per population and simulated second", "dt": DT, "nodes": cases}, indent=1))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=5)
    main(parser.parse_args().repeats)

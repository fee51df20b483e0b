"""Broken and hostile connections and distributions, as in hostile_corpus."""

from __future__ import annotations

import json

from hostile_corpus import BASE, PAYLOADS, Case, N, edit

C = "connections[0]"
CONNECTION = """
[[connections]]
pre = "E"
post = "I"
rule = "fixed_indegree"
K = 100
multapses = false
synapse = "exponential"
tau_syn = "5 ms"
J = "0.1 mV"
delay = "1.5 ms"
type = "excitatory"
"""


def connection(name: str, old: str, new: str, path: str, says: str, **more: object) -> Case:
    assert CONNECTION.count(old) == 1, name
    content = (BASE + CONNECTION.replace(old, new)).encode()
    return Case(f"connection {name}", content, path, says, **more)  # type: ignore[arg-type]


EXPLICIT = 'rule = "explicit"\nedges = "edges.csv"'

CONNECTIONS = [
    connection("pre unknown", 'pre = "E"', 'pre = "Ex"', f"{C}.pre", 'did you mean "E"?'),
    connection("post unknown", 'post = "I"', 'post = "pyramidal"', f"{C}.post", "E, I"),
    connection("pre missing", 'pre = "E"\n', "", f"{C}.pre", "got nothing"),
    connection("pre number", 'pre = "E"', "pre = 1", f"{C}.pre", "E, I"),
    connection("pre payload", '"E"', json.dumps(PAYLOADS[0]), f"{C}.pre", "E, I"),
    connection("rule typo", '"fixed_indegree"', '"fixed_in_degree"', f"{C}.rule", 'did you mean "fixed_indegree"?'),
    connection("rule missing", 'rule = "fixed_indegree"\n', "", f"{C}.rule", "got nothing"),
    connection("rule low rank", '"fixed_indegree"', '"low_rank"', f"{C}.rule", "for a later version"),
    connection("K too large", "K = 100", "K = 1001", f"{C}.K", "at most 1000: without multapses"),
    connection("K zero", "K = 100", "K = 0", f"{C}.K", "from 1"),
    connection("K negative", "K = 100", "K = -3", f"{C}.K", "from 1"),
    connection("K fraction", "K = 100", "K = 10.5", f"{C}.K", "an integer"),
    connection("K text", "K = 100", 'K = "100"', f"{C}.K", "without quotes"),
    connection("K missing", "K = 100\n", "", f"{C}.K", "got nothing"),
    connection("K bomb", "K = 100", "K = 9_000_000_000", f"{C}.K", "2000000000"),
    connection("p for K", "K = 100", "p = 0.1", f"{C}.p", "rule pairwise_bernoulli"),
    connection("p above one", '"fixed_indegree"\nK = 100', '"pairwise_bernoulli"\np = 1.1', f"{C}.p", "at most 1"),
    connection("p zero", '"fixed_indegree"\nK = 100', '"pairwise_bernoulli"\np = 0', f"{C}.p", "above 0"),
    connection("p missing", '"fixed_indegree"\nK = 100', '"pairwise_bernoulli"', f"{C}.p", "got nothing"),
    connection("p text", '"fixed_indegree"\nK = 100', '"pairwise_bernoulli"\np = "few"', f"{C}.p", "a plain number"),
    connection("N missing", '"fixed_indegree"\nK = 100', '"fixed_total_number"', f"{C}.number", "got nothing"),
    connection(
        "N too large", '"fixed_indegree"\nK = 100', '"fixed_total_number"\nN = 250001', f"{C}.number", "at most 250000"
    ),
    connection("N twice", '"fixed_indegree"\nK = 100', '"fixed_total_number"\nN = 5\nnumber = 5', f"{C}.N", "both"),
    connection("outdegree", '"fixed_indegree"\nK = 100', '"fixed_outdegree"\nK = 251', f"{C}.K", "at most 250"),
    connection("one to one", '"fixed_indegree"\nK = 100', '"one_to_one"', f"{C}.rule", "1000 sources and 250 targets"),
    connection(
        "one to one without itself",
        'post = "I"\nrule = "fixed_indegree"\nK = 100',
        'post = "E"\nrule = "one_to_one"\nautapses = false',
        f"{C}.autapses",
        "autapses only",
    ),
    connection("multapses text", "multapses = false", 'multapses = "no"', f"{C}.multapses", "true or false"),
    connection("allow_multapses", "multapses = false", "allow_multapses = false", f"{C}.allow_multapses", "multapses"),
    connection("synapse typo", '"exponential"', '"exponental"', f"{C}.synapse", 'did you mean "exponential"?'),
    connection("synapse nest", '"exponential"', '"static_synapse"', f"{C}.synapse", "delta, exponential"),
    connection("tau_syn missing", 'tau_syn = "5 ms"\n', "", f"{C}.tau_syn", "got nothing"),
    connection("tau_syn zero", '"5 ms"', '"0 ms"', f"{C}.tau_syn", "at least 10 us"),
    connection("tau_syn bare", '"5 ms"', "5", f"{C}.tau_syn", '"5 ms"'),
    connection("tau_syn of delta", '"exponential"', '"delta"', f"{C}.tau_syn", "synapse exponential"),
    connection(
        "E_rev of a current", 'tau_syn = "5 ms"', 'tau_syn = "5 ms"\nE_rev = "0 mV"', f"{C}.E_rev", "conductance"
    ),
    connection(
        "conductance in mV", '"exponential"', '"conductance"\nE_rev = "0 mV"', f"{C}.J", "a conductance such as"
    ),
    connection("J missing", 'J = "0.1 mV"\n', "", f"{C}.J", "a jump of V"),
    connection("J zero", '"0.1 mV"', '"0 mV"', f"{C}.J", "not zero"),
    connection("J bare", '"0.1 mV"', "0.1", f"{C}.J", '"0.1 mV"'),
    connection("J huge", '"0.1 mV"', '"0.2 V"', f"{C}.J", "at most 100 mV"),
    connection("J huge current", '"0.1 mV"', '"1 uA"', f"{C}.J", "jumps of at most 100 mV"),
    connection("J nS", '"0.1 mV"', '"1 nS"', f"{C}.J", "that is a conductance"),
    connection("J list", '"0.1 mV"', '["0.1 mV"]', f"{C}.J", "a potential"),
    connection("J payload", '"0.1 mV"', json.dumps(PAYLOADS[2]), f"{C}.J", "a potential"),
    connection("J and psp_peak", 'J = "0.1 mV"', 'J = "0.1 mV"\npsp_peak = "0.1 mV"', f"{C}.psp_peak", "one of them"),
    connection("psp_peak in pA", 'J = "0.1 mV"', 'psp_peak = "40 pA"', f"{C}.psp_peak", "a potential"),
    connection(
        "psp_peak of a conductance",
        'synapse = "exponential"\ntau_syn = "5 ms"\nJ = "0.1 mV"',
        'synapse = "conductance"\ntau_syn = "5 ms"\nE_rev = "0 mV"\npsp_peak = "0.1 mV"',
        f"{C}.psp_peak",
        "delta, exponential, alpha",
    ),
    connection("sign", '"0.1 mV"', '"-0.1 mV"', f"{C}.J", "positive weights, as type says"),
    connection("sign of the psp", 'J = "0.1 mV"', 'psp_peak = "-0.1 mV"', f"{C}.psp_peak", "positive weights"),
    connection("sign of the bulk", '"0.1 mV"', '{ normal = ["0.1 mV", "0.05 mV"] }', f"{C}.J", "use lognormal"),
    connection("type typo", '"excitatory"', '"excitory"', f"{C}.type", 'did you mean "excitatory"?'),
    connection("delay negative", '"1.5 ms"\ntype', '"-1.5 ms"\ntype', f"{C}.delay", "above 0 ms"),
    connection("delay zero", '"1.5 ms"\ntype', '"0 ms"\ntype', f"{C}.delay", "above 0 ms"),
    connection("delay long", '"1.5 ms"\ntype', '"2 s"\ntype', f"{C}.delay", "at most 1 s"),
    connection("delays below zero", '"1.5 ms"', '{ normal = ["1 ms", "1 ms"] }', f"{C}.delay", "of its probability"),
    connection("weight for J", 'J = "0.1 mV"', 'weight = "0.1 mV"', f"{C}.weight", "unknown key"),
    connection("edges of another rule", "K = 100", 'K = 100\nedges = "edges.csv"', f"{C}.edges", "rule explicit"),
    connection("edges missing", 'rule = "fixed_indegree"\nK = 100', EXPLICIT, f"{C}.edges", "no file"),
    connection(
        "edges outside",
        'rule = "fixed_indegree"\nK = 100',
        EXPLICIT.replace("edges.csv", "../edges.csv"),
        f"{C}.edges",
        "inside it",
    ),
    connection(
        "edges beyond the size",
        'rule = "fixed_indegree"\nK = 100',
        EXPLICIT,
        f"{C}.edges",
        "target 250 in row 2",
        extra={"edges.csv": b"source,target\n0,249\n0,250\n"},
    ),
    connection(
        "edges with a payload",
        'rule = "fixed_indegree"\nK = 100',
        EXPLICIT,
        f"{C}.edges",
        "could not convert",
        extra={"edges.csv": b"source,target\n0,__import__('os').system('touch popdyn_canary')\n"},
    ),
    connection(
        "edges binary",
        'rule = "fixed_indegree"\nK = 100',
        EXPLICIT,
        f"{C}.edges",
        "UTF-8",
        extra={"edges.csv": b"\x89HDF\r\n"},
    ),
    connection("dict", "[[connections]]", "[connections]", "connections", "double brackets"),
    edit(
        "K of synapses",
        "[protocols.main]",
        '[[connections]]\npre="E"\npost="E"\nrule="fixed_indegree"\nK=2_000_000_000\nJ="1 mV"\n[protocols.main]',
        "connections",
        "2e+12 synapses",
    ),
    edit("low rank key", "schema = 1", "schema = 1\nloadings = []", "loadings", "unknown key"),
]

V_TH = 'V_th = "-50 mV"'
SPREADS = [
    edit("spread bare", V_TH, "V_th = { normal = [-50, 2] }", f"{N}.V_th.normal", "bare number"),
    edit("spread unit", V_TH, 'V_th = { normal = ["-50 mV", "2 ms"] }', f"{N}.V_th.normal", "a potential"),
    edit("spread nan", V_TH, 'V_th = { normal = ["-50 mV", nan] }', f"{N}.V_th.normal[1]", "finite"),
    edit("spread text", V_TH, 'V_th = { normal = "-50 mV" }', f"{N}.V_th.normal", "[mean, std]"),
    edit("spread three", V_TH, 'V_th = { normal = ["1 mV", "1 mV", "1 mV"] }', f"{N}.V_th.normal", "[mean, std]"),
    edit(
        "spread payload",
        V_TH,
        f"V_th = {{ normal = {json.dumps(list(PAYLOADS[:2]))} }}",
        f"{N}.V_th.normal",
        "potential",
    ),
    edit("spread nested", V_TH, "V_th = { normal = [{ normal = [] }, {}] }", f"{N}.V_th.normal", "one value"),
    edit(
        "spread of tau_m",
        'tau_m = "20 ms"',
        'tau_m = { gamma = ["20 ms", "2 ms"] }',
        "populations.I.neuron.tau_m",
        "g_L",
    ),
    edit(
        "spread of nu", 'nu = "5 Hz"', 'nu = { gamma = ["5 Hz", "1 Hz"] }', "populations.I.poisson[0].nu", "one value"
    ),
    edit("spread of a duration", '"1 s"', '{ gamma = ["1 s", "1 s"] }', "protocols.main.duration", "one value"),
    edit("support", 'g_L = "10 nS"', 'g_L = { normal = ["10 nS", "5 nS"] }', f"{N}.g_L", "or use lognormal"),
    edit("tails", V_TH, 'V_th = { normal = ["-50 mV", "5 mV"] }', f"{N}.V_th", "V_th < V_peak"),
    edit(
        "file outside",
        V_TH,
        'V_th = { empirical = "/etc/passwd", column = "x", unit = "mV" }',
        f"{N}.V_th.empirical",
        "relative",
    ),
    edit(
        "file absent",
        V_TH,
        'V_th = { empirical = "x.csv", column = "x", unit = "mV" }',
        f"{N}.V_th.empirical",
        "no file",
    ),
    edit(
        "no such column",
        V_TH,
        'V_th = { empirical = "x.csv", column = "V", unit = "mV" }',
        f"{N}.V_th.column",
        '"\\x1b[31m"',
        extra={"x.csv": b"V_th,\x1b[31m\n-50,3\n"},
    ),
    edit(
        "correlation of nothing",
        "size = 250",
        "size = 250\n[[populations.I.correlations]]",
        "populations.I.correlations[0].between",
        "two names",
    ),
    edit(
        "correlation with a fixed parameter",
        "size = 250",
        'size = 250\n[[populations.I.correlations]]\nbetween = ["V_th", "g_L"]\ncoefficient = 0.5',
        "populations.I.correlations[0].between",
        "there are none",
    ),
    edit(
        "nu below zero",
        'population = "I"\ntarget = "mu"\nkind = "ou"\nstd = "0.1 mV/ms"\ntau = "20 ms"',
        'population = "I"\ntarget = "nu"\nkind = "step"\namplitude = "-6 Hz"',
        "protocols.main.stimulus",
        "nu of population I can fall to -1 Hz",
    ),
    edit(
        "nu without sources",
        'population = "I"\ntarget = "mu"\nkind = "ou"\nstd = "0.1 mV/ms"\ntau = "20 ms"',
        'population = "E"\ntarget = "nu"\nkind = "step"\namplitude = "6 Hz"',
        "protocols.main.stimulus",
        "no Poisson drive",
    ),
]

CASES = [*CONNECTIONS, *SPREADS]

"""Broken and hostile specs: what is in the file, where the fault must be reported and what it must say.

Each case is a whole file; most are BASE with one line replaced. `extra` are files written beside it.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field

BASE = """\
schema = 1
name = "two populations"

[populations.E]
size = 1000

[populations.E.neuron]
model = "adex"
C_m = "200 pF"
g_L = "10 nS"
E_L = "-65 mV"
V_th = "-50 mV"
Delta_T = "1.5 mV"
V_peak = "-40 mV"
V_reset = "-70 mV"
t_ref = "1.5 ms"
I_e = "10 pA"
a = "4 nS"
b = "40 pA"
tau_w = "200 ms"
E_w = "-80 mV"

[populations.E.noise]
mu = "1.5 mV/ms"
sigma = "2 mV/sqrt(ms)"

[populations.E.initial]
V = { normal = ["-65 mV", "3 mV"] }
w = "20 pA"

[populations.I]
size = 250

[populations.I.neuron]
model = "lif"
tau_m = "20 ms"

[[populations.I.poisson]]
K = 100
nu = "5 Hz"
J = "0.1 mV"

[protocols.main]
duration = "1 s"
transient = "300 ms"
seed = 7

[[protocols.main.stimulus]]
population = "E"
target = "mu"
kind = "step"
at = "500 ms"
until = "700 ms"
amplitude = "0.5 mV/ms"

[[protocols.main.stimulus]]
population = "E"
target = "sigma"
kind = "sine"
frequency = "10 Hz"
phase = "90 deg"
amplitude = "0.5 mV/sqrt(ms)"

[[protocols.main.stimulus]]
population = "I"
target = "mu"
kind = "ou"
std = "0.1 mV/ms"
tau = "20 ms"
"""

CANARY = "popdyn_canary"
PAYLOADS = (
    f"__import__('os').system('touch {CANARY}')",
    f"$(touch {CANARY})",
    "9**9**9 mV",
    "!!python/object/apply:os.system ['id']",
    "{{7*7}} mV",
    "../../../etc/passwd",
    "20 mV; drop table",
    "\x1b[31m20 mV",
)


@dataclass(frozen=True)
class Case:
    name: str
    content: bytes
    path: str
    says: str
    suffix: str = ".toml"
    extra: dict[str, bytes] = field(default_factory=dict)


def edit(name: str, old: str, new: str, path: str, says: str, **more: object) -> Case:
    assert BASE.count(old) == 1, (name, old, BASE.count(old))
    return Case(name, BASE.replace(old, new).encode(), path, says, **more)  # type: ignore[arg-type]


N = "populations.E.neuron"
STEP = "protocols.main.stimulus[0]"
SINE = "protocols.main.stimulus[1]"
OU = "protocols.main.stimulus[2]"

# (line of BASE, key, where, a word of what was expected)
QUANTITIES = [
    ('C_m = "200 pF"', "C_m", N, "capacitance"),
    ('g_L = "10 nS"', "g_L", N, "conductance"),
    ('E_L = "-65 mV"', "E_L", N, "potential"),
    ('V_th = "-50 mV"', "V_th", N, "potential"),
    ('Delta_T = "1.5 mV"', "Delta_T", N, "potential"),
    ('V_peak = "-40 mV"', "V_peak", N, "potential"),
    ('V_reset = "-70 mV"', "V_reset", N, "potential"),
    ('t_ref = "1.5 ms"', "t_ref", N, "time"),
    ('I_e = "10 pA"', "I_e", N, "current"),
    ('a = "4 nS"', "a", N, "conductance"),
    ('b = "40 pA"', "b", N, "current"),
    ('tau_w = "200 ms"', "tau_w", N, "time"),
    ('E_w = "-80 mV"', "E_w", N, "potential"),
    ('tau_m = "20 ms"', "tau_m", "populations.I.neuron", "time"),
    ('mu = "1.5 mV/ms"', "mu", "populations.E.noise", "mean drive"),
    ('sigma = "2 mV/sqrt(ms)"', "sigma", "populations.E.noise", "noise amplitude"),
    ('w = "20 pA"', "w", "populations.E.initial", "current"),
    ('nu = "5 Hz"', "nu", "populations.I.poisson[0]", "rate"),
    ('J = "0.1 mV"', "J", "populations.I.poisson[0]", "potential"),
    ('duration = "1 s"', "duration", "protocols.main", "time"),
    ('transient = "300 ms"', "transient", "protocols.main", "time"),
    ('until = "700 ms"', "until", STEP, "time"),
    ('amplitude = "0.5 mV/ms"', "amplitude", STEP, "mean drive"),
    ('frequency = "10 Hz"', "frequency", SINE, "frequency"),
    ('phase = "90 deg"', "phase", SINE, "angle"),
    ('amplitude = "0.5 mV/sqrt(ms)"', "amplitude", SINE, "noise amplitude"),
    ('std = "0.1 mV/ms"', "std", OU, "mean drive"),
    ('tau = "20 ms"', "tau", OU, "time"),
]


def wrong_values() -> list[Case]:
    """Each quantity as a bare number, of another dimension, of another type, out of bounds, and as a payload."""
    cases = []
    for i, (line, key, where, word) in enumerate(QUANTITIES):
        bad = {
            "bare": ("3.5", "bare number 3.5"),
            "dimension": ('"3 %"', word),
            "type": ("[1, 2]", word),
            "payload": (json.dumps(PAYLOADS[i % len(PAYLOADS)]), word),
            "huge": (f'"1e99 {line.split(chr(34))[1].split()[-1]}"', "at most"),
        }
        for kind, (value, says) in bad.items():
            at = f"\n{line}\n"
            cases.append(edit(f"{where}.{key} {kind}", at, f"\n{key} = {value}\n", f"{where}.{key}", says))
    return cases


EDITS = [
    edit("schema newer", "schema = 1", "schema = 2", "schema", "update popdyn"),
    edit("schema text", "schema = 1", 'schema = "1"', "schema", "schema = 1"),
    edit("schema true", "schema = 1", "schema = true", "schema", "allowed: 1"),
    edit("name number", 'name = "two populations"', "name = 3", "name", "text"),
    edit("name long", "two populations", "x" * 201, "name", "at most 200"),
    edit("name escape", "two populations", "\\u001b[2J", "name", "printable"),
    edit("resolved text", "schema = 1", 'resolved = "yes"', "resolved", "true or false"),
    edit("resolved with units", "schema = 1", "resolved = true", f"{N}.C_m", "resolved = true"),
    edit("unknown top key", "schema = 1", "schema = 1\ncolour = 3", "colour", "unknown key"),
    edit("top key typo", "[protocols.main]", "[protocol.main]", "protocol", 'did you mean "protocols"?'),
    edit("dunder key", "schema = 1", "schema = 1\n__class__ = 3", "__class__", "unknown key"),
    edit("prototype key", "schema = 1", "schema = 1\n__proto__ = {}", "__proto__", "unknown key"),
    edit("escape in a key", "schema = 1", 'schema = 1\n"\\u001b[31mred" = 3', '"\\x1b[31mred"', "unknown key"),
    edit("long key", "schema = 1", f"schema = 1\n{'k' * 5000} = 3", '"' + "k" * 59 + '…"', "unknown key"),
    edit(
        "connections",
        "[protocols.main]",
        '[[connections]]\npre = "E"\n[protocols.main]',
        "connections[0].post",
        "got nothing",
    ),
    edit("projections", "[protocols.main]", "[projections.x]\n[protocols.main]", "projections", "[[connections]]"),
    edit("synapses", "schema = 1", "schema = 1\nsynapses = []", "synapses", "[[connections]]"),
    edit("size zero", "size = 1000", "size = 0", "populations.E.size", "from 1 to 10000000"),
    edit("size negative", "size = 1000", "size = -5", "populations.E.size", "from 1"),
    edit("size too large", "size = 1000", "size = 10_000_001", "populations.E.size", "10000000"),
    edit("size bomb", "size = 1000", "size = 1_000_000_000_000", "populations.E.size", "10000000"),
    edit("size beyond double", "size = 1000", "size = 9007199254740992", "populations.E.size", "2^53"),
    edit("size float", "size = 1000", "size = 1000.0", "populations.E.size", "an integer"),
    edit("size text", "size = 1000", 'size = "1000"', "populations.E.size", "without quotes"),
    edit("size true", "size = 1000", "size = true", "populations.E.size", "got true"),
    edit("size inf", "size = 1000", "size = inf", "populations.E.size", "finite"),
    edit("size nan", "size = 1000", "size = nan", "populations.E.size", "finite"),
    edit("size date", "size = 1000", "size = 1979-05-27", "populations.E.size", "an integer"),
    edit("size missing", "size = 1000\n", "", "populations.E.size", "got nothing"),
    edit("size alias", "size = 1000", "N = 1000", "populations.E.N", "unknown key"),
    edit(
        "population typo",
        "[populations.I]",
        "[populations.I]\nsizes = 3",
        "populations.I.sizes",
        'did you mean "size"?',
    ),
    edit(
        "synapse in population",
        "[populations.I]",
        "[populations.I]\nsynapses = 3",
        "populations.I.synapses",
        "[[connections]]",
    ),
    edit(
        "name with a dot",
        "[populations.I]",
        '[populations."I.x"]\nsize = 1\n[populations.I]',
        'populations."I.x"',
        "letter",
    ),
    edit(
        "name of a path",
        "[populations.I]",
        '[populations."../x"]\nsize = 1\n[populations.I]',
        'populations."../x"',
        "letter",
    ),
    edit("name with a digit first", "[populations.I]", "[populations.2E]\n[populations.I]", "populations.2E", "rename"),
    edit("name empty", "[populations.I]", '[populations.""]\n[populations.I]', 'populations.""', "letter"),
    edit("name html", "[populations.I]", '[populations."<b>"]\n[populations.I]', 'populations."<b>"', "letter"),
    edit("name unicode", "[populations.I]", '[populations."É"]\n[populations.I]', 'populations."É"', "letter"),
    edit(
        "name too long",
        "[populations.I]",
        f"[populations.{'n' * 65}]\n[populations.I]",
        f'populations."{"n" * 59}…"',
        "64",
    ),
    edit(
        "population is a number", "[populations.I]", "[populations]\nX = 3\n[populations.I]", "populations.X", "a table"
    ),
    edit(
        "no neuron", '[populations.I.neuron]\nmodel = "lif"\ntau_m = "20 ms"', "", "populations.I.neuron", "got nothing"
    ),
    edit("model missing", 'model = "lif"\n', "", "populations.I.neuron.model", 'add model = "adex"'),
    edit("model case", 'model = "adex"', 'model = "AdEx"', f"{N}.model", 'did you mean "adex"?'),
    edit("model typo", 'model = "lif"', 'model = "lfi"', "populations.I.neuron.model", 'did you mean "lif"?'),
    edit("model glif", 'model = "lif"', 'model = "glif"', "populations.I.neuron.model", "not derived yet"),
    edit("model qif", 'model = "lif"', 'model = "qif"', "populations.I.neuron.model", "not derived yet"),
    edit("model izhikevich", 'model = "lif"', 'model = "Izhikevich"', "populations.I.neuron.model", "not derived yet"),
    edit("model unknown", 'model = "lif"', 'model = "zzzz"', "populations.I.neuron.model", "lif, eif, adex"),
    edit("model list", 'model = "lif"', "model = []", "populations.I.neuron.model", "lif, eif, adex"),
    edit("model payload", 'model = "lif"', f'model = "{PAYLOADS[0]}"', "populations.I.neuron.model", "lif, eif, adex"),
    edit(
        "equations",
        'model = "lif"',
        'model = "lif"\nequations = "dv/dt = -v"',
        "populations.I.neuron.equations",
        "unknown",
    ),
    edit("key of adex for lif", 'tau_m = "20 ms"', 'tau_w = "20 ms"', "populations.I.neuron.tau_w", "model adex"),
    edit(
        "key of eif for lif", 'tau_m = "20 ms"', 'V_peak = "20 mV"', "populations.I.neuron.V_peak", "model eif and adex"
    ),
    edit("alias of adex for lif", 'tau_m = "20 ms"', 'tauA = "20 ms"', "populations.I.neuron.tauA", "model adex"),
    edit("tau_syn", 'tau_w = "200 ms"', 'tau_syn = "3 ms"', f"{N}.tau_syn", "[[connections]]"),
    edit("tau_sfa", 'tau_w = "200 ms"', 'tau_sfa = ["3 ms"]', f"{N}.tau_sfa", "a key of model gif"),
    edit("lambda_0", 'tau_w = "200 ms"', 'lambda_0 = "3 Hz"', f"{N}.lambda_0", "a key of model gif and poisson"),
    edit("E_rev", 'tau_w = "200 ms"', 'E_rev = "3 mV"', f"{N}.E_rev", "[[connections]]"),
    edit("key typo", 'tau_w = "200 ms"', 'tau_W = "200 ms"', f"{N}.tau_W", 'did you mean "tau_w"?'),
    edit("key typo 2", 'Delta_T = "1.5 mV"', 'Delta_t = "1.5 mV"', f"{N}.Delta_t", 'did you mean "Delta_T"?'),
    edit("alias and name", 'C_m = "200 pF"', 'C_m = "200 pF"\ncm = "0.2 nF"', f"{N}.cm", "both C_m and cm"),
    edit("two aliases", 'C_m = "200 pF"', 'C = "200 pF"\ncm = "0.2 nF"', f"{N}.C", "both cm and C"),
    edit("alias bare", 'C_m = "200 pF"', "cm = 0.2", f"{N}.cm", '"0.2 nF"'),
    edit("alias unit", 'C_m = "200 pF"', 'cm = "0.2 nA"', f"{N}.cm", "capacitance"),
    edit("normal bare", 'V_th = "-50 mV"', 'V_th = { normal = ["-50 mV", 2] }', f"{N}.V_th.normal", "bare number 2"),
    edit(
        "lognormal bare", 'tau_w = "200 ms"', 'tau_w = { lognormal = [1, "2 ms"] }', f"{N}.tau_w.lognormal", "number 1"
    ),
    edit("size distribution", "size = 1000", "size = { uniform = [1, 2] }", "populations.E.size", "an integer"),
    edit(
        "mu distribution of potentials",
        'mu = "1.5 mV/ms"',
        'mu = { normal = ["1 mV", "1 mV"] }',
        "populations.E.noise.mu.normal",
        "a mean drive",
    ),
    edit("value without unit", 'C_m = "200 pF"', "C_m = { value = 3 }", f"{N}.C_m", "capacitance"),
    edit("value with wrong unit", 'C_m = "200 pF"', 'C_m = { value = 3, unit = "mV" }', f"{N}.C_m", "capacitance"),
    edit("value text", 'C_m = "200 pF"', 'C_m = { value = "3", unit = "pF" }', f"{N}.C_m", "capacitance"),
    edit("value nan", 'C_m = "200 pF"', 'C_m = { value = nan, unit = "pF" }', f"{N}.C_m.value", "finite"),
    edit("value bool", 'C_m = "200 pF"', 'C_m = { value = true, unit = "pF" }', f"{N}.C_m", "capacitance"),
    edit("unit case", 'E_L = "-65 mV"', 'E_L = "-65 MV"', f"{N}.E_L", 'did you mean "-65 mV"?'),
    edit("unit word", 't_ref = "1.5 ms"', 't_ref = "1.5 msec"', f"{N}.t_ref", 'did you mean "1.5 ms"?'),
    edit("unit unknown", 't_ref = "1.5 ms"', 't_ref = "1.5 furlong"', f"{N}.t_ref", "units: s, ms, us"),
    edit("number missing", 't_ref = "1.5 ms"', 't_ref = "ms"', f"{N}.t_ref", "one number and one unit"),
    edit("two numbers", 't_ref = "1.5 ms"', 't_ref = "1.5 2 ms"', f"{N}.t_ref", "time"),
    edit("comma", 't_ref = "1.5 ms"', 't_ref = "1,5 ms"', f"{N}.t_ref", "time"),
    edit("empty text", 't_ref = "1.5 ms"', 't_ref = ""', f"{N}.t_ref", "one number and one unit"),
    edit("nan text", 't_ref = "1.5 ms"', 't_ref = "nan ms"', f"{N}.t_ref", "one number and one unit"),
    edit("overflow text", 't_ref = "1.5 ms"', 't_ref = "1e999 ms"', f"{N}.t_ref", "too large"),
    edit("long text", 't_ref = "1.5 ms"', f't_ref = "{"1" * 100000} ms"', f"{N}.t_ref", "one number and one unit"),
    edit("arabic digits", 't_ref = "1.5 ms"', 't_ref = "١ ms"', f"{N}.t_ref", "one number and one unit"),
    edit("negative capacitance", 'C_m = "200 pF"', 'C_m = "-200 pF"', f"{N}.C_m", "at least 1 fF"),
    edit("1000x capacitance", 'C_m = "200 pF"', 'C_m = "200 uF"', f"{N}.C_m", "at most 1 uF"),
    edit("tau_m too long", 'C_m = "200 pF"', 'C_m = "1 uF"', f"{N}.C_m", "C_m / g_L"),
    edit("tau_m disagrees", 'C_m = "200 pF"', 'C_m = "200 pF"\ntau_m = "21 ms"', f"{N}.tau_m", "three that agree"),
    edit("g_L from tau_m", 'tau_m = "20 ms"', 'tau_m = "10 s"\nC_m = "1 fF"', "populations.I.neuron.g_L", "from tau_m"),
    edit("reset above peak", 'V_reset = "-70 mV"', 'V_reset = "-30 mV"', f"{N}.V_reset", "V_reset < V_peak"),
    edit("reset at peak", 'V_reset = "-70 mV"', 'V_reset = "-40 mV"', f"{N}.V_reset", "V_reset < V_peak"),
    edit(
        "reset above threshold",
        'tau_m = "20 ms"',
        'V_reset = "-45 mV"',
        "populations.I.neuron.V_reset",
        "V_reset < V_th",
    ),
    edit(
        "reset at threshold", 'tau_m = "20 ms"', 'V_reset = "-50 mV"', "populations.I.neuron.V_reset", "V_reset < V_th"
    ),
    edit("threshold above peak", 'V_th = "-50 mV"', 'V_th = "-39 mV"', f"{N}.V_th", "V_th < V_peak"),
    edit("peak out of range", 'Delta_T = "1.5 mV"', 'Delta_T = "0.2 mV"', f"{N}.V_peak", "V_th + 40 Delta_T"),
    edit("negative t_ref", 't_ref = "1.5 ms"', 't_ref = "-1 ms"', f"{N}.t_ref", "at least 0"),
    edit("tau_w zero", 'tau_w = "200 ms"', 'tau_w = "0 ms"', f"{N}.tau_w", "at least 100 us"),
    edit(
        "sigma negative",
        'sigma = "2 mV/sqrt(ms)"',
        'sigma = "-2 mV/sqrt(ms)"',
        "populations.E.noise.sigma",
        "at least 0",
    ),
    edit(
        "sigma in mV", 'sigma = "2 mV/sqrt(ms)"', 'sigma = "2 mV"', "populations.E.noise.sigma", "that is a potential"
    ),
    edit("sigma per ms", 'sigma = "2 mV/sqrt(ms)"', 'sigma = "2 mV/ms"', "populations.E.noise.sigma", "mV/sqrt(ms)"),
    edit("sigma zero", 'sigma = "2 mV/sqrt(ms)"', 'sigma = "0 mV/sqrt(ms)"', "populations.E.noise", "singular"),
    edit("sigma missing", 'sigma = "2 mV/sqrt(ms)"\n', "", "populations.E.noise", "no noise at all"),
    edit("convention typo", 'mu = "1.5 mV/ms"', 'convention = "brunell"', "populations.E.noise.convention", '"brunel"'),
    edit(
        "convention number", 'mu = "1.5 mV/ms"', "convention = 2", "populations.E.noise.convention", "augustin, brunel"
    ),
    edit("brunel units", 'mu = "1.5 mV/ms"', 'convention = "brunel"', "populations.E.noise.sigma", "a potential"),
    edit("coloured noise", 'mu = "1.5 mV/ms"', 'tau = "3 ms"', "populations.E.noise.tau", "coloured noise"),
    edit(
        "noise is text",
        "[populations.I.neuron]",
        'noise = "white"\n[populations.I.neuron]',
        "populations.I.noise",
        "a table",
    ),
    edit("K zero", "K = 100", "K = 0", "populations.I.poisson[0].K", "from 1"),
    edit("K fraction", "K = 100", "K = 1.5", "populations.I.poisson[0].K", "an integer"),
    edit("K missing", "K = 100\n", "", "populations.I.poisson[0].K", "got nothing"),
    edit("nu zero", 'nu = "5 Hz"', 'nu = "0 Hz"', "populations.I.poisson[0].nu", "above 0"),
    edit("nu missing", 'nu = "5 Hz"\n', "", "populations.I.poisson[0].nu", "got nothing"),
    edit("J zero", 'J = "0.1 mV"', 'J = "0 mV"', "populations.I.poisson[0].J", "not zero"),
    edit("J huge", 'J = "0.1 mV"', 'J = "1 V"', "populations.I.poisson[0].J", "at most 100 mV"),
    edit("delay", 'J = "0.1 mV"', 'J = "0.1 mV"\ndelay = "1 ms"', "populations.I.poisson[0].delay", "[[connections]]"),
    edit(
        "poisson table",
        "[[populations.I.poisson]]",
        "[populations.I.poisson]",
        "populations.I.poisson",
        "double brackets",
    ),
    edit("poisson number", "[[populations.I.poisson]]", "[populations.I]\npoisson=3\n[x]", "(file)", "valid TOML"),
    edit(
        "initial above peak",
        'normal = ["-65 mV", "3 mV"]',
        'normal = ["-30 mV", "3 mV"]',
        "populations.E.initial.V",
        "below -40",
    ),
    edit(
        "initial at the peak",
        'V = { normal = ["-65 mV", "3 mV"] }',
        'V = "-40 mV"',
        "populations.E.initial.V",
        "spikes",
    ),
    edit("initial uniform", "{ normal", "{ uniform", "populations.E.initial.V", "normal"),
    edit("initial one number", '["-65 mV", "3 mV"]', '["-65 mV"]', "populations.E.initial.V", "standard deviation"),
    edit("initial negative spread", '"3 mV"', '"-3 mV"', "populations.E.initial.V", "at least 0"),
    edit("initial bare", '"3 mV"', "3", "populations.E.initial.V", "bare number"),
    edit(
        "initial w for lif",
        "[populations.I.neuron]",
        '[populations.I.initial]\nw = "1 pA"\n[populations.I.neuron]',
        "populations.I.initial.w",
        "models with adaptation",
    ),
    edit("initial unknown", 'w = "20 pA"', 'z = "20 pA"', "populations.E.initial.z", "unknown key"),
    edit("protocol name", "[protocols.main]", "[protocols.9]\n[protocols.main]", "protocols.9", "rename the protocol"),
    edit("protocol not a table", "[protocols.main]", "[protocols]\nx = 1\n[protocols.main]", "protocols.x", "a table"),
    edit("duration missing", 'duration = "1 s"\n', "", "protocols.main.duration", "got nothing"),
    edit("duration zero", 'duration = "1 s"', 'duration = "0 s"', "protocols.main.duration", "at least 1 ms"),
    edit("duration negative", 'duration = "1 s"', 'duration = "-1 s"', "protocols.main.duration", "at least"),
    edit(
        "duration fraction", 'duration = "1 s"', 'duration = "1000.5 ms"', "protocols.main.duration", "multiple of 1 ms"
    ),
    edit("duration a year", 'duration = "1 s"', 'duration = "31536000 s"', "protocols.main.duration", "at most 3600 s"),
    edit("transient fraction", '"300 ms"', '"300.2 ms"', "protocols.main.transient", "multiple of 1 ms"),
    edit("transient negative", '"300 ms"', '"-300 ms"', "protocols.main.transient", "at least 0"),
    edit("seed negative", "seed = 7", "seed = -7", "protocols.main.seed", "from 0"),
    edit("seed text", "seed = 7", 'seed = "7"', "protocols.main.seed", "an integer"),
    edit("seed too large", "seed = 7", "seed = 9007199254740992", "protocols.main.seed", "2^53"),
    edit("stimuli", "seed = 7", "seed = 7\nstimuli = []", "protocols.main.stimuli", "singular"),
    edit("dt", "seed = 7", 'seed = 7\ndt = "0.1 ms"', "protocols.main.dt", "command line"),
    edit("stimulus population", 'population = "I"', 'population = "Ia"', f"{OU}.population", 'did you mean "I"?'),
    edit("stimulus population missing", 'population = "I"\n', "", f"{OU}.population", "got nothing"),
    edit("stimulus population number", 'population = "I"', "population = 1", f"{OU}.population", "E, I"),
    edit("target I_e", 'target = "sigma"', 'target = "I_e"', f"{SINE}.target", "mu, sigma"),
    edit("target missing", 'target = "sigma"\n', "", f"{SINE}.target", "got nothing"),
    edit("kind typo", 'kind = "ou"', 'kind = "oou"', f"{OU}.kind", 'did you mean "ou"?'),
    edit("kind missing", 'kind = "ou"\n', "", f"{OU}.kind", "got nothing"),
    edit("kind noise", 'kind = "ou"', 'kind = "white"', f"{OU}.kind", "step, ramp, pulse"),
    edit("ends before start", 'until = "700 ms"', 'until = "400 ms"', STEP, "at < until"),
    edit("ends at start", 'until = "700 ms"', 'until = "500 ms"', STEP, "at < until"),
    edit("starts at the end", 'at = "500 ms"\nuntil = "700 ms"', 'at = "1 s"', STEP, "at < until"),
    edit("ends after the protocol", 'until = "700 ms"', 'until = "1700 ms"', STEP, "until <= duration"),
    edit("starts before zero", 'at = "500 ms"', 'at = "-5 ms"', f"{STEP}.at", "at least 0"),
    edit("amplitude missing", 'amplitude = "0.5 mV/ms"\n', "", f"{STEP}.amplitude", "got nothing"),
    edit(
        "amplitude of sigma for mu",
        '"0.5 mV/ms"',
        '"0.5 mV/sqrt(ms)"',
        f"{STEP}.amplitude",
        "that is a noise amplitude",
    ),
    edit("frequency for a step", 'until = "700 ms"', 'frequency = "3 Hz"', f"{STEP}.frequency", "kind sine"),
    edit("width for a step", 'until = "700 ms"', 'width = "3 ms"', f"{STEP}.width", "kind pulse"),
    edit("frequency zero", 'frequency = "10 Hz"', 'frequency = "0 Hz"', f"{SINE}.frequency", "at least"),
    edit("tau zero", 'tau = "20 ms"', 'tau = "0 ms"', f"{OU}.tau", "at least 500 us"),
    edit("std negative", 'std = "0.1 mV/ms"', 'std = "-0.1 mV/ms"', f"{OU}.std", "at least 0"),
    edit("std missing", 'std = "0.1 mV/ms"\n', "", f"{OU}.std", "got nothing"),
    edit(
        "pulse beyond the end",
        'kind = "step"\nat = "500 ms"\nuntil = "700 ms"',
        'kind = "pulse"\nat = "900 ms"\nwidth = "200 ms"',
        STEP,
        "at + width <= duration",
    ),
    edit("chirp without f_stop", 'kind = "step"', 'kind = "chirp"\nf_start = "1 Hz"', f"{STEP}.f_stop", "got nothing"),
    edit(
        "sigma below zero by a sine",
        '"0.5 mV/sqrt(ms)"',
        '"2.5 mV/sqrt(ms)"',
        "protocols.main.stimulus",
        "-0.5 mV/sqrt(ms)",
    ),
    edit(
        "sigma to zero by a sine",
        '"0.5 mV/sqrt(ms)"',
        '"2 mV/sqrt(ms)"',
        "protocols.main.stimulus",
        "sigma of population E",
    ),
    edit(
        "sigma below zero by a step",
        'kind = "sine"\nfrequency = "10 Hz"\nphase = "90 deg"\namplitude = "0.5 mV/sqrt(ms)"',
        'kind = "step"\namplitude = "-2.1 mV/sqrt(ms)"',
        "protocols.main.stimulus",
        "-0.1 mV/sqrt(ms)",
    ),
    edit(
        "sigma below zero by a ramp",
        'kind = "sine"\nfrequency = "10 Hz"\nphase = "90 deg"\namplitude = "0.5 mV/sqrt(ms)"',
        'kind = "ramp"\namplitude = "-3 mV/sqrt(ms)"',
        "protocols.main.stimulus",
        "sigma above 0",
    ),
    edit(
        "stimulus is a table",
        '[[protocols.main.stimulus]]\npopulation = "I"',
        '[protocols.second]\nduration="1 s"\n[protocols.second.stimulus]\npopulation = "I"',
        "protocols.second.stimulus",
        "double brackets",
    ),
]


def raw(name: str, content: str | bytes, says: str, path: str = "(file)", suffix: str = ".toml") -> Case:
    data = content.encode() if isinstance(content, str) else content
    return Case(name, data, path, says, suffix)


RAW = [
    raw("empty", "", "nothing", "populations"),
    raw("only comments", "# nothing\n", "nothing", "populations"),
    raw("no table of populations", "populations = 3", "tables [populations.NAME]", "populations"),
    raw("populations as an array", "[[populations]]\nsize = 3", "tables [populations.NAME]", "populations"),
    raw("populations empty", "[populations]", "add [populations.E]", "populations"),
    raw("not toml", "hello", "valid TOML"),
    raw("unclosed string", 'name = "x', "valid TOML"),
    raw("unclosed table", "[populations.E", "valid TOML"),
    raw("key twice", "schema = 1\nschema = 1", "valid TOML"),
    raw("table twice", "[populations.E]\n[populations.E]", "valid TOML"),
    raw("yaml", "schema: 1\npopulations:\n  E:\n    size: 3\n", "valid TOML"),
    raw("yaml tag", "!!python/object/apply:os.system ['touch popdyn_canary']", "valid TOML"),
    raw("python", "import os\nos.system('touch popdyn_canary')", "valid TOML"),
    raw("html", "<html><script>alert(1)</script></html>", "valid TOML"),
    raw("pickle", b"\x80\x04\x95\x1d\x00\x00\x00", "UTF-8"),
    raw("latin1", 'name = "Zürich"'.encode("latin-1"), "UTF-8"),
    raw("utf16", 'name = "x"'.encode("utf-16"), "UTF-8"),
    raw("zeros", b"\0" * 1000, "valid TOML"),
    raw("hdf5", b"\x89HDF\r\n\x1a\n" + bytes(range(256)), "UTF-8"),
    raw("too large", b"#" * (1 << 20) + b"#", "at most 1048576 bytes"),
    raw("deep array", "x = " + "[" * 19000, "nesting"),
    raw("deep array closed", "x = " + "[" * 200 + "]" * 200, "nesting", "x" + "[0]" * 31),
    raw("deep inline table", "x = " + "{a=" * 9000, "nesting"),
    raw("deep dotted key", "a" + ".a" * 100000 + " = 1", "nesting"),
    raw("deep quoted dotted key", '"a"' + '."a"' * 10000 + " = 1", "nesting"),
    raw("deep header", "[" + ".".join("a" * 1 for _ in range(40)) + "]", "nesting"),
    raw("many keys", "".join(f"k{i} = 1\n" for i in range(6000)), "at most 5000 keys"),
    raw("many tables", "[[a]]\n" * 50000, "keys or tables"),
    raw("many values", "x = [" + "1," * 200000 + "]", "values"),
    raw("huge integer", "x = " + "9" * 100000, "valid TOML"),
    raw("integer beyond double", "x = 9007199254740992", "2^53", "x"),
    raw("infinity", "x = -inf", "finite", "x"),
    raw("1001 populations", "".join(f"[populations.p{i}]\n" for i in range(1001)), "at most 1000", "populations"),
    raw("json array", "[1, 2]", "one table", suffix=".json"),
    raw("json number", "3", "one table", suffix=".json"),
    raw("json broken", '{"schema": 1,', "valid JSON", suffix=".json"),
    raw("json trailing", '{"schema": 1} x', "valid JSON", suffix=".json"),
    raw("json duplicate key", '{"schema": 1, "schema": 1}', "stands twice", suffix=".json"),
    raw("json duplicate deep", '{"populations": {"E": {"size": 1, "size": 2}}}', "stands twice", suffix=".json"),
    raw("json nan", '{"x": NaN}', "not a finite number", suffix=".json"),
    raw("json infinity", '{"x": -Infinity}', "not a finite number", suffix=".json"),
    raw("json overflow", '{"x": 1e999}', "finite", "x", suffix=".json"),
    raw("json null", '{"populations": null}', "null", "populations", suffix=".json"),
    raw("json deep", "[" * 15000, "nesting", suffix=".json"),
    raw("json deep object", '{"a":' * 15000, "nesting", suffix=".json"),
    raw("json huge integer", '{"x": ' + "9" * 10000 + "}", "valid JSON", suffix=".json"),
    raw("json duplicate bomb", "{" + ",".join(f'"k{i}":1' for i in range(60000)) + ',"k1":2}', "twice", suffix=".json"),
    raw("json lone surrogate", '{"name": "\\ud800"}', "printable", "name", suffix=".json"),
    raw("json in toml", '{"schema": 1}', "nothing", "populations"),
    raw(
        "resolved without numbers",
        '{"resolved": true, "populations": {"E": {"size": "3"}}}',
        "an integer",
        "populations.E.size",
        suffix=".json",
    ),
]

CSV = "protocols.main.stimulus[3]"
CSV_BLOCK = """
[[protocols.main.stimulus]]
population = "E"
target = "mu"
kind = "csv"
file = "drive.csv"
time_unit = "ms"
value_unit = "mV/ms"
"""
GOOD_CSV = b"t,value\n0,0\n100,0.5\n"


def csv(
    name: str, old: str, new: str, path: str, says: str, data: bytes | None = GOOD_CSV, file: str = "drive.csv"
) -> Case:
    assert CSV_BLOCK.count(old) == 1, name
    content = (BASE + CSV_BLOCK.replace(old, new)).encode()
    return Case(f"csv {name}", content, f"{CSV}{path}", says, extra={} if data is None else {file: data})


def csv_data(name: str, data: bytes, says: str, path: str = ".file") -> Case:
    return csv(name, 'csv"\nfile', 'csv"\nfile', path, says, data)


CSVS = [
    csv("absent", "drive.csv", "nothing.csv", ".file", "no file"),
    csv("absolute", "drive.csv", "/etc/passwd", ".file", "relative"),
    csv("parent", "drive.csv", "../drive.csv", ".file", "relative"),
    csv("parent inside", "drive.csv", "sub/../../drive.csv", ".file", "relative"),
    csv("home", "drive.csv", "~/drive.csv", ".file", "no file"),
    csv("backslash", "drive.csv", "..\\\\drive.csv", ".file", "relative"),
    csv("url", "drive.csv", "http://example.org/drive.csv", ".file", "relative"),
    csv("nul", "drive.csv", "drive.csv\\u0000", ".file", "relative"),
    csv("newline", "drive.csv", "drive\\n.csv", ".file", "relative"),
    csv("empty name", "drive.csv", "", ".file", "relative"),
    csv("long name", "drive.csv", "d" * 300, ".file", "relative"),
    csv("folder", "drive.csv", "sub", ".file", "not a regular file", b"x", "sub/x"),
    csv("file number", '"drive.csv"', "3", ".file", "file name"),
    csv("file missing", 'file = "drive.csv"\n', "", ".file", "got nothing"),
    csv("time unit missing", 'time_unit = "ms"\n', "", ".time_unit", "got nothing"),
    csv("time unit wrong", 'time_unit = "ms"', 'time_unit = "mV"', ".time_unit", "s, ms, us"),
    csv("value unit wrong", '"mV/ms"', '"mV"', ".value_unit", "mV/ms"),
    csv("amplitude", 'time_unit = "ms"', 'time_unit = "ms"\namplitude = "3 mV/ms"', ".amplitude", "kind step"),
    csv_data("empty", b"", "at least one point", ""),
    csv_data("header only", b"t,value\n", "at least one point", ""),
    csv_data("three columns", b"0,1,2\n", "line 1"),
    csv_data("one column", b"t,value\n0,1\n5\n", "line 3"),
    csv_data("words", b"t,value\nzero,one\n", "two numbers"),
    csv_data("nan", b"0,nan\n", "two numbers"),
    csv_data("inf", b"0,inf\n", "two numbers"),
    csv_data("formula", b"0,=1+1\n", "two numbers"),
    csv_data("payload", b"0,__import__('os').system('touch popdyn_canary')\n", "two numbers"),
    csv_data("semicolons", b"0;1\n", "two numbers"),
    csv_data("binary", bytes(range(256)), "UTF-8"),
    csv_data("large", b"0,1\n" * 200000, "bytes"),
    csv_data("many rows", b"0,1\n" * 10001, "at most 10000 rows"),
    csv_data("unsorted", b"5,1\n0,1\n", "times do not decrease", ""),
    csv_data("beyond the end", b"0,1\n5000,1\n", "times <= duration", ""),
    csv_data("negative time", b"-1,1\n", "at least 0", ".times"),
    csv_data("huge value", b"0,1e300\n", "at most", ".values"),
    csv_data("overflow", b"0,1e999\n", "too large", ".values"),
]

CASES = [*EDITS, *wrong_values(), *RAW, *CSVS]

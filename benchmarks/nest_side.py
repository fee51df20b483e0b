"""popdyn networks in NEST's gif_pop_psc_exp, which runs in an environment of its own.

Conversion, SI to NEST's ms, mV, pA, pF. The neuron's parameters have the same names; tau_m = C_m/g_L, the jumps q_sfa
times adaptation_scale, and I_e + C_m mu is one constant current. A node stands for a population that is heard by all
alike: where each neuron has on average K sources of charge J (over C_m) among N, every spike of the population brings

    weight = (K/N) J C_m/tau_syn        [pA], positive through tau_syn_ex, negative through tau_syn_in.

What NEST's theory has not: spread of parameters or degrees, white noise of neurons (sigma) and spike-triggered currents
(refused), the shot noise of the synapses (left out). It wants at least one threshold: q_sfa is 0 where there is none.
"""

import json
import math
import os
import subprocess
import tempfile
from pathlib import Path

from side_environment import python_with

from popdyn.neurons.gif import CURRENT, THRESHOLD
from popdyn.spec.statistics import in_degree

VERSION = "3.10.0"
NO_THRESHOLD = ((0.1, 0.0),)  # tau_sfa [s], q_sfa [V]


def nest_python():
    """The interpreter of NEST's environment. Ends the script where it cannot be had."""
    check = "import nest; assert 'gif_pop_psc_exp' in nest.node_models"
    return python_with("NEST", "nest-simulator", VERSION, check)


def population(p, tau_syn):
    """NEST's parameters of one population; `tau_syn` [s]: of its excitatory and its inhibitory input."""
    n = p.neuron.parameters
    if p.neuron.model != "gif" or p.spread or p.poisson or p.noise.sigma or CURRENT.count(n):
        raise ValueError(f"{p.name}: gif_pop_psc_exp has gif neurons that are alike, without noise or q_stc")
    traces = THRESHOLD.values(n) or NO_THRESHOLD
    return {
        "N": p.size, "C_m": n["C_m"] * 1e12, "tau_m": n["C_m"] / n["g_L"] * 1e3, "t_ref": n["t_ref"] * 1e3,
        "lambda_0": n["lambda_0"], "I_e": (n["I_e"] + n["C_m"] * p.noise.mu) * 1e12,
        **{name: n[name] * 1e3 for name in ("E_L", "V_reset", "V_T_star", "Delta_V")},
        "tau_sfa": [tau * 1e3 for tau, _ in traces], "q_sfa": [q * n["adaptation_scale"] * 1e3 for _, q in traces],
        **{name: tau * 1e3 for name, tau in zip(("tau_syn_ex", "tau_syn_in"), tau_syn, strict=True)},
    }  # fmt: skip


def to_nest(network):
    """Populations and connections of a network, as nest_populations.py reads them."""
    synapses, connections = {name: {} for name in network.populations}, []
    for c in network.connections:
        s = c.synapse
        if s.kind != "exponential":
            raise ValueError(f"{c.pre} to {c.post}: gif_pop_psc_exp has exponential synapses")
        if not math.isclose(synapses[c.post].setdefault(s.J > 0.0, s.tau_syn), s.tau_syn):
            raise ValueError(f"{c.pre} to {c.post}: one tau_syn for each sign")
        C_m = network.populations[c.post].neuron.parameters["C_m"]
        share = in_degree(c, network).mean / network.populations[c.pre].size
        weight = share * s.J * C_m / s.tau_syn * 1e12
        connections.append({"pre": c.pre, "post": c.post, "weight": weight, "delay": s.delay * 1e3})
    populations = {
        name: population(p, (synapses[name].get(True, 1e-3), synapses[name].get(False, 1e-3)))
        for name, p in network.populations.items()
    }
    return {"populations": populations, "connections": connections}


def run_nest(python, network, dt, *, transient, duration, seeds, record):
    """What nest_populations.py finds: `version`, and of every seed CPU seconds and rates. Times in s."""
    job = {
        **to_nest(network), "resolution": dt * 1e3, "transient": transient * 1e3, "duration": duration * 1e3,
        "seeds": list(seeds), "record": record,
    }  # fmt: skip
    with tempfile.TemporaryDirectory() as folder:
        asked, found = Path(folder) / "job.json", Path(folder) / "found.json"
        asked.write_text(json.dumps(job))
        script = Path(__file__).with_name("nest_populations.py")
        environment = {k: v for k, v in os.environ.items() if k != "PYTHONPATH"} | {"OMP_NUM_THREADS": "1"}
        command = [str(python), str(script), str(asked), str(found)]
        subprocess.run(command, check=True, env=environment, stdout=subprocess.DEVNULL)
        return json.loads(found.read_text())

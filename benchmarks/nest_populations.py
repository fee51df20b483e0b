"""Populations of NEST's gif_pop_psc_exp: runs in the environment that has NEST, and knows nothing of popdyn.

    python nest_populations.py JOB.json FOUND.json

The job: resolution [ms], threads, transient and duration [ms], seeds, record, populations (name: NEST's parameters) and
connections (pre, post, weight [pA], delay [ms]). Found, per seed: CPU seconds of the kernel's run of `duration`, after
the transient (what is built and initialised is not in it), and where recorded the rates [1/s].
"""

import json
import sys
import time

import nest


def build(job, seed):
    """Nodes by name, their recorders by name."""
    nest.ResetKernel()
    nest.set(resolution=job["resolution"], local_num_threads=1, rng_seed=seed)
    nodes = {name: nest.Create("gif_pop_psc_exp", params=of) for name, of in job["populations"].items()}
    for c in job["connections"]:
        synapse = {"weight": c["weight"], "delay": c["delay"]}
        nest.Connect(nodes[c["pre"]], nodes[c["post"]], "all_to_all", syn_spec=synapse)
    recorders = {}
    if job["record"]:
        every = {"interval": job["resolution"], "record_from": ["n_events"], "start": job["transient"]}
        recorders = {name: nest.Create("multimeter", params=every) for name in nodes}
        for name, recorder in recorders.items():
            nest.Connect(recorder, nodes[name], syn_spec={"delay": job["resolution"]})
    return nodes, recorders


def run(job, seed):
    """CPU seconds of the duration, and the rates over it."""
    nodes, recorders = build(job, seed)
    nest.Simulate(job["transient"])
    began = time.process_time()
    nest.Simulate(job["duration"])
    cpu_s = time.process_time() - began
    rates = {}
    for name, recorder in recorders.items():
        spikes = recorder.events["n_events"].sum()
        rates[name] = float(spikes / (job["duration"] * 1e-3 * job["populations"][name]["N"]))
    history = {name: int(node.len_kernel) for name, node in nodes.items()}
    return {"cpu_s": cpu_s, "rates": rates, "history_steps": history}


def main():
    with open(sys.argv[1]) as file:
        job = json.load(file)
    nest.verbosity = nest.VerbosityLevel.ERROR
    found = {"version": nest.__version__, "runs": [run(job, seed) for seed in job["seeds"]]}
    with open(sys.argv[2], "w") as file:
        json.dump(found, file)


if __name__ == "__main__":
    main()

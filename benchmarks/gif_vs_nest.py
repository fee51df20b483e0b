"""Populations of escape-noise neurons against NEST's gif_pop_psc_exp: cost and rates, side by side in the same run.

    python benchmarks/gif_vs_nest.py [--repeats 5] [--only column]

CPU seconds per simulated second of one thread: medians of the repeats, a popdyn run after each of NEST's, seeds alike.
NEST is timed over `duration` after a transient, without building and initialising; popdyn's `simulate` with all that it
does, compilation left out. `setup_s`: its working point (regularity of trains, widths of rates), found once.

Both are populations of finite size that write down their activity in every step. (a) gif_column.py: eight populations
without adaptation. (b) reference_sims/gif_ei: excitation and inhibition, adaptation of 0.1 and 1 s. Rates are compared
with those of the spiking networks (gif_column_spiking.py; Brian2). `same_theory` leaves out the shot noise of the
synapses and unequal in-degrees, as NEST's theory does.
NEST is installed by pip in an environment of its own (nest_side.py) when it is not there yet.
"""

import argparse
import json
import statistics
import time
from pathlib import Path

import numpy as np
from gif_column import column
from nest_side import nest_python, run_nest

from popdyn.rungs.choose import density_rung
from popdyn.spec import load
from popdyn.spec.network import Protocol

REFERENCE = Path(__file__).parents[1] / "reference_sims" / "gif_ei"
COLUMN_TRUTH = Path(__file__).with_name("gif_column_truth.json")
CLAIMS = {"column": {5e-4: 3.0}, "gif_ei": {5e-4: 4.0, 1e-4: 20.0}}  # popdyn times faster, by dt [s]
TRANSIENT, DURATION = 5.0, 10.0  # [s]


def make_density(network, dt, **options):
    """The rung, and CPU seconds to make it; compiled before, by a run of more than one chunk."""
    density_rung(network, finite=True, dt=dt, **options).simulate(Protocol("compile", 1.0, 0.5, 0))
    began = time.process_time()
    return density_rung(network, finite=True, dt=dt, **options), time.process_time() - began


def run_density(density, seed):
    """CPU seconds per simulated second, rates [1/s]."""
    run = density.simulate(Protocol("rest", DURATION, TRANSIENT, 0), seed=seed)
    mean = run["rate"].sel(time=slice(0.0, None)).mean(("run", "time")).values
    return run.encoding["cpu_s"] / (DURATION + TRANSIENT), dict(zip(density.network.populations, mean, strict=True))


def compare(network, dt, python, repeats):
    """Costs and rates of one network at one step."""
    sides = {"default": {}, "same_theory": {"shot_noise": "none", "settle": False}}
    made = {name: make_density(network, dt, **options) for name, options in sides.items()}
    found = {name: [] for name in ("nest", *sides)}
    for seed in range(1, repeats + 1):
        nest = run_nest(python, network, dt, transient=TRANSIENT, duration=DURATION, seeds=[seed], record=True)
        found["nest"].append((nest["runs"][0]["cpu_s"] / DURATION, nest["runs"][0]["rates"]))
        for name, (density, _) in made.items():
            found[name].append(run_density(density, seed))
    cost = {name: statistics.median(c for c, _ in runs) for name, runs in found.items()}
    return {
        "cpu_s_per_s": cost,
        "all": {name: [c for c, _ in runs] for name, runs in found.items()},
        "times_faster": {name: cost["nest"] / cost[name] for name in sides},
        "setup_s": {name: setup for name, (_, setup) in made.items()},
        "rates": {name: averaged([rates for _, rates in runs]) for name, runs in found.items()},
        "history_steps": nest["runs"][0]["history_steps"],
    }  # fmt: skip


def averaged(rates):
    """Mean over seeds and its standard error [1/s], by population."""
    return {
        name: [float(np.mean(of)), float(np.std(of, ddof=1) / np.sqrt(len(of)))]
        for name, of in ((name, [one[name] for one in rates]) for name in rates[0])
    }


def truth(name):
    """Rates of the spiking network and their standard errors [1/s], by population: means of the stored runs."""
    if name == "column":
        runs = [run["rates"] for run in json.loads(COLUMN_TRUTH.read_text())]
    else:
        values = [run["values"] for run in json.loads((REFERENCE / "truth.json").read_text())]
        runs = [{q: (v[f"rate_{q}"], v[f"rate_{q}_error"]) for q in ("E", "I")} for v in values]
    found = {}
    for q in runs[0]:
        rates, errors = np.array([run[q] for run in runs]).T
        found[q] = [float(rates.mean()), float(np.sqrt(np.sum(errors**2)) / len(runs))]
    return found


def deviations(rates, known):
    """Percent by which rates differ from the known ones."""
    return {
        side: {name: 100.0 * (rate / known[name][0] - 1.0) for name, (rate, _) in of.items()}
        for side, of in rates.items()
    }


def main(repeats, only):
    python = nest_python()
    networks = {"column": column(TRANSIENT, DURATION), "gif_ei": load(REFERENCE / "network.toml")}
    cases = []
    for name in [only] if only else CLAIMS:
        for dt, claim in CLAIMS[name].items():
            case = {"network": name, "dt": dt, "claim": claim, **compare(networks[name], dt, python, repeats)}
            case["percent_from_truth"] = deviations(case["rates"], truth(name))
            cases.append(case)
    known = {name: truth(name) for name in CLAIMS}
    print(json.dumps({"transient_s": TRANSIENT, "duration_s": DURATION, "truth": known, "cases": cases}, indent=1))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--only", choices=CLAIMS, help="one of the networks")
    arguments = parser.parse_args()
    main(arguments.repeats, arguments.only)

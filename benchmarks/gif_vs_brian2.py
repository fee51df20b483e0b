"""Cost of the density of escape-noise neurons against Brian2 at N = 10,000, in the same run; compilation left out.

    python benchmarks/gif_vs_brian2.py [--repeats 5]

CPU seconds per simulated second, median of the repeats. The density (dt 0.5 ms, of finite size and N -> infinity) takes
the protocol `ou` of reference_sims/gif_two_time_scales, its population cut to 10,000; Brian2 (0.1 ms, C++ standalone)
the same neurons at constant drive: popdyn's program of them, and plain_gif.py, which knows nothing of popdyn. How near
the density is to Brian2 under this protocol, tests/catalogue asserts.
"""

import argparse
import json
import statistics
from dataclasses import replace
from pathlib import Path

from density_vs_brian2 import BRIAN2_DURATION, brian2_cost, plain_cost

from popdyn.rungs.choose import density_rung
from popdyn.spec import load

SPEC = Path(__file__).parents[1] / "reference_sims" / "gif_two_time_scales" / "network.toml"
NEURONS = 10_000
BRIAN2_DT = 1e-4  # [s]


def density_cost(network, repeats, **options):
    """CPU seconds per simulated second, each repeat."""
    density, protocol = density_rung(network, **options), network.protocols["ou"]
    density.simulate("ou")  # compiles
    simulated = protocol.duration + protocol.transient
    return [density.simulate("ou", seed=k).encoding["cpu_s"] / simulated for k in range(repeats)]


def main(repeats):
    network = load(SPEC)
    network = replace(network, populations={"E": replace(network.populations["E"], size=NEURONS)})
    costs = {"finite": density_cost(network, repeats, finite=True), "infinite": density_cost(network, repeats)}
    short = replace(network.protocols["rest"], name="short", duration=BRIAN2_DURATION, transient=0.0)
    spiking = brian2_cost(replace(network, protocols={"short": short}), "heun", 3, BRIAN2_DT)
    plain = [plain_cost(Path(__file__).with_name("plain_gif.py"), NEURONS, BRIAN2_DT) for _ in range(3)]
    cost = {name: statistics.median(found) for name, found in costs.items()}
    brian2 = {"popdyn": statistics.median(spiking), "plain": statistics.median(plain)}
    print(json.dumps({
        "claim": "populations of escape-noise neurons cost at most 1/150 of Brian2 at N = 10,000",
        "density_cpu_s_per_s": cost, "density_all": costs,
        "brian2_cpu_s_per_s": brian2, "brian2_all": {"popdyn": spiking, "plain": plain},
        "times_faster": {name: {of: value / c for of, value in brian2.items()} for name, c in cost.items()},
        "neurons": NEURONS, "brian2_dt": BRIAN2_DT,
    }, indent=1))  # fmt: skip


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=5)
    main(parser.parse_args().repeats)

"""Every neuron and synapse of gif_column.py: 77,169 neurons, 0.29 billion synapses, one network drawn by its seed.

    python benchmarks/gif_column_spiking.py [--seed 1] [--duration 6] [--transient 0.5] [--dt 0.1] [--out FILE]

Rates [1/s] and their standard errors (blocks of 100 ms), about 8 CPU s per simulated second and 2 GB of memory; --out
adds them to a file. Written from the equations alone, with exact propagators of V and of the current:

    dV/dt = -V/tau_m + mu + s, held at V_reset for t_ref after a spike;  tau_syn ds/dt = -s, s += J/tau_syn at a spike
    a neuron fires when the integral of lambda_0 exp((V - V_T_star)/Delta_V) since its last spike reaches an exponential
    random number; the hazard counts as it is at the end of a step
"""

import argparse
import json
import time
from pathlib import Path

import numpy as np
from gif_column import column
from numba import njit

BLOCK = 0.1  # [s]


@njit(cache=True)
def draw(p, sizes, seed):
    """Targets of every neuron by independent pairs: start (neuron + 1,) and target; p is [post, pre]."""
    np.random.seed(seed)
    first = np.concatenate((np.zeros(1, np.int64), np.cumsum(sizes)))
    expected = 0.0
    for a in range(sizes.size):
        for b in range(sizes.size):
            expected += p[a, b] * sizes[a] * sizes[b]
    start, target = np.zeros(first[-1] + 1, np.int64), np.empty(int(expected + 10 * np.sqrt(expected)), np.int32)
    count = 0
    for b in range(sizes.size):
        for j in range(first[b], first[b + 1]):
            for a in range(sizes.size):
                if p[a, b] > 0.0:
                    i = first[a] + int(np.log(1.0 - np.random.random()) / np.log1p(-p[a, b]))
                    while i < first[a + 1]:
                        target[count] = i
                        count += 1
                        i += 1 + int(np.log(1.0 - np.random.random()) / np.log1p(-p[a, b]))
            start[j + 1] = count
    return start, target[:count]


@njit(cache=True, error_model="numpy")
def march(start, target, population, J, mu, numbers, lag, rest, steps, dt, seed, spikes):
    """Spikes (population, step) of all neurons; J [post, pre] is the jump of s, numbers those of the neuron."""
    tau_m, tau_syn, V_reset, V_T_star, Delta_V, lambda_0 = numbers
    np.random.seed(seed)
    size = population.size
    decay, fall = np.exp(-dt / tau_m), np.exp(-dt / tau_syn)
    drive, through = tau_m * (1.0 - decay), (decay - fall) * tau_m * tau_syn / (tau_m - tau_syn)
    V, s, wait = np.random.random(size) * V_T_star, np.zeros(size), -np.log(1.0 - np.random.random(size))
    held, coming = np.zeros(size, np.int64), np.zeros((lag + 1, size))
    for t in range(steps):
        now = coming[t % (lag + 1)]
        for i in range(size):
            s[i] += now[i]
            now[i] = 0.0
            if held[i] > 0:
                held[i] -= 1
            else:
                V[i] = decay * V[i] + drive * mu[population[i]] + through * s[i]
                wait[i] -= dt * lambda_0 * np.exp((V[i] - V_T_star) / Delta_V)
            s[i] *= fall
        for j in range(size):
            if wait[j] <= 0.0:
                wait[j], V[j], held[j] = -np.log(1.0 - np.random.random()), V_reset, rest
                b = population[j]
                spikes[b, t] += 1
                for k in range(start[j], start[j + 1]):
                    i = target[k]
                    now[i] += J[population[i], b]  # until the ring comes round: from the end of this step, `lag` steps


def run(seed, duration, transient, dt):
    """Rates of all populations in every block after the transient (population, block) [1/s]."""
    network = column(transient, duration)
    names = list(network.populations)
    sizes = np.array([p.size for p in network.populations.values()])
    mu = np.array([p.noise.mu for p in network.populations.values()])
    n, synapse = network.populations[names[0]].neuron.parameters, network.connections[0].synapse
    p, J = np.zeros((2, len(names), len(names)))
    for c in network.connections:
        a, b = names.index(c.post), names.index(c.pre)
        p[a, b], J[a, b] = c.p, c.synapse.J / synapse.tau_syn
    start, target = draw(p, sizes, seed)
    numbers = (n["C_m"] / n["g_L"], synapse.tau_syn, *(n[k] for k in ("V_reset", "V_T_star", "Delta_V", "lambda_0")))
    steps = round((transient + duration) / dt)
    spikes = np.zeros((len(names), steps), np.int64)
    population = np.repeat(np.arange(len(names)), sizes)
    lag, rest = round(synapse.delay / dt), round(n["t_ref"] / dt)
    march(start, target, population, J, mu, numbers, lag, rest, steps, dt, seed, spikes)
    kept = spikes[:, round(transient / dt) :].reshape(len(names), -1, round(BLOCK / dt))
    return names, kept.sum(axis=2) / (BLOCK * sizes[:, None])


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    for name, default in (("dt", 0.1), ("duration", 6.0), ("transient", 0.5)):
        parser.add_argument(f"--{name}", type=float, default=default)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", type=Path)
    args = parser.parse_args()
    began = time.process_time()
    names, blocks = run(args.seed, args.duration, args.transient, args.dt * 1e-3)
    mean, error = blocks.mean(axis=1), blocks.std(axis=1, ddof=1) / np.sqrt(blocks.shape[1])
    found = {
        "settings": {k: v for k, v in vars(args).items() if k != "out"},
        "rates": {name: [round(float(x), 5) for x in of] for name, *of in zip(names, mean, error, strict=True)},
        "cpu_s": round(time.process_time() - began),
    }  # fmt: skip
    print(json.dumps(found))
    if args.out:
        kept = json.loads(args.out.read_text()) if args.out.exists() else []
        args.out.write_text(json.dumps([*kept, found], indent=1) + "\n")


if __name__ == "__main__":
    main()

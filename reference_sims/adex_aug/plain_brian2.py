"""An uncoupled population of AdEx neurons in plain Brian2.

Written from the equations alone (Brette and Gerstner 2005), before anything
in the library was read, so that it can disagree with the library:

    C dV/dt     = -g_L (V - E_L) + g_L Delta_T exp((V - V_T) / Delta_T) - w
                  + C (mu + sigma xi)
    tau_w dw/dt = a (V - E_w) - w
    V > V_peak  : V -> V_reset, w -> w + b; V is held at V_reset for t_ref,
                  without noise, while w evolves

Prints one JSON object: the stationary rate, its standard error (from disjoint
blocks of neurons), and the means of V (held neurons included) and of w.

    python plain_brian2.py --size 2000 --duration 5 --transient 1 --seed 1
"""

import argparse
import json
import os
import sys
import tempfile
import time

BLOCKS = 20


def arguments():
    parser = argparse.ArgumentParser(description="AdEx population in plain Brian2")
    add = parser.add_argument
    add("--size", type=int, default=2000, help="neurons")
    add("--duration", type=float, default=5.0, help="s measured, after the transient")
    add("--transient", type=float, default=1.0, help="s left out at the start")
    add("--dt", type=float, default=0.02, help="ms")
    add("--seed", type=int, default=1)
    add("--target", choices=["numpy", "cython", "cpp_standalone"], default="numpy")
    add("--t-ref", type=float, default=0.0, help="ms")
    add("--mu", type=float, default=1.5, help="mV/ms")
    add("--sigma", type=float, default=2.0, help="mV/sqrt(ms)")
    add("--C", type=float, default=200.0, help="pF")
    add("--g-l", type=float, default=10.0, help="nS")
    add("--e-l", type=float, default=-65.0, help="mV")
    add("--v-t", type=float, default=-50.0, help="mV")
    add("--delta-t", type=float, default=1.5, help="mV, positive")
    add("--v-peak", type=float, default=-40.0, help="mV")
    add("--v-reset", type=float, default=-70.0, help="mV")
    add("--e-w", type=float, default=-80.0, help="mV")
    add("--tau-w", type=float, default=200.0, help="ms")
    add("--a", type=float, default=4.0, help="nS")
    add("--b", type=float, default=40.0, help="pA")
    add("--w-start", type=float, default=100.0, help="pA, w of every neuron at t = 0")
    args = parser.parse_args()
    if args.size < BLOCKS:
        parser.error(f"--size is at least {BLOCKS}: the error comes from {BLOCKS} blocks")
    if args.delta_t <= 0:
        parser.error("--delta-t is positive")
    if args.t_ref < 0 or args.dt <= 0 or args.duration <= 0 or args.transient < 0:
        parser.error("times are positive")
    return args


def simulate(args):
    # brian2 executes a file `brian_preferences` of the current directory when it
    # is imported: this runs in an empty one.
    import brian2 as b2
    import numpy as np

    folder = os.getcwd()
    if args.target == "cpp_standalone":
        b2.set_device("cpp_standalone", directory=os.path.join(folder, "build"), build_on_run=False)
    else:
        b2.prefs.codegen.target = args.target
    b2.defaultclock.dt = args.dt * b2.ms
    b2.seed(args.seed)

    held = args.t_ref > 0
    names = dict(
        C=args.C * b2.pF,
        g_L=args.g_l * b2.nS,
        E_L=args.e_l * b2.mV,
        V_T=args.v_t * b2.mV,
        Delta_T=args.delta_t * b2.mV,
        V_peak=args.v_peak * b2.mV,
        V_reset=args.v_reset * b2.mV,
        E_w=args.e_w * b2.mV,
        tau_w=args.tau_w * b2.ms,
        a=args.a * b2.nS,
        b=args.b * b2.pA,
        mu=args.mu * b2.mV / b2.ms,
        sigma=args.sigma * b2.mV / b2.ms**0.5,
    )
    equations = """
    dV/dt = (-g_L*(V - E_L) + g_L*Delta_T*exp((V - V_T)/Delta_T) - w)/C
            + mu + sigma*xi : volt HOLD
    dw/dt = (a*(V - E_w) - w)/tau_w : amp
    spike_count : 1
    sum_V : volt
    sum_w : amp
    samples : 1
    """.replace("HOLD", "(unless refractory)" if held else "")
    # A neuron that spikes at step n is updated again, in Brian2, at step
    # n + refractory/dt: refractory/dt - 1 steps are left out, so one dt is added.
    options = {"refractory": (args.t_ref + args.dt) * b2.ms} if held else {}
    neurons = b2.NeuronGroup(
        args.size,
        equations,
        threshold="V > V_peak",
        reset="V = V_reset; w += b; spike_count += 1",
        method="euler",
        namespace=names,
        **options,
    )
    low, high = min(args.v_reset, args.e_l), max(args.v_reset, args.v_t)
    neurons.V = f"({low} + ({high} - ({low}))*rand())*mV"
    neurons.w = args.w_start * b2.pA
    every = max(1, round(0.5 / args.dt)) * args.dt
    neurons.run_regularly("sum_V += V; sum_w += w; samples += 1", dt=every * b2.ms, when="end")

    begun = time.perf_counter()
    net = b2.Network(neurons)
    if args.transient > 0:
        net.run(args.transient * b2.second)
    for name, zero in (
        ("spike_count", 0),
        ("samples", 0),
        ("sum_V", 0 * b2.volt),
        ("sum_w", 0 * b2.amp),
    ):
        setattr(neurons, name, zero)
    net.run(args.duration * b2.second)
    if args.target == "cpp_standalone":
        b2.device.build(directory=os.path.join(folder, "build"), compile=True, run=True)
    wall = time.perf_counter() - begun

    rates = np.asarray(neurons.spike_count) / args.duration
    blocks = np.array([part.mean() for part in np.array_split(rates, BLOCKS)])
    samples = np.asarray(neurons.samples)
    mean_v = np.asarray(neurons.sum_V / b2.mV) / samples
    mean_w = np.asarray(neurons.sum_w / b2.pA) / samples

    def error(values):
        parts = np.array([part.mean() for part in np.array_split(values, BLOCKS)])
        return float(parts.std(ddof=1) / BLOCKS**0.5)

    return {
        "rate_hz": float(rates.mean()),
        "rate_standard_error_hz": float(blocks.std(ddof=1) / BLOCKS**0.5),
        "mean_V_mV": float(mean_v.mean()),
        "mean_V_standard_error_mV": error(mean_v),
        "mean_w_pA": float(mean_w.mean()),
        "mean_w_standard_error_pA": error(mean_w),
        "spikes": int(np.asarray(neurons.spike_count).sum()),
        "wall_s": wall,
        "brian2": b2.__version__,
        "settings": vars(args),
    }


def main():
    args = arguments()
    with tempfile.TemporaryDirectory() as folder:
        home = os.getcwd()
        os.chdir(folder)
        try:
            result = simulate(args)
        finally:
            os.chdir(home)
    json.dump(result, sys.stdout, indent=1)
    print()


if __name__ == "__main__":
    main()

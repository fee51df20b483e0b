"""The neurons of reference_sims/gif_two_time_scales in plain Brian2, as everybody writes them, for their cost.

    python benchmarks/plain_gif.py --target cpp_standalone --size 10000 --dt 0.1 --duration 4.5 --transient 3

Prints the mean rate [1/s]. Written from the equations alone:

    tau_m dV/dt = -V + drive, held at 0 for 4 ms after a spike;  hazard lambda_0 exp((V - V_T - g_1 - g_2)/Delta)
    tau_k dg_k/dt = -g_k, g_k -> g_k + q_k at a spike;  a spike in a step at the probability 1 - exp(-hazard dt)
"""

import argparse
import tempfile

EQUATIONS = """
dV/dt = (drive - V)/tau_m : volt (unless refractory)
dg_1/dt = -g_1/tau_1 : volt
dg_2/dt = -g_2/tau_2 : volt
hazard = lambda_0*exp((V - V_T - g_1 - g_2)/Delta) : 1/second
"""


def main(args):
    import brian2 as b2

    folder = tempfile.TemporaryDirectory()
    if args.target == "cpp_standalone":
        b2.set_device("cpp_standalone", directory=folder.name, build_on_run=False)
    else:
        b2.prefs.codegen.target = args.target
    b2.defaultclock.dt = args.dt * b2.ms
    b2.seed(args.seed)
    mV, ms = b2.mV, b2.ms
    names = {
        "tau_m": 15 * ms, "drive": 18 * mV, "tau_1": 30 * ms, "tau_2": 500 * ms, "q_1": 3 * mV, "q_2": 0.6 * mV,
        "V_T": 15 * mV, "Delta": 3 * mV, "lambda_0": 10 * b2.Hz,
    }  # fmt: skip
    neurons = b2.NeuronGroup(
        args.size, EQUATIONS, threshold="rand() < 1 - exp(-hazard*dt)", reset="V = 0*mV; g_1 += q_1; g_2 += q_2",
        refractory=4 * ms, method="exact", namespace=names,
    )  # fmt: skip
    monitor = b2.PopulationRateMonitor(neurons)
    b2.Network(neurons, monitor).run((args.transient + args.duration) * b2.second)
    if args.target == "cpp_standalone":
        b2.device.build(directory=folder.name, compile=True, run=True)
    print(float(monitor.rate[round(args.transient * 1e3 / args.dt) :].mean() / b2.Hz))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--target", choices=("numpy", "cython", "cpp_standalone"), default="cpp_standalone")
    parser.add_argument("--size", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=1)
    for name, default in (("dt", 0.1), ("duration", 4.5), ("transient", 3.0)):
        parser.add_argument(f"--{name}", type=float, default=default)
    main(parser.parse_args())

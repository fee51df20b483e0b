"""The cortical column of escape-noise neurons without adaptation: eight populations of Potjans and Diesmann (2014).

Sizes, connection probabilities and weights of the microcircuit; every neuron has escape noise (lambda_0 10 Hz, Delta_V
5 mV) in place of the Poisson background, and a constant drive.
Source: Schwalger, Deger and Gerstner 2017, PLoS Comput. Biol. 13:e1005507, Figs. 1 and 8, with the drives that its
authors use without adaptation (github.com/schwalger/mesopopdyn_microcircuit).
"""

from popdyn.spec import load

SIZE = {"L23E": 20683, "L23I": 5834, "L4E": 21915, "L4I": 5479, "L5E": 4850, "L5I": 1065, "L6E": 14395, "L6I": 2948}
DRIVE = (19.14942021, 20.36247192, 30.80455243, 28.06868188, 29.43680143, 29.32954448, 34.93225564, 32.08123423)
TAU_M = 10.0  # [ms]
# [post][pre], in the order of SIZE
PROBABILITY = (
    (0.1009, 0.1689, 0.0437, 0.0818, 0.0323, 0.0, 0.0076, 0.0),
    (0.1346, 0.1371, 0.0316, 0.0515, 0.0755, 0.0, 0.0042, 0.0),
    (0.0077, 0.0059, 0.0497, 0.135, 0.0067, 0.0003, 0.0453, 0.0),
    (0.0691, 0.0029, 0.0794, 0.1597, 0.0033, 0.0, 0.1057, 0.0),
    (0.1004, 0.0622, 0.0505, 0.0057, 0.0831, 0.3726, 0.0204, 0.0),
    (0.0548, 0.0269, 0.0257, 0.0022, 0.06, 0.3158, 0.0086, 0.0),
    (0.0156, 0.0066, 0.0211, 0.0166, 0.0572, 0.0197, 0.0396, 0.2252),
    (0.0364, 0.001, 0.0034, 0.0005, 0.0277, 0.008, 0.0658, 0.1443),
)
NEURON = {
    "model": "gif", "C_m": "250 pF", "tau_m": "10 ms", "E_L": "0 mV", "V_reset": "0 mV", "V_T_star": "15 mV",
    "Delta_V": "5 mV", "lambda_0": "10 Hz", "t_ref": "2 ms",
}  # fmt: skip


def weight(pre, post):
    """Amplitude of the current of one spike [pA]."""
    if pre.endswith("I"):
        return -351.2
    return 175.6 if (pre, post) == ("L4E", "L23E") else 87.8


def column(transient, duration):
    """The resolved network, with the protocol `rest` of these lengths [s]."""
    connections = [
        {"pre": pre, "post": post, "rule": "pairwise_bernoulli", "p": p, "synapse": "exponential",
         "tau_syn": "0.5 ms", "J": f"{weight(pre, post)} pA", "delay": "1.5 ms"}
        for post, row in zip(SIZE, PROBABILITY, strict=True) for pre, p in zip(SIZE, row, strict=True) if p
    ]  # fmt: skip
    populations = {
        name: {"size": size, "neuron": NEURON, "noise": {"mu": f"{drive / TAU_M} mV/ms"}}
        for (name, size), drive in zip(SIZE.items(), DRIVE, strict=True)
    }
    rest = {"duration": f"{duration} s", "transient": f"{transient} s"}
    return load({
        "schema": 1, "name": "column of escape-noise neurons", "populations": populations,
        "connections": connections, "protocols": {"rest": rest},
    })  # fmt: skip

"""Small resolved networks for the tests of the ground truth."""

from dataclasses import replace

from popdyn.spec import Initial, Network, Neuron, Population, Protocol, WhiteNoise

ADEX = {
    "C_m": 200e-12, "g_L": 10e-9, "E_L": -65e-3, "V_th": -50e-3, "V_reset": -70e-3, "t_ref": 0.0, "I_e": 0.0,
    "Delta_T": 1.5e-3, "V_peak": -40e-3, "a": 4e-9, "b": 40e-12, "tau_w": 0.2, "E_w": -80e-3,
}  # fmt: skip
OF_MODEL = {"lif": 7, "eif": 9, "adex": 13}


def population(name="E", model="adex", size=10, mu=1.5, sigma=0.0, poisson=(), V=-70e-3, V_std=0.0, w=0.0, **numbers):
    """mu in V/s, sigma in V/sqrt(s); the aug neuron of the catalogue unless said."""
    numbers = {**dict(list(ADEX.items())[: OF_MODEL[model]]), **numbers}
    return Population(name, size, Neuron(model, numbers), WhiteNoise(mu, sigma), tuple(poisson), Initial(V, V_std, w))


def network(*populations, duration=0.1, transient=0.0, stimuli=(), seed=1):
    protocol = Protocol("p", duration, transient, seed, tuple(stimuli))
    return Network("n", {one.name: one for one in populations}, {"p": protocol})


def connected(populations, connections, **options):
    return replace(network(*populations, **options), connections=tuple(connections))

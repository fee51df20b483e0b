"""The diffusion theory knows which neurons are not its own."""

from __future__ import annotations

import pytest

from popdyn.errors import UsageError
from popdyn.rungs.coupled import CoupledDensity
from popdyn.rungs.density import Density
from popdyn.rungs.density_2d import Density2D
from popdyn.spec import load
from popdyn.theory.problem import density_problem


def escaping(model: str, threshold: object = "-50 mV"):
    neuron, noise = {"model": model, "V_T_star": threshold}, {"mu": "1 mV/ms", "sigma": "1 mV/sqrt(ms)"}
    return load({"populations": {"E": {"size": 100, "neuron": neuron, "noise": noise}}})


@pytest.mark.parametrize("model", ["gif", "poisson"])
@pytest.mark.parametrize("face", [Density, CoupledDensity, Density2D])
def test_escape_noise_is_refused_by_name(model, face):
    for threshold in ("-50 mV", {"normal": ["-50 mV", "1 mV"]}):
        with pytest.raises(UsageError, match=f"populations.E.neuron.model: got '{model}'.*--rung spiking"):
            face(escaping(model, threshold))
    with pytest.raises(UsageError, match="lif, eif, adex"):
        density_problem(escaping(model).populations["E"])

"""Poisson neuron: a spike leaves everything but the wait for the next one."""

from __future__ import annotations

import numpy as np
import pytest
from escape_steps import INPUT, P, stepped

from popdyn.neurons import gif, poisson


def test_its_step_is_that_of_a_gif_that_is_not_dead():
    ours, theirs = (stepped(model, P | INPUT) for model in (poisson.MODEL, gif.MODEL))
    assert {n: ours[n] for n in ("V", "hazard", "patience")} == {n: theirs[n] for n in ("V", "hazard", "patience")}


def test_a_spike_keeps_V_and_what_was_left_of_the_hazard():
    """Two spikes of one step are not lost: patience -1 becomes -1 + log 2, below 0 again."""
    state = stepped(poisson.MODEL, P | INPUT | {"patience": -1.0}, poisson.MODEL.brian2.reset)
    assert state["V"] == INPUT["V"]
    assert state["patience"] == pytest.approx(np.log(2) - 1)


def test_it_has_no_reset_and_no_adaptation():
    names = {p.name for p in gif.MODEL.parameters} - {p.name for p in poisson.MODEL.parameters}
    assert names == {"V_reset", "t_ref", "adaptation_scale"}
    assert poisson.MODEL.traces == ()

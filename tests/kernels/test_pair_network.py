"""Two cascade units in a network: step by step and in blocks they do the same."""

from __future__ import annotations

import numpy as np
import pytest
from unit_scenarios import pair, pair_wires

from popdyn.kernels.modes_network import Nodes
from popdyn.kernels.pair_network import march_pair, steps_alone
from popdyn.kernels.synapses import ALPHA
from popdyn.kernels.unit_network import march_blocks, run

NAMES = ("bins", "rates", "watched", "activity", "synapses", "outside the table")


@pytest.mark.parametrize("parts", [1, 3])
def test_a_pair_steps_as_in_blocks(parts):
    """Drives that jump, leave the table and their box; delays of two steps; in one call, and in three."""
    by_steps, in_blocks = pair(march_pair, parts), pair(march_blocks, parts)
    for name, found, expected in zip(NAMES, by_steps, in_blocks, strict=True):
        scale = np.max(np.abs(expected), axis=-1, keepdims=True)
        assert np.max(np.abs(found - expected) / scale) < 1e-12, name
    assert in_blocks[-1][1] > 0
    assert np.all(in_blocks[2][:, -1] > 0)


def test_a_rate_beyond_all_bounds_ends_both():
    (by_steps,), (in_blocks,), (chosen,) = (pair(march, 1, wild=True) for march in (march_pair, march_blocks, run))
    assert 0 < by_steps == in_blocks == chosen < 119


def test_what_is_stepped_alone():
    p, out, mu = pair_wires(), np.zeros((2, 12, 3)), np.zeros((2, 120))
    none = np.zeros(2)
    nodes = Nodes(
        np.arange(2), np.arange(2), np.ones(2), none, none, none, np.zeros(3, np.int64), np.zeros(0, np.int64),
        np.zeros(0), np.zeros(0), np.zeros((2, 4)),
    )  # fmt: skip
    assert steps_alone(nodes, p, mu, out)
    assert not steps_alone(nodes, p._replace(kind=np.full(4, ALPHA)), mu, out)
    assert not steps_alone(nodes, p._replace(first=np.ones(4, np.int64)), mu, out)
    assert not steps_alone(nodes, p._replace(lags=0.5 * p.lags), mu, out)
    assert not steps_alone(nodes._replace(population=np.zeros(2, np.int64)), p, mu, out)
    assert not steps_alone(nodes, p, mu, np.zeros((1, 12, 3)))

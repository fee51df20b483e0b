"""The twenty random neurons with escape noise: drawn by their script, their truth complete and confirmed.

    pytest -m slow tests/verification/test_random_gif_sets.py

A confirmed row fails by chance once in 2000 (3.5 standard errors of both simulations together).
"""

import hazard_driven
import numpy as np
import pytest
import random_gif_sets as sets
import record

from popdyn.spec import load


def test_the_table_is_what_the_script_draws():
    drawn = [{name: str(value) for name, value in row.items()} for row in sets.draw()]
    assert drawn == sets.table()
    assert sum(len(sets.traces(row)) == 3 for row in drawn) == 10
    every = [tau for row in drawn for _, tau, _ in sets.traces(row)]
    assert 10 <= min(every) < 12 < 900 < max(every) <= 1000


def test_the_truth_is_of_this_table_and_resolved():
    truth = sets.table(sets.TRUTH)
    assert [row["set"] for row in truth] == [row["set"] for row in sets.table()]
    for given, found in zip(sets.table(), truth, strict=True):
        assert load(sets.document(given)).populations["E"].size == sets.NEURONS
        assert int(found["spikes"]) >= 1e6
        assert float(found["error"]) <= 1e-3 * float(found["rate"])
        assert 0.8 < float(found["rate"]) / float(given["target_Hz"]) < 1.4


def measured(row):
    own = [(tau, q) for kind, tau, q in sets.traces(row) if kind == "sfa"]
    other = [(tau, q) for kind, tau, q in sets.traces(row) if kind == "stc"]
    neuron = hazard_driven.neuron(
        tau=float(row["tau_m_ms"]), V_reset=float(row["V_reset_mV"]), V_T=sets.V_T, Delta=float(row["Delta_V_mV"]),
        t_ref=float(row["t_ref_ms"]), lambda_0=sets.LAMBDA_0, sfa=own, stc=other,
    )  # fmt: skip
    transient, length, neurons = 2000.0 + 3 * max(tau for tau, _ in own + other), 4000.0, 2000
    drive = np.full(round((transient + length) / 100.0), float(row["mu"]) * float(row["tau_m_ms"]))
    counts = hazard_driven.simulate(neuron, drive, 100.0, 0.0, neurons, 1)[:, -40:].sum(axis=1)
    rates = counts / length * 1e3
    return {"rate": rates.mean(), "error": rates.std(ddof=1) / neurons**0.5}


@pytest.mark.slow
@pytest.mark.parametrize("number", [3, 13, 17])
def test_the_truth_is_confirmed_in_continuous_time(number):
    """The three fastest, where a step would matter most."""
    row, found = sets.table()[number], sets.table(sets.TRUTH)[number]
    values = record.once("random_gif_sets", str(number), lambda: measured(row))
    error = (values["error"] ** 2 + float(found["error"]) ** 2) ** 0.5
    assert error < 1e-3 * values["rate"]
    assert abs(values["rate"] - float(found["rate"])) < 3.5 * error

"""Fits of simple rate units: known units are found, what data do not fix is named, densities are followed."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
from fitted_cases import eif
from synthetic_rates import BIN, DT, SIGMA, noise_of, wander

from popdyn.errors import UsageError
from popdyn.fitting.domain import density_over_domain
from popdyn.fitting.rate_fit import Shape, error_of, fit_to_rung, fit_to_targets
from popdyn.fitting.rate_target import RateTarget, split
from popdyn.fitting.recording import read_recording, recorded_target
from popdyn.rungs.rate_population import RatePopulation
from popdyn.theory.discretisation import Domain
from popdyn.workflows.fit_text import lines, summary

KNOWN = {
    "threshold_linear": {"gain": 25.0, "threshold": 0.7},
    "softplus": {"gain": 25.0, "smoothness": 0.15, "threshold": 0.7},
    "power_law": {"rate_scale": 25.0, "exponent": 2.0, "threshold": 0.3},
    "sigmoid": {"rate_max": 60.0, "smoothness": 0.2, "threshold": 1.2},
}
ADAPTATION = {"strength_1": 0.01, "tau_a_1": 0.15}
NOISY = {"threshold_sigma": -5.0, "smoothness_sigma": 1.0, "exponent_sigma": 8.0}


def known(family: str, *, sigma_high: float = SIGMA, quickening: bool = False) -> RatePopulation:
    shape = Shape(family, 1, quickening)
    empty = shape.empty("E", Domain(-0.2, 2.2, 2 * SIGMA - sigma_high, sigma_high), 1.0, SIGMA, 8.0)
    values = {**KNOWN[family], "tau_r": 0.012, **ADAPTATION, **NOISY, "quickening": 4.0}
    return replace(empty, values={name: values[name] for name in empty.values})


def answer(unit: RatePopulation, seed: int, duration: float = 6.0) -> RateTarget:
    rng, per_bin = np.random.default_rng(seed), round(BIN / DT)
    steps = round(duration / DT)
    mu = 1.0 + 0.4 * wander(steps, DT, 0.05, rng)
    width = unit.domain.sigma_high - SIGMA
    sigma = SIGMA + (0.9 * width * np.tanh(wander(steps, DT, 0.05, rng)) if width > 0 else np.zeros(steps))
    rate = unit.integrate(mu, sigma, dt=DT, steps_per_bin=per_bin)
    return RateTarget("known", "its own rate", mu, sigma, rate[100:], 100, BIN, DT)


@pytest.mark.parametrize("family", KNOWN)
@pytest.mark.parametrize("quickening", [False, True])
def test_a_known_unit_is_found(family, quickening):
    unit = known(family, quickening=quickening)
    fit = fit_to_targets(unit, [answer(unit, 0)], [answer(unit, 1)], noisy=False)
    for p in fit.parameters:
        assert p.value == pytest.approx(unit.values[p.name], rel=1e-3, abs=1e-3), p.name
        assert p.identified, p.why
    assert fit.heldout[0].nrmse < 1e-3
    assert fit.unfixed == ()


@pytest.mark.parametrize("family", ["softplus", "power_law"])
def test_what_sigma_does_is_found(family):
    unit = known(family, sigma_high=1.4 * SIGMA)
    fit = fit_to_targets(unit, [answer(unit, 0, 10.0)], [answer(unit, 1)], noisy=False)
    found = {p.name: p.value for p in fit.parameters}
    assert {"threshold_sigma"} < set(found)
    assert found == pytest.approx(unit.values, rel=5e-3, abs=5e-3)


def test_what_the_data_do_not_fix_is_named():
    """Drive that never nears the threshold: the gain is a line, of which smoothness says nothing."""
    unit = known("softplus")
    target = answer(replace(unit, values={**unit.values, "threshold": -2.0, "smoothness": 0.05}), 0)
    noise = np.random.default_rng(3).standard_normal(target.bins)
    fit = fit_to_targets(unit, [replace(target, rate=target.rate + 0.5 * noise)], [target], noisy=True)
    loose = {p.name: p for p in fit.parameters if not p.identified}
    assert "smoothness" in loose
    assert "gain" not in loose
    assert "no lower end" in loose["smoothness"].why
    assert fit.to_dict()["unfixed"] == list(fit.unfixed)
    assert "(not fixed by the data)" in fit.unit.equations()


def test_noisy_data_have_a_bootstrap_beside_the_profile():
    unit = known("threshold_linear")
    target = answer(unit, 0)
    noisy = replace(target, rate=target.rate + 2.0 * np.random.default_rng(1).standard_normal(target.bins))
    for p in fit_to_targets(unit, [noisy], [target], noisy=True).parameters:
        low, high = p.bootstrap
        # the two agree where the model is right; the bootstrap has 12 to 40 blocks
        assert (high - low) == pytest.approx(p.high - p.low, rel=0.5), p.name


def test_a_recording_too_short_for_its_correlations_says_so():
    """Noise that falls in 0.25 s over 5.5 s: the warning is in the JSON, the report, and what the command prints."""
    unit = known("threshold_linear")
    target, rng = answer(unit, 0), np.random.default_rng(1)
    fits = {}
    for name, keep in (("slow", np.exp(-1 / 50)), ("white", 0.0)):
        noisy = replace(target, rate=target.rate + 2.0 * noise_of(1, target.bins, keep, rng)[0])
        fits[name] = fit_to_targets(unit, [noisy], [target], noisy=True).to_dict()
    assert fits["white"]["warnings"] == []
    (warning,) = fits["slow"]["warnings"]
    blocks = fits["slow"]["blocks"]
    assert blocks["used"] == pytest.approx(target.bins // 12 * BIN)
    assert blocks["wanted"] > 2 * blocks["used"]
    assert warning.startswith("recording too short for its correlations: intervals are too narrow")
    assert f"{blocks['wanted']:.3g} s" in warning
    for text in (lines(fits["slow"]), summary("E", fits["slow"])):
        assert any(warning in line for line in text)
    assert not any("too short" in line for line in [*lines(fits["white"]), *summary("E", fits["white"])])


@pytest.fixture(scope="module")
def density():
    return density_over_domain(eif())


def test_a_density_is_followed_and_its_misfit_reported(density):
    fit = fit_to_rung(density, density.network, "E", Shape("softplus", 0, True))
    errors = {e.protocol: e for e in fit.heldout}
    assert set(errors) == {f"heldout_{kind}" for kind in ("ou", "fast", "steps", "sine", "chirp")}
    assert errors["heldout_ou"].nrmse < 0.15
    (response,) = fit.response
    at = np.array([response.frequency])
    exact, found = (r.linear_response(at, population="E")[0] for r in (density, fit.unit))
    largest = np.abs(density.linear_response(np.geomspace(0.5, 300, 40), population="E")).max()
    assert abs(found - exact) / largest == pytest.approx(response.relative, rel=1e-6)
    assert response.magnitude <= response.relative + 1e-12
    document = json.loads(json.dumps(fit.unit.to_dict(), allow_nan=False))
    assert document["units"]["E"]["fit"]["response"][0]["phase"] == response.phase
    again = fit_to_rung(density, density.network, "E", Shape("softplus", 0, True))
    assert {**again.to_dict(), "cpu_s": 0} == {**fit.to_dict(), "cpu_s": 0}


def test_splitting_keeps_the_history():
    unit = known("softplus")
    early, late = split(answer(unit, 0), 2 / 3)
    assert early.bins + late.bins == 1100
    assert late.first == early.first + early.bins
    assert error_of(unit, late).nrmse < 2e-3


def write(path, head: str, columns: list[np.ndarray]) -> None:
    rows = "\n".join(",".join(f"{x:.10g}" for x in row) for row in zip(*columns, strict=True))
    path.write_text(f"{head}\n{rows}\n", encoding="utf-8")


def test_a_recording_is_read_in_its_units(tmp_path):
    time, rate, drive = np.arange(60) * 2.0, np.linspace(1, 5, 60), np.linspace(10, 90, 60)
    write(tmp_path / "a.csv", "time [ms], rate [Hz], drive [pA]", [time, rate, drive])
    recording = read_recording(tmp_path / "a.csv")
    assert recording.width == pytest.approx(2e-3)
    assert recording.drive_unit == "A"
    assert recording.mu == pytest.approx(drive * 1e-12)
    target = recorded_target(recording, "a")
    assert target.bin == pytest.approx(4e-3)
    assert target.first + target.bins == 30
    assert target.mu[:8] == pytest.approx(np.full(8, 1e-11))


BAD = [
    ("time [ms],rate [Hz]", "allowed: time"),
    ("time [ms],rate [Hz],mu [pA]", "got column 'mu \\[pA\\]'"),
    ("time,rate [Hz],mu [mV/ms]", "got column 'time'"),
    ("time [ms],rate [Hz],mu [mV/ms],drive [1]", "allowed: time"),
]


@pytest.mark.parametrize(("head", "message"), BAD)
def test_a_recording_without_units_or_drive_is_refused(tmp_path, head, message):
    columns = [np.arange(60.0)] * (head.count(",") + 1)
    write(tmp_path / "a.csv", head, columns)
    with pytest.raises(UsageError, match=message):
        read_recording(tmp_path / "a.csv")


def test_numbers_that_are_none_and_uneven_times_are_refused(tmp_path):
    head, good = "time [ms],rate [Hz],mu [mV/ms]", np.arange(60.0)
    write(tmp_path / "a.csv", head, [good**2, good, good])
    with pytest.raises(UsageError, match="even steps"):
        read_recording(tmp_path / "a.csv")
    (tmp_path / "b.csv").write_text(head + "\n" + "1,2,x\n" * 60, encoding="utf-8")
    with pytest.raises(UsageError, match="line 2"):
        read_recording(tmp_path / "b.csv")
    for wrong, words in (
        ("2,-0.5,1", "line 4: got the rate -0.5; allowed: a rate of at least 0"),
        ("2,1,nan", "line 4"),
    ):
        lines = ["0,1,1", "1,1,1", wrong, *(f"{i},1,1" for i in range(3, 60))]
        (tmp_path / "b.csv").write_text("\n".join([head, *lines]), encoding="utf-8")
        with pytest.raises(UsageError, match=words):
            read_recording(tmp_path / "b.csv")
    (tmp_path / "c.csv").write_text(head + "\n1,2,3\n", encoding="utf-8")
    with pytest.raises(UsageError, match="at least 40"):
        read_recording(tmp_path / "c.csv")

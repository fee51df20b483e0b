"""Networks of reference_sims/ at the density rung, N -> infinity and of finite size: what the entries of fits/ measure.

python tests/verification/network_rows.py brunel_a      (fits/brunel_a/density.json from the recorded values)
"""

from __future__ import annotations

import importlib.util
import json
import sys

import cases
import numpy as np
import record

_path = cases.ENTRIES.parent / "fits" / "networks.py"
_spec = importlib.util.spec_from_file_location("fits_networks", _path)
assert _spec is not None
assert _spec.loader is not None
fits = importlib.util.module_from_spec(_spec)
sys.modules[_spec.name] = fits
_spec.loader.exec_module(fits)
truths = fits.truths


def measured(entry: str, case: str, limit: str, **options: object) -> record.Values:
    """Of one case in one limit; recorded."""
    item = json.dumps([entry, case, limit, fits.settings(entry)["cases"][case], options])
    return record.once("networks", item, lambda: fits.measure(entry, case, limit, **options))


def in_every_limit(entry: str, case: str) -> tuple[dict[str, record.Values], dict[str, dict[str, float]]]:
    """Values and errors of the rates by limit."""
    found = {limit: measured(entry, case, limit) for limit in fits.settings(entry)["cases"][case]["duration"]}
    return found, {limit: fits.rate_errors(entry, case, values) for limit, values in found.items()}


def siegert_errors() -> dict[str, float]:
    """Of the microcircuit's rates by Siegert's formula with shifted boundaries, as published."""
    runs = {run["settings"]["theory"]: run["values"] for run in truths.read_runs("microcircuit")}
    return {name: runs["Siegert"][name] / rate - 1.0 for name, rate in runs["none"].items()}


LASTS = 200.0  # [s] of Brunel and Hakim's network
BANDS_TOGETHER = 3


def brunel_hakim() -> record.Values:
    """Rate, global frequency and spectrum against the truth's, in bands from 4 to 300 Hz [dB]; recorded."""
    return record.once("networks", f"brunel_hakim spectrum {LASTS}", _brunel_hakim)


def _brunel_hakim() -> record.Values:
    dt = fits.settings("brunel_hakim")["cases"]["baseline"]["dt"]
    density = fits.CoupledDensity(fits.network("brunel_hakim", "baseline"), finite=True, dt=dt)
    trace = density.simulate(fits.Protocol("constant", LASTS, 0.5, 0), seed=fits.SEED)
    rate = trace.rate.values[0, trace.time.values > 0, 0]
    frequency, power = fits.spectrum(rate, 1.0)
    edges, truth, error = _truth_bands()
    found, spread = [], []
    for low, high in edges:
        band = power[:, (frequency >= low) & (frequency < high)].mean(axis=1)
        tenths = np.array([part.mean() for part in np.array_split(band, 10)])
        found.append(10 * np.log10(band.mean()))
        spread.append(10 / np.log(10) * tenths.std(ddof=1) / 10**0.5 / band.mean())
    return {
        "rate": float(rate.mean()), "frequency": fits.global_frequency(rate, 0.5, 50.0, 300.0, 4.0),
        "sd_1ms": float(rate.std()), "bands": [float(low + high) / 2 for low, high in edges],
        "spectrum_dB": [float(x) for x in np.array(found) - truth],
        "own_error_dB": [float(x) for x in spread], "truth_error_dB": [float(x) for x in error],
        "cpu_per_s": trace.encoding["cpu_s"] / LASTS, "jump_cost": dict(density.derivation.jump_cost),
    }  # fmt: skip


def _truth_bands() -> tuple[list[tuple[float, float]], np.ndarray, np.ndarray]:
    """Edges [Hz], density [dB] and its error of the stored spectra together, tenths of an octave taken by threes."""
    files = sorted((cases.ENTRIES / "brunel_hakim").glob("spectrum_exact_*.csv"))
    stored = [np.genfromtxt(file, delimiter=",", names=True) for file in files]
    centre = stored[0]["frequency_Hz"]
    power = np.mean([10 ** (s["density_dB"] / 10) for s in stored], axis=0)
    error = np.sqrt(np.mean([s["error_dB"] ** 2 for s in stored], axis=0) / len(stored))
    low = np.concatenate([[1.5], np.zeros(centre.size - 1)])
    for k in range(1, centre.size):  # bands share their edges
        low[k] = 2 * centre[k - 1] - low[k - 1]
    high = 2 * centre - low
    inside = np.flatnonzero((low >= 3.4) & (high <= 300.6))
    groups = list(np.array_split(inside, inside.size // BANDS_TOGETHER))
    width = (high - low) * power
    mean = [width[g].sum() / (high - low)[g].sum() for g in groups]
    spread = [np.sqrt(np.sum((width[g] * error[g]) ** 2)) / width[g].sum() for g in groups]
    return [(low[g[0]], high[g[-1]]) for g in groups], 10 * np.log10(mean), np.array(spread)


def main() -> None:
    for entry in sys.argv[1:]:
        made = {case: in_every_limit(entry, case)[0] for case in fits.settings(entry)["cases"]}
        fits.write(entry, fits.document(entry, made))


if __name__ == "__main__":
    main()

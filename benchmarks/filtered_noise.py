"""How leaky integrate-and-fire neurons under filtered noise follow its mean and its variance: python
benchmarks/filtered_noise.py [NEURONS].

tau_m 10 ms, synapses of 0.5 ms, threshold 15 mV above rest and reset, dead time 2 ms. Neurons: Gaussian input, exact
between grid points of 0.1 ms, whose mean or variance is modulated as a presynaptic rate would; amplitude and phase of
their rate at frequencies up to 350 Hz. Beside them the linear response of the white-noise density, first with
boundaries that stay and the filters that the synapses have, then as popdyn.theory.filtered_noise has it; and the three
c of that theory, fitted anew to these numbers. Errors are |response/neurons - 1|, complex. About 3 CPU minutes.
"""

import math
import sys

import numpy as np
from numba import njit
from scipy.optimize import least_squares

from popdyn.analysis.operating import linearised
from popdyn.spec import load
from popdyn.theory.filtered_noise import SOONER

TAU, TAU_SYN, THETA, T_REF = 10e-3, 0.5e-3, 15e-3, 2e-3  # [s, V]
DT, LASTS, SKIP = 1e-4, 3.0, 0.1  # [s]
WEIGHT = 1e-5  # [V] of the sources that carry the noise: the diffusion limit
CASES = {"21 Hz": (11e-3, 2e-3 / math.sqrt(1e-3)), "7 Hz": (6e-3, 2.2e-3 / math.sqrt(1e-3))}  # [V], [V/sqrt(s)]
DEPTH = {"mean": 0.1, "variance": 0.4}
FREQUENCIES = (50.0, 150.0, 250.0, 350.0)  # [Hz]


@njit(fastmath=True)
def neurons(f, of_mean, of_variance, mean, sigma, count, seed):
    """Rate [1/s], its complex relative modulation, and the spikes; V from reset [V]."""
    np.random.seed(seed)
    V, s, dead = np.random.rand(count) * THETA / 2, np.zeros(count), np.zeros(count)
    fade, keep = np.exp(-DT / TAU_SYN), np.exp(-DT / TAU)
    into = (keep - fade) / (1.0 / TAU_SYN - 1.0 / TAU)
    m, spikes, real, imaginary, omega = mean / TAU, 0, 0.0, 0.0, 2.0 * np.pi * f
    for step in range(int(LASTS / DT)):
        wave = np.cos(omega * (step + 0.5) * DT)
        arriving = mean / TAU * (1.0 + of_mean * wave)
        m_next = arriving + (m - arriving) * fade
        kick = sigma * np.sqrt((1.0 + of_variance * wave) * DT) / TAU_SYN
        for i in range(count):
            pushed = into * s[i]
            s[i] = s[i] * fade + kick * np.random.standard_normal()
            if dead[i] > 0.0:
                dead[i] -= DT
                continue
            before = V[i]
            V[i] = before * keep + pushed + 0.5 * (m + m_next) * TAU * (1.0 - keep)
            if V[i] > THETA:
                part = (THETA - before) / (V[i] - before)
                V[i], dead[i] = 0.0, T_REF - (1.0 - part) * DT
                if step * DT >= SKIP:
                    spikes += 1
                    real += np.cos(omega * (step + part) * DT)
                    imaginary -= np.sin(omega * (step + part) * DT)
        m = m_next
    return spikes / count / (LASTS - SKIP), 2.0 * (real + 1j * imaginary) / spikes, spikes


def white(mean, sigma):
    """The linearised density of the same neurons: one population with many weak sources, its noise, and its mean."""
    nu = sigma**2 / WEIGHT**2
    neuron = {"model": "lif", "C_m": "100 pF", "tau_m": f"{TAU * 1e3} ms", "E_L": "0 mV", "V_reset": "0 mV",
              "V_th": f"{THETA * 1e3} mV", "t_ref": f"{T_REF * 1e3} ms"}  # fmt: skip
    neuron["I_e"] = f"{(mean / TAU - WEIGHT * nu) * 100:.12g} pA"
    source = {"K": 1_000_000, "nu": f"{nu / 1e6:.12g} Hz", "J": f"{WEIGHT * 1e3} mV", "synapse": "exponential"}
    made = {"size": 1000, "neuron": neuron, "poisson": [source | {"tau_syn": f"{TAU_SYN * 1e3} ms"}]}
    return linearised(load({"schema": 1, "populations": {"E": made}}), jumps=False, regular=False)


def parts(linear, f, what):
    """What density and boundaries answer to an unfiltered modulation of 1, relative: of mean, variance, gamma."""
    z = np.array([2j * np.pi * f])
    H_mu, H_D = (row[0] / linear.point.rates[0] for row in linear.nodes[0].response(z)[:2])
    if what == "mean":
        return H_mu, 0.0, 0.0
    filtered = linear.filtered
    return 0.0, H_D, -H_mu * (z[0] + 1.0 / filtered.tau_m[0]) * filtered.gamma[0] / 2.0


def low_pass(f, tau):
    return 1.0 / (1.0 + 2j * np.pi * f * tau)


def main(count):
    rows = []
    for name, (mean, sigma) in CASES.items():
        linear = white(mean, sigma)
        for what, depth in DEPTH.items():
            size = depth * np.array([mean / TAU, 0.5 * sigma**2, 1.0])
            size[2] = depth
            for f in FREQUENCIES:
                rate, found, spikes = neurons(f, depth * (what == "mean"), depth * (what == "variance"), mean, sigma,
                                              count, 1)  # fmt: skip
                rows.append((f, found, np.array(parts(linear, f, what)) * size))
                still = sum(rows[-1][2][:2]) * low_pass(f, TAU_SYN)
                theory = sum(part * low_pass(f, c * TAU_SYN) for part, c in zip(rows[-1][2], SOONER, strict=True))
                angle = [np.angle(x, deg=True) for x in (found, still, theory)]
                print(
                    f"{name} {what:<8} {f:3.0f} Hz  neurons {rate:5.2f}/s {abs(found):.4f} {angle[0]:6.1f} deg "
                    f"(+-{abs(np.sqrt(2 / spikes) / found):.1%})   boundaries that stay {abs(still):.4f} "
                    f"{angle[1]:6.1f} ({abs(still / found - 1):.0%} off)   popdyn {abs(theory):.4f} {angle[2]:6.1f} "
                    f"({abs(theory / found - 1):.1%} off)", flush=True,
                )  # fmt: skip

    def misfit(c):
        errors = [sum(p * low_pass(f, k * TAU_SYN) for p, k in zip(x, c, strict=True)) / y - 1.0 for f, y, x in rows]
        return np.concatenate([np.real(errors), np.imag(errors)])

    fitted = least_squares(misfit, [0.5, 0.5, 0.5])
    print("c of mean, variance, gamma, fitted to these:", np.round(fitted.x, 3), "in use:", SOONER)
    for name, c in (("fitted", fitted.x), ("in use", SOONER)):
        print(f"rms error {name}: {np.sqrt(2.0 * np.mean(misfit(c) ** 2)):.1%}")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 8000)

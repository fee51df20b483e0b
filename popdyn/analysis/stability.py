"""Linear stability of a stationary state with delays: the rightmost roots of det(1 - P(lambda)) = 0.

Roots right of the imaginary axis are counted by the argument principle (Nyquist) on a rectangle, and all roots near it
are found by Newton's method from the minima of |det(1 - P)|; the state is called stable where the count is zero.
Source: Brunel and Hakim 1999, Neural Comput 11:1621; Brunel and Wang 2003, J Neurophysiol 90:415.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from popdyn.analysis.characteristic import Complex, Function, count_zeros, distinct, refine_zeros
from popdyn.analysis.operating import Given, linearised
from popdyn.theory.network_response import LinearNetwork

Array = NDArray[np.float64]

HIGHEST = 1000.0  # [1/s] frequency up to which modes are looked for
DAMPED = 2000.0  # [1/s] decay beyond which a mode is not looked for
REAL = (0.0, -5.0, -30.0, -150.0)  # [1/s] starts on the real axis
GROWTHS = (20.0, 60.0, 150.0, 400.0)  # [1/s] where Newton's method starts when unstable roots are missing


@dataclass(frozen=True)
class Mode:
    """exp(growth t) cos(2 pi frequency t); `shape` (population,): complex amplitudes of the rates, the largest 1."""

    growth: float
    frequency: float
    shape: Complex


@dataclass(frozen=True)
class Stability:
    """Leading modes, fastest growing first; `unstable` roots counted (a pair counts twice), None where it failed."""

    names: tuple[str, ...]
    rates: Array
    modes: tuple[Mode, ...]
    unstable: int | None

    @property
    def stable(self) -> bool:
        return self.unstable == 0

    @property
    def complete(self) -> bool:
        """Whether every unstable root that was counted is among the modes."""
        found = sum(2 if m.frequency > 0 else 1 for m in self.modes if m.growth > 0)
        return self.unstable == found

    @property
    def words(self) -> str:
        """One sentence."""
        if self.unstable is None:
            return "stability is undecided: a root lies on the imaginary axis or arg det(1 - P) cannot be followed"
        if self.stable:
            return "stable" + (f"; slowest mode {_say(self.modes[0])}" if self.modes else "")
        head = f"unstable: {self.unstable} roots with growth, the first {_say(self.modes[0])}"
        return head if self.complete else head + "; incomplete: not all of them were found"


def _say(mode: Mode) -> str:
    kind = f"{mode.frequency:.4g} Hz" if mode.frequency > 0 else "without oscillation"
    return f"{kind}, growth {mode.growth:+.4g}/s"


def stability(
    network: Given, *, rates: Array | None = None, closure: str | None = None, highest: float = HIGHEST, modes: int = 8
) -> Stability:
    """Leading modes of a network around a stationary state.

    Parameters
    ----------
    network : spec, NetworkProblem or LinearNetwork
    rates : (population,) [1/s] near the stationary state that is meant; default: the one reached from silence
    highest : frequency [1/s] up to which modes are looked for
    modes : number of modes given

    Valid when
    ----------
    N is large; populations alone are stable. For N finite a stable mode of small decay shows in the spectra.
    """
    linear = linearised(network, rates=rates, closure=closure)
    f = characteristic(linear)
    top = 2.0 * np.pi * highest
    unstable = count_zeros(f, 0.0, _right(linear, top), top)
    roots = leading_roots(f, top, unstable)
    kept = [z for z in roots if z.imag <= top][:modes]
    return Stability(tuple(linear.names), linear.point.rates, tuple(_mode(linear, z) for z in kept), unstable)


def characteristic(linear: LinearNetwork) -> Function:
    """lambda -> det(1 - P(lambda))."""
    one = np.eye(len(linear.names))
    return lambda z: np.linalg.det(one - linear.gain(z))


def leading_roots(f: Function, top: float, unstable: int | None) -> Complex:
    """Roots in the upper half plane, rightmost first, from the minima of |f| along lines beside the imaginary axis."""
    omega = np.concatenate([[0.0], np.geomspace(0.5, top, 160)])
    starts = [np.array(REAL, dtype=complex), *(_minima(f, omega, shift) for shift in (0.0, -0.05, -0.2))]
    roots: Complex = refine_zeros(f, np.concatenate(starts))
    if unstable and sum(2 if z.imag > 0 else 1 for z in roots if z.real > 0) < unstable:
        grid: Complex = np.add.outer(np.array(GROWTHS), 1j * np.linspace(0.0, top / 4.0, 24)).ravel().astype(complex)
        roots = distinct(np.concatenate([roots, refine_zeros(f, grid)]))
    return np.asarray(roots[roots.real > -DAMPED])


def _minima(f: Function, omega: Array, shift: float) -> Complex:
    """Points of a line, i omega + shift omega, where |f| has a local minimum."""
    z: Complex = np.asarray((1j + shift) * omega, dtype=complex)
    size = np.abs(f(z))
    least = np.flatnonzero((size[1:-1] <= size[:-2]) & (size[1:-1] <= size[2:])) + 1
    return np.asarray(z[least])


def _right(linear: LinearNetwork, top: float) -> float:
    """Re lambda right of which no root can be: max |eigenvalue of P| < 1 all along the line."""
    right = 200.0
    while right < 1e5:
        z = right + 1j * np.linspace(0.0, top, 40)
        if np.abs(np.linalg.eigvals(linear.gain(z))).max() < 1.0:
            return right
        right *= 2.0
    return right


def _mode(linear: LinearNetwork, z: complex) -> Mode:
    _, _, rows = np.linalg.svd(np.eye(len(linear.names)) - linear.gain(np.array([z]))[0])
    shape = rows[-1].conj()
    return Mode(float(z.real), float(z.imag / (2.0 * np.pi)), shape / shape[np.argmax(np.abs(shape))])

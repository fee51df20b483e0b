"""Protocols to fit on and protocols to be judged on, from a domain."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from popdyn.spec.network import Population, Protocol, Stimulus
from popdyn.theory.discretisation import Domain
from popdyn.theory.problem import input_statistics

SLOW, FAST = 50e-3, 6e-3
"""Correlation times of the random inputs [s]."""
TRANSIENT = 0.3
DEVIATIONS, FAST_DEVIATIONS = 4.0, 3.0
"""The domain's half-width over the standard deviation of the slow and of the fast random input."""
TRAINING_STEPS = (0.0, 0.5, -0.5, 0.9, -0.2, -0.9, 0.2, 0.75, 0.35, -0.7, 0.6, -0.35)
HELDOUT_STEPS = (0.0, 0.4, -0.4, 0.7, 0.0, -0.6)
SIGMA_STEPS = (0.0, 0.9, -0.9, 0.5, -0.5)
HELDOUT_SIGMA_STEPS = (0.0, 0.7, -0.3, -0.7)
"""Levels from the centre of an input: 1 is the upper end of its domain, -1 the lower."""
CHIRP = (1.0, 100.0)  # [1/s]
EDGE = 0.35
"""Share of the domain's width that the centre of the inputs keeps from its ends."""


@dataclass(frozen=True)
class Job:
    """A protocol, what it is in words, and whether it varies sigma."""

    protocol: Protocol
    doc: str

    @property
    def varies_sigma(self) -> bool:
        return any(s.target == "sigma" for s in self.protocol.stimuli)


@dataclass(frozen=True)
class Range:
    """One input of a population: its domain, its value in the spec, and the centre of the generated inputs.

    The centre is the value in the spec, or the nearest that keeps away from the ends of the domain.
    """

    population: str
    target: str
    low: float
    high: float
    base: float

    @property
    def centre(self) -> float:
        margin = EDGE * (self.high - self.low)
        return float(np.clip(self.base, self.low + margin, self.high - margin))

    def offset(self, duration: float) -> Stimulus:
        """From the spec's value to the centre."""
        at = {"at": 0.0, "until": duration, "amplitude": self.centre - self.base}
        return Stimulus(self.population, self.target, "step", at)

    def random(self, tau: float, deviations: float) -> Stimulus:
        std = 0.5 * (self.high - self.low) / deviations
        return Stimulus(self.population, self.target, "ou", {"std": std, "tau": tau})

    def staircase(self, levels: Sequence[float], dwell: float) -> tuple[Stimulus, ...]:
        return tuple(
            Stimulus(self.population, self.target, "step",
                     {"at": i * dwell, "until": (i + 1) * dwell, "amplitude": self._reach(level)})
            for i, level in enumerate(levels) if level
        )  # fmt: skip

    def sine(self, frequency: float, share: float, duration: float) -> Stimulus:
        amplitude = share * 0.5 * (self.high - self.low)
        shape = {"at": 0.0, "until": duration, "frequency": frequency, "amplitude": amplitude, "phase": 0.0}
        return Stimulus(self.population, self.target, "sine", shape)

    def chirp(self, f_start: float, f_stop: float, share: float, duration: float) -> Stimulus:
        amplitude = share * 0.5 * (self.high - self.low)
        shape = {"at": 0.0, "until": duration, "f_start": f_start, "f_stop": f_stop, "amplitude": amplitude}
        return Stimulus(self.population, self.target, "chirp", shape)

    def _reach(self, level: float) -> float:
        return level * (self.high - self.centre if level > 0 else self.centre - self.low)


def ranges(population: Population, domain: Domain) -> tuple[Range, Range | None]:
    """Ranges of mu and sigma; None where sigma is constant."""
    name, noise = population.name, population.noise.sigma
    mu, _ = input_statistics(population)
    varies = domain.sigma_high > domain.sigma_low
    sigma = Range(name, "sigma", *_noise_sigma(population, domain), noise) if varies else None
    return Range(name, "mu", domain.mu_low, domain.mu_high, mu), sigma


def training_jobs(population: Population, domain: Domain, seed: int) -> list[Job]:
    """Slow and fast random input and a staircase of steps over the domain; the same of sigma where it varies."""
    mu, sigma = ranges(population, domain)
    jobs = [
        Job(_random("train_ou", mu, SLOW, 5.0, DEVIATIONS, (seed, 0)), "slow random input"),
        Job(_random("train_fast", mu, FAST, 2.0, FAST_DEVIATIONS, (seed, 1)), "fast random input"),
        Job(_steps("train_steps", mu, TRAINING_STEPS, 0.25), "steps"),
    ]
    if sigma is not None:
        jobs += [
            Job(_both("train_both", mu, sigma, 4.0, (seed, 4)), "slow random mu and sigma"),
            Job(_steps("train_sigma", sigma, SIGMA_STEPS, 0.25), "steps of sigma"),
        ]
    return jobs


def heldout_jobs(population: Population, domain: Domain, seed: int) -> list[Job]:
    """Protocols that no fit sees: other draws, other steps, a sine of 10 Hz, a chirp."""
    mu, sigma = ranges(population, domain)
    sine = Protocol("heldout_sine", 1.0, TRANSIENT, 0, (mu.offset(1.0), mu.sine(10.0, 0.25, 1.0)))
    chirp = Protocol("heldout_chirp", 2.0, TRANSIENT, 0, (mu.offset(2.0), mu.chirp(*CHIRP, 0.25, 2.0)))
    jobs = [
        Job(_random("heldout_ou", mu, SLOW, 3.0, DEVIATIONS, (seed, 2)), "slow random input, another draw"),
        Job(_random("heldout_fast", mu, FAST, 2.0, FAST_DEVIATIONS, (seed, 3)), "fast random input, another draw"),
        Job(_steps("heldout_steps", mu, HELDOUT_STEPS, 0.4), "steps to other levels"),
        Job(sine, "sine of 10 Hz"),
        Job(chirp, f"chirp from {CHIRP[0]:g} to {CHIRP[1]:g} Hz"),
    ]
    if sigma is not None:
        jobs += [
            Job(_both("heldout_both", mu, sigma, 3.0, (seed, 5)), "slow random mu and sigma, another draw"),
            Job(_steps("heldout_sigma", sigma, HELDOUT_SIGMA_STEPS, 0.4), "steps of sigma to other levels"),
        ]
    return jobs


def _noise_sigma(population: Population, domain: Domain) -> tuple[float, float]:
    """The domain's sigma without what the Poisson sources contribute."""
    poisson = input_statistics(population)[1] ** 2 - population.noise.sigma**2
    low, high = (float(np.sqrt(max(s**2 - poisson, 0.0))) for s in (domain.sigma_low, domain.sigma_high))
    return low, high


def _seed(words: tuple[int, int]) -> int:
    return int(np.random.SeedSequence(words[0], spawn_key=(words[1],)).generate_state(1)[0])


def _random(name: str, mu: Range, tau: float, duration: float, deviations: float, seed: tuple[int, int]) -> Protocol:
    stimuli = (mu.offset(duration), mu.random(tau, deviations))
    return Protocol(name, duration, TRANSIENT, _seed(seed), stimuli)


def _both(name: str, mu: Range, sigma: Range, duration: float, seed: tuple[int, int]) -> Protocol:
    stimuli = (mu.offset(duration), sigma.offset(duration), mu.random(SLOW, DEVIATIONS), sigma.random(SLOW, DEVIATIONS))
    return Protocol(name, duration, TRANSIENT, _seed(seed), stimuli)


def _steps(name: str, range_: Range, levels: Sequence[float], dwell: float) -> Protocol:
    duration = len(levels) * dwell
    return Protocol(name, duration, TRANSIENT, 0, (range_.offset(duration), *range_.staircase(levels, dwell)))

"""Where a derived model was measured: outside that range of its input it warns, flags its result, or refuses."""

from __future__ import annotations

import warnings

import numpy as np

from popdyn.errors import DomainError
from popdyn.theory.discretisation import Domain
from popdyn.types import FloatArray


class DomainWarning(UserWarning):
    """A model was run outside the range where its error was measured."""


def share_outside(domain: Domain, mu: FloatArray, sigma: FloatArray) -> float:
    """Share of the samples mu [V/s], sigma [V/sqrt(s)] that lie outside."""
    low, high = domain.sigma_low * (1 - 1e-9), domain.sigma_high * (1 + 1e-9)
    return float(np.mean((mu < domain.mu_low) | (mu > domain.mu_high) | (sigma < low) | (sigma > high)))


UNITS = ("V/s", "V/sqrt(s)")


def describe(domain: Domain, units: tuple[str, str] = UNITS) -> str:
    """The domain in words; `units` of mu and sigma."""
    sigma = f"sigma {domain.sigma_low:.4g}"
    if domain.sigma_high > domain.sigma_low:
        sigma += f" to {domain.sigma_high:.4g}"
    return f"mu {domain.mu_low:.4g} to {domain.mu_high:.4g} {units[0]}, {sigma} {units[1]}"


def report_outside(where: str, share: float, domain: Domain, *, strict: bool, units: tuple[str, str] = UNITS) -> None:
    """Says that `share` of the time lies outside: DomainError when `strict`, else DomainWarning; silent at 0."""
    if share <= 0:
        return
    message = (
        f"{where}: {share:.2%} of the time outside the domain of validity ({describe(domain, units)}); "
        "derive the model on a wider domain"
    )
    if strict:
        raise DomainError(message)
    warnings.warn(message, DomainWarning, stacklevel=3)

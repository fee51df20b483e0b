"""Pass, inconclusive or fail: what an interval says about a tolerance."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

Verdict = Literal["pass", "inconclusive", "fail"]
VERDICTS: tuple[Verdict, ...] = ("pass", "inconclusive", "fail")
"""From best to worst."""


def judge_nrmse(interval: tuple[float, float], tolerance: float, resolution: float) -> Verdict:
    """Pass: the upper end is within the tolerance. A tolerance below the resolution is never passed."""
    low, high = interval
    if low > tolerance:
        return "fail"
    return "pass" if high <= tolerance and tolerance >= resolution else "inconclusive"


def judge_bias(interval: tuple[float, float], tolerance: float) -> Verdict:
    """Pass: the whole interval lies within +- tolerance. Fail: none of it does."""
    low, high = interval
    if low > tolerance or high < -tolerance:
        return "fail"
    return "pass" if max(abs(low), abs(high)) <= tolerance else "inconclusive"


def worst(verdicts: Iterable[Verdict]) -> Verdict:
    """The worst of several; of none: inconclusive."""
    found = list(verdicts)
    return max(found, key=VERDICTS.index) if found else "inconclusive"

"""The law of a cascade unit in one step: where it looks up, and what it makes of what it found.

Every argument is a number or eight of them (popdyn.kernels.lanes): one law for one unit and for eight.
"""

from __future__ import annotations

from numba import njit

from popdyn.kernels.lanes import Eight, chosen, fused_less, joined, least, most, size

TINY = 1e-300


@njit(cache=True, error_model="numpy", fastmath={"contract"}, _nrt=False, forceinline=True)
def aim(h: Eight, mu: Eight, last: Eight, pulled: Eight, per_e: Eight) -> Eight:
    """Place in the table of the drive e in the middle of the step.

    e = h + (mu - h)(1 - sqrt(1 - last)) - pulled, nearly, with `last` the look-up before's share of a step in the
    filter; pulled, in places, is subtracted last, as it is known last.
    """
    return h * per_e + (mu - h) * ((0.5 * per_e + 0.125 * per_e * last) * last) - pulled


@njit(cache=True, error_model="numpy", fastmath={"contract"}, _nrt=False, forceinline=True)
def ahead(pulled: Eight, gap: Eight, last: Eight, lag: Eight) -> Eight:
    """The pull in the middle of the step, of which the share `lag` passes the input's filter, now `gap` behind."""
    return pulled - lag * (gap - gap * ((0.5 + 0.125 * last) * last))


@njit(cache=True, error_model="numpy", fastmath={"contract"}, _nrt=False, forceinline=True)
def inside(x: Eight, last: Eight) -> Eight:
    """A place in 0..last: the end beyond it, 0 of what is no number."""
    return least(most(x, 0.0), last)


@njit(cache=True, error_model="numpy", fastmath={"contract"}, _nrt=False, forceinline=True)
def louder(sigma: Eight, new: Eight) -> Eight:
    """Half the change of ln sigma."""
    return (new - sigma) / most(new + sigma, TINY)


@njit(cache=True, error_model="numpy", fastmath={"contract"}, _nrt=False, forceinline=True)
def pull(w: Eight, strength: Eight, more: Eight, less: Eight) -> tuple[Eight, Eight]:
    """What w takes off the drive, in the unit of strength w: numerator and denominator."""
    return strength * w * (1.0 + more * size(w)), 1.0 + less * size(w)


@njit(cache=True, error_model="numpy", fastmath={"contract"}, _nrt=False, forceinline=True)
def summed(a: Eight, b: Eight, c: Eight, d: Eight) -> Eight:
    """a/b + c/d with one division, which takes longer than all else."""
    return (a * d + c * b) / (b * d)


@njit(cache=True, error_model="numpy", fastmath={"contract"}, _nrt=False, forceinline=True)
def readout(x: Eight) -> Eight:
    """1 + x/2, bent below 0 so that it ends in 0 at -4."""
    bent = 1.0 + 0.25 * most(x, -4.0)
    return chosen(x, 1.0 + 0.5 * x, bent * bent)


@njit(cache=True, error_model="numpy", fastmath={"contract"}, _nrt=False, forceinline=True)
def kicked(y: Eight, part: Eight, kick: Eight, by_loud: Eight, loud: Eight) -> tuple[Eight, Eight]:
    """Half a kick, and y with it: real or imaginary part."""
    half = part * kick + by_loud * loud
    return half, y + half


@njit(cache=True, error_model="numpy", fastmath={"contract"}, _nrt=False, forceinline=True)
def turned(
    half_re: Eight, re: Eight, half_im: Eight, im: Eight, decay_re: Eight, decay_im: Eight
) -> tuple[Eight, Eight]:
    """(y + half a kick) decay + the other half: a mode after a step in which its drive grows by a kick evenly."""
    return (half_re - im * decay_im) + re * decay_re, (half_im + im * decay_re) + re * decay_im


@njit(cache=True, error_model="numpy", fastmath={"contract"}, _nrt=False, forceinline=True)
def squared(re: Eight, im: Eight, damping: Eight) -> tuple[Eight, Eight]:
    """What the harmonic decays by: the square of what the mode does, and more."""
    return damping * fused_less(re, re, im * im), damping * (2.0 * re * im)


@njit(cache=True, error_model="numpy", fastmath={"contract"}, _nrt=False, forceinline=True)
def remembered(w: Eight, kept: Eight, rest: Eight, by_V: Eight, V: Eight, by_rate: Eight, rate: Eight) -> Eight:
    """w after a step towards a (V - E) + b tau rate."""
    return kept * w + rest + by_V * V + by_rate * rate


@njit(cache=True, error_model="numpy", fastmath={"contract"}, _nrt=False, forceinline=True)
def spread_after(spread: Eight, kept: Eight, gain: Eight, loss: Eight, rate: Eight) -> Eight:
    """Spread of w after a step in which every neuron fires `rate`; what is lost, by the mean of before and after."""
    wanted = kept * spread + (gain - loss * spread) * rate
    return kept * spread + (gain - (0.5 * loss) * (spread + wanted)) * rate


@njit(cache=True, error_model="numpy", fastmath={"contract"}, _nrt=False, forceinline=True)
def spread_at(kept: Eight, gain: Eight, loss: Eight, rate: Eight) -> Eight:
    """Spread of w that a constant rate leaves."""
    return gain * rate / ((1.0 - kept) + loss * rate)


@njit(cache=True, error_model="numpy", fastmath={"contract"}, _nrt=False, forceinline=True)
def swung(
    parts_re: tuple[Eight, Eight], parts_im: tuple[Eight, Eight], re: Eight, im: Eight, kicks: Eight, loud: Eight,
    decay_re: Eight, decay_im: Eight, damping: Eight,
) -> tuple[Eight, Eight]:  # fmt: skip
    """Mode and harmonic after the step; parts: what kicks and louder input add to both."""
    both_loud = joined(loud, loud)
    half_re, with_re = kicked(re, parts_re[0], kicks, parts_re[1], both_loud)
    half_im, with_im = kicked(im, parts_im[0], kicks, parts_im[1], both_loud)
    square_re, square_im = squared(decay_re, decay_im, damping)
    return turned(half_re, with_re, half_im, with_im, joined(decay_re, square_re), joined(decay_im, square_im))

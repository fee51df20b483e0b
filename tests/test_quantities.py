"""One number, one unit: exact scaling, round trips, refusals in words."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from popdyn.errors import QuantityError
from popdyn.quantities import DIMENSIONS, UNITS, format_quantity, parse, unit_of, units_of

WRITTEN = [
    ("20 mV", "V", 0.02),
    ("-65 mV", "V", -0.065),
    ("20mV", "V", 0.02),
    ("  20   mV  ", "V", 0.02),
    ("1.5e1 mV", "V", 0.015),
    (".5 V", "V", 0.5),
    ("5. V", "V", 5.0),
    ("+5 uV", "V", 5e-6),
    ("5 µV", "V", 5e-6),
    ("5 μV", "V", 5e-6),
    ("10_000 pF", "F", 1e-8),
    ("200 pF", "F", 2e-10),
    ("0.2 nF", "F", 2e-10),
    ("10 nS", "S", 1e-8),
    ("40 pA", "A", 4e-11),
    ("0.04 nA", "A", 4e-11),
    ("1500 us", "s", 0.0015),
    ("1 kHz", "Hz", 1000.0),
    ("0.02 1/ms", "Hz", 20.0),
    ("1.5 mV/ms", "V/s", 1.5),
    ("1.5 V/s", "V/s", 1.5),
    ("1.5 mV / ms", "V/s", 1.5),
    ("2 mV/sqrt(ms)", "V/sqrt(s)", 2 * math.sqrt(1e-3)),
    ("2 V/sqrt(s)", "V/sqrt(s)", 2.0),
    ("90 deg", "rad", math.pi / 2),
    ("3 %", "1", 0.03),
    ("3", "1", 3.0),
]

REFUSED = [
    ("20", "V", "add a unit"),
    ("20 ms", "V", "that is a time"),
    ("20 MV", "V", 'did you mean "20 mV"?'),
    ("20 volt", "V", "units: V, mV, uV"),
    ("mV", "V", "one number and one unit"),
    ("", "V", "one number and one unit"),
    ("20 mV mV", "V", "potential"),
    ("20 mV + 1 mV", "V", "potential"),
    ("9**9**9 mV", "V", "potential"),
    ("20 mV/sqrt(V)", "V/sqrt(s)", "noise amplitude"),
    ("nan mV", "V", "one number"),
    ("inf mV", "V", "one number"),
    ("1e400 mV", "V", "too large"),
    ("0x10 mV", "V", "potential"),
    ("1__0 mV", "V", "potential"),
    ("١ mV", "V", "one number"),
    ("1" * 100 + " mV", "V", "one number"),
]


@pytest.mark.parametrize(("text", "dimension", "value"), WRITTEN)
def test_parsed(text, dimension, value):
    assert parse(text, dimension) == pytest.approx(value, rel=1e-15, abs=0)


@pytest.mark.parametrize(("text", "dimension", "says"), REFUSED)
def test_refused(text, dimension, says):
    with pytest.raises(QuantityError, match="allowed") as caught:
        parse(text, dimension)
    assert says in str(caught.value)
    assert isinstance(caught.value, ValueError)


def test_every_unit_belongs_to_a_dimension_and_parses():
    for unit, (dimension, factor) in UNITS.items():
        assert dimension in DIMENSIONS
        assert parse(f"1 {unit}", dimension) == float(factor)
    for dimension, words in DIMENSIONS.items():
        assert words.shown in units_of(dimension)
        assert math.isfinite(parse(words.example, dimension))


def test_same_value_in_other_units_is_the_same_float():
    assert parse("0.1 nF", "F") == parse("100 pF", "F") == parse("1e-10 F", "F")
    assert parse("0.3 mV/ms", "V/s") == parse("300 uV/ms", "V/s") == parse("0.3 V/s", "V/s")
    assert parse("0.7 mV/sqrt(ms)", "V/sqrt(s)") == parse("700 uV/sqrt(ms)", "V/sqrt(s)")


def test_minus_zero_is_zero():
    assert math.copysign(1, parse("-0 mV", "V")) == 1


@pytest.mark.parametrize(
    ("text", "unit"), [("3 pA", "A"), ("-0.1mV", "V"), ("2 nS", "S"), ("3", "1"), ("x", None), ("3 furlong", None)]
)
def test_unit_of(text, unit):
    assert unit_of(text) == unit


def test_a_value_whose_shortest_text_lies_at_the_edge_of_its_interval_comes_back():
    value = 396378.9626664916
    assert parse(format_quantity(value, "V/sqrt(s)"), "V/sqrt(s)") == value


@settings(max_examples=300, deadline=None)
@given(st.floats(-1e6, 1e6).filter(lambda x: x == 0 or abs(x) > 1e-30), st.sampled_from(sorted(DIMENSIONS)))
def test_format_parses_back(value, dimension):
    for unit in (None, "auto"):
        assert parse(format_quantity(value, dimension, unit=unit), dimension) == value


@pytest.mark.parametrize(
    ("value", "dimension", "text"),
    [
        (2e-10, "F", "200 pF"),
        (-0.065, "V", "-65 mV"),
        (0.1 + 0.2, "V", "300.00000000000004 mV"),
        (0.0, "s", "0 ms"),
        (parse("2 mV/sqrt(ms)", "V/sqrt(s)"), "V/sqrt(s)", "2 mV/sqrt(ms)"),
        (0.25, "1", "0.25"),
    ],
)
def test_formatted(value, dimension, text):
    assert format_quantity(value, dimension) == text


def test_formatted_in_a_unit_and_with_few_digits():
    assert format_quantity(1e-6, "F", unit="auto") == "1 uF"
    assert format_quantity(0.0015, "s", unit="us") == "1500 us"
    assert format_quantity(1 / 3, "V", digits=4) == "333.3 mV"

"""A cursor over one table of a document: hands out checked values and reports everything that is wrong with it."""

from __future__ import annotations

import difflib
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from popdyn import quantities
from popdyn.distributions import FAMILIES
from popdyn.errors import Fault, QuantityError
from popdyn.parameters import Parameter
from popdyn.spec.names import HABITS

NONE: Mapping[str, str] = {}
NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,63}\Z")
_BARE_KEY = re.compile(r"[A-Za-z0-9_-]{1,64}\Z")


def show(value: object, limit: int = 60) -> str:
    """A value as short, printable text: no control characters, no terminal escapes, no megabytes."""
    if isinstance(value, Mapping):
        keys = ", ".join(show_key(key) for key in list(value)[:4])
        return f"a table {{{keys}{', …' if len(value) > 4 else ''}}}"
    if isinstance(value, (list, tuple)):
        return f"an array of {len(value)}"
    if isinstance(value, bool):
        return str(value).lower()
    text = value if isinstance(value, str) else str(value)
    text = text if len(text) <= limit else text[: limit - 1] + "…"
    text = printable(text)
    return f'"{text}"' if isinstance(value, str) else text


def printable(text: str) -> str:
    """The text with control characters, terminal escapes and lone surrogates written out."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def show_key(key: object) -> str:
    """A key for a path: bare where it can be, quoted and shortened otherwise."""
    return key if isinstance(key, str) and _BARE_KEY.match(key) else show(str(key))


def join(path: str, key: object) -> str:
    return f"{path}.{show_key(key)}" if path else show_key(key)


def did_you_mean(word: str, known: Sequence[str]) -> str:
    """`did you mean "x"?` or nothing; long words are not compared (quadratic time)."""
    if len(word) > 64:
        return ""
    folded = {name.lower(): name for name in reversed(known)}
    near = [folded[word.lower()]] if word.lower() in folded else difflib.get_close_matches(word, known, 1, 0.6)
    return f'did you mean "{show_key(near[0])}"?' if near else ""


class Section:
    """One table. Every key that is asked for is known; `close` reports the others.

    `resolved`: numbers are bare and SI, as in a document that popdyn wrote; otherwise a quantity is text with a unit.
    `folder`: where the files that the document names lie; None: it may name none.
    """

    def __init__(
        self,
        data: Mapping[str, Any],
        path: str,
        faults: list[Fault],
        *,
        resolved: bool = False,
        folder: Path | None = None,
    ) -> None:
        self.data = data
        self.path = path
        self.faults = faults
        self.resolved = resolved
        self.folder = folder
        self.known: list[str] = []
        self._seen: set[str] = set()

    def at(self, key: str) -> str:
        return join(self.path, key) if key != "" else self.path

    def fault(self, key: object, got: str, allowed: str, fix: str = "") -> None:
        path = join(self.path, key) if key != "" else self.path or "(file)"
        self.faults.append(Fault(path, got, allowed, fix))

    def take(self, key: str, aliases: Sequence[str] = ()) -> tuple[str, Any]:
        """The key under which a value is given and the value (None: absent); two names at once are a fault."""
        self.known.append(key)
        self._seen.update((key, *aliases))
        given = [name for name in (key, *aliases) if self.data.get(name) is not None]
        for other in given[1:]:
            allowed = "one of them: they are names of the same"
            self.fault(other, f"both {given[0]} and {other}", allowed, f"remove {other}")
        return (given[0], self.data[given[0]]) if given else (key, None)

    def close(self, not_yet: Mapping[str, str] = NONE, elsewhere: Mapping[str, str] = NONE) -> None:
        """Reports the keys nobody asked for.

        `not_yet`: keys that popdyn understands and does not derive yet, and what they are; `elsewhere`: keys that
        belong somewhere else, and where.
        """
        allowed = ", ".join(self.known) or "no keys"
        for key in self.data:
            if key in self._seen:
                continue
            if key in not_yet:
                self.fault(key, f"a key that is not derived yet ({not_yet[key]})", allowed, "remove it")
            elif key in elsewhere:
                self.fault(key, f"a key of {elsewhere[key]}", allowed, "remove it")
            else:
                self.fault(key, "an unknown key", allowed, did_you_mean(str(key), self.known) or "remove it")

    def inner(self, value: Mapping[str, Any], key: str) -> Section:
        """A table that stands in place of a value."""
        return self._inside(value, self.at(key))

    def _inside(self, value: Mapping[str, Any], path: str) -> Section:
        return Section(value, path, self.faults, resolved=self.resolved, folder=self.folder)

    def _as_section(self, value: Any, path: str, allowed: str) -> Section | None:
        if isinstance(value, Mapping):
            return self._inside(value, path)
        self.faults.append(Fault(path, show(value), allowed))
        return None

    def table(self, key: str) -> Section | None:
        _, value = self.take(key)
        return None if value is None else self._as_section(value, self.at(key), f"a table [{self.at(key)}]")

    def tables(self, key: str) -> list[Section]:
        """An array of tables [[key]]."""
        _, value = self.take(key)
        if value is None:
            return []
        if not isinstance(value, (list, tuple)):
            self.fault(key, show(value), f"an array of tables [[{self.at(key)}]]", "write double brackets")
            return []
        found = (self._as_section(item, f"{self.at(key)}[{i}]", "a table") for i, item in enumerate(value))
        return [section for section in found if section is not None]

    def elements(self, key: str, most: int) -> list[Section] | None:
        """The values of an array, each as the key "" of a table of its own; [] where absent, None after a fault."""
        _, value = self.take(key)
        if value is None:
            return []
        if isinstance(value, (list, tuple)) and len(value) <= most:
            paths = (f"{self.at(key)}[{i}]" for i in range(len(value)))
            return [self._inside({"": one}, path) for one, path in zip(value, paths, strict=True)]
        fix = "" if isinstance(value, (list, tuple)) else "write it in brackets: [ … ]"
        self.fault(key, show(value), f"an array of at most {most} values", fix)
        return None

    def named(self, key: str, what: str) -> Iterator[tuple[str, Section]]:
        """The tables [key.NAME], with their names checked."""
        _, value = self.take(key)
        allowed = f"tables [{key}.NAME], one per {what}"
        holder = None if value is None else self._as_section(value, self.at(key), allowed)
        for name, item in holder.data.items() if holder else ():
            path = join(key, name)
            if not isinstance(name, str) or not NAME.match(name):
                allowed = "a letter, then letters, digits and _, 64 at most"
                self.faults.append(Fault(path, f"the name {show(str(name))}", allowed, f"rename the {what}"))
            section = self._as_section(item, path, f"a table [{path}]")
            if section is not None:
                yield name, section

    def text(self, key: str, allowed: Sequence[str], default: str | None = None) -> str | None:
        """One of the allowed words; None after a fault."""
        _, value = self.take(key)
        words = ", ".join(show_key(word) for word in allowed)
        if value is None:
            if default is None:
                self.fault(key, "nothing", words, f'add {key} = "{show_key(allowed[0])}"')
            return default
        if isinstance(value, str) and value in allowed:
            return value
        self.fault(key, show(value), words, did_you_mean(value, allowed) if isinstance(value, str) else "")
        return None

    def integer(self, key: str, lower: int, upper: int, default: int | None = None) -> int | None:
        _, value = self.take(key)
        if value is None:
            if default is None:
                self.fault(key, "nothing", f"an integer from {lower} to {upper}", f"add {key} = …")
            return default
        whole = isinstance(value, int) and not isinstance(value, bool)
        whole = whole or (self.resolved and isinstance(value, float) and value.is_integer())
        if whole and lower <= value <= upper:
            return int(value)
        fix = "write it without a unit and without quotes" if isinstance(value, str) else ""
        self.fault(key, show(value), f"an integer from {lower} to {upper}", fix)
        return None

    def boolean(self, key: str, default: bool) -> bool:
        _, value = self.take(key)
        if value is not None and not isinstance(value, bool):
            self.fault(key, show(value), "true or false", "write it without quotes")
        return value if isinstance(value, bool) else default

    def quantity(self, parameter: Parameter, aliases: Sequence[str] = ()) -> float | None:
        """A parameter's SI value; None where it is absent or faulty (`given` tells which)."""
        key, value = self.take(parameter.name, aliases)
        if value is None:
            return None
        return self.convert(key, value, parameter)

    def required(self, parameter: Parameter) -> float | None:
        value = self.quantity(parameter)
        if value is None and not self.given(parameter.name):
            example = quantities.expected(parameter.unit)
            self.fault(parameter.name, "nothing", example, f"add {parameter.name} = … ({parameter.doc})")
        return value

    def given(self, key: str, aliases: Sequence[str] = ()) -> bool:
        return any(self.data.get(name) is not None for name in (key, *aliases))

    def convert(self, key: str, value: Any, parameter: Parameter) -> float | None:
        """A value of the document as an SI float within the parameter's bounds; None after a fault."""
        try:
            si = (
                self._resolved_number(value, parameter.unit)
                if self.resolved
                else to_si(value, parameter.unit, HABITS.get(key))
            )
        except QuantityError as error:
            self.fault(key, error.got, error.allowed, error.fix)
            return None
        above = si > parameter.lower if parameter.lower_open else si >= parameter.lower
        if above and si <= parameter.upper:
            return si
        self.fault(key, show(value), bounds(parameter))
        return None

    def _resolved_number(self, value: Any, unit: str) -> float:
        if isinstance(value, (int, float)) and not isinstance(value, bool):
            return float(value) + 0.0
        raise QuantityError(show(value), f"a number in {unit} (the document says resolved = true)", "remove resolved")


def to_si(value: Any, dimension: str, habit: str | None = None) -> float:
    """`"20 mV"`, `{value = 20, unit = "mV"}`, or a bare number where the dimension is none.

    `habit`: the unit to propose for a bare number.
    """
    wanted = quantities.expected(dimension)
    if isinstance(value, str):
        try:
            return quantities.parse(value, dimension)
        except QuantityError as error:
            raise QuantityError(show(value), error.allowed, error.fix) from None
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        if dimension == "1":
            return float(value)
        unit = habit or quantities.DIMENSIONS[dimension].shown
        raise QuantityError(f"the bare number {show(value)}", wanted, f'add the unit: "{show(value)} {unit}"')
    if isinstance(value, Mapping):
        if set(value) == {"value", "unit"} and isinstance(value["unit"], str):
            number = value["value"]
            if isinstance(number, (int, float)) and not isinstance(number, bool):
                return to_si(f"{number!r} {value['unit']}", dimension)
        for kind in FAMILIES:
            if kind in value:
                raise QuantityError(f"a distribution ({kind})", f"one value: {wanted}", "this quantity has one value")
    raise QuantityError(show(value), wanted, "write one number and one unit, in quotes")


def bounds(parameter: Parameter) -> str:
    """Words for the allowed range."""
    low, high = parameter.lower, parameter.upper
    edge = "above" if parameter.lower_open else "at least"
    low_text = quantities.format_quantity(low, parameter.unit, unit="auto", digits=6) if math.isfinite(low) else ""
    high_text = quantities.format_quantity(high, parameter.unit, unit="auto", digits=6) if math.isfinite(high) else ""
    return " and ".join(t for t in (low_text and f"{edge} {low_text}", high_text and f"at most {high_text}") if t)

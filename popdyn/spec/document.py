"""A spec file as a plain dict: read within limits, parsed as TOML or JSON, nothing in it interpreted."""

from __future__ import annotations

import json
import math
import re
import tomllib
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from popdyn.errors import Fault, SpecError
from popdyn.spec.section import join, printable, show

MAX_BYTES = 1 << 20
MAX_DEPTH = 32
MAX_KEYS = 5000
MAX_MARKS = 20_000
MAX_INTEGER = 2**53 - 1

_BARE_OR_QUOTED = r"""(?:(?<![A-Za-z0-9_-])[A-Za-z0-9_-]++|"[^"\n]*+"|'[^'\n]*+')"""
_LONG_DOTTED_KEY = re.compile(rf"(?:{_BARE_OR_QUOTED}[ \t]*+\.[ \t]*+){{{MAX_DEPTH + 2}}}")
"""tomllib takes time quadratic in the number of dots of a key (8000 dots: 1 s)."""


def read(path: Path) -> dict[str, Any]:
    """The document in a file. Raises SpecError with every fault of its form."""
    source = printable(str(path))
    text = read_text(path, MAX_BYTES, source)
    return parse(text, is_json=path.suffix == ".json" or text.lstrip()[:1] == "{", source=source)


def read_text(path: Path, limit: int, source: str) -> str:
    """The text of a regular file of at most `limit` bytes, UTF-8."""
    fault = None
    try:
        if not path.is_file():
            what = "a path that is not a regular file" if path.exists() else "a path where there is no file"
            fault = Fault("(file)", what, "a TOML or JSON file", "check the name")
        else:
            with path.open("rb") as file:
                data = file.read(limit + 1)
            if len(data) > limit:
                fault = Fault("(file)", f"more than {limit} bytes", f"at most {limit} bytes", "split or shorten it")
            else:
                return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        fault = Fault("(file)", f"a byte that is not UTF-8 at offset {error.start}", "UTF-8 text", "save it as UTF-8")
    except (OSError, ValueError) as error:
        fault = Fault("(file)", show(str(error)), "a file that can be read", "check the name and its permissions")
    raise SpecError([fault], source)


def parse(text: str, *, is_json: bool, source: str = "") -> dict[str, Any]:
    """The document in a text. Raises SpecError with every fault of its form."""
    try:
        _refuse_bulk(text)
        document = _parse_json(text) if is_json else _parse_toml(text)
    except RecursionError:
        raise SpecError([_too_deep("(file)")], source) from None
    except ValueError as error:
        kind = "JSON" if is_json else "TOML"
        fix = "see the line it names" if isinstance(error, (tomllib.TOMLDecodeError, json.JSONDecodeError)) else ""
        raise SpecError([Fault("(file)", show(str(error), 200), f"valid {kind}", fix)], source) from None
    if not isinstance(document, dict):
        raise SpecError([Fault("(file)", f"{type(document).__name__}", "one table (object) at the top")], source)
    return document


def _refuse_bulk(text: str) -> None:
    """Text that would keep a parser busy for seconds and cannot be a spec: counted, not parsed."""
    for marks, most, what in (("=[{", MAX_MARKS, "keys or tables"), (",.", 5 * MAX_MARKS, "values")):
        if max(text.count(mark) for mark in marks) > most:
            raise ValueError(f"more than {most} {what}")


def _parse_toml(text: str) -> dict[str, Any]:
    if _LONG_DOTTED_KEY.search(text):
        raise RecursionError
    return tomllib.loads(text)


def _parse_json(text: str) -> Any:
    def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        table = dict(pairs)
        if len(table) < len(pairs):
            twice = next(name for name, count in Counter(name for name, _ in pairs).items() if count > 1)
            raise ValueError(f"the key {show(twice)} stands twice in one object")
        return table

    def refuse(constant: str) -> Any:
        raise ValueError(f"{constant} is not a finite number")

    return json.loads(text, object_pairs_hook=unique, parse_constant=refuse)


def _too_deep(path: str) -> Fault:
    return Fault(path, f"nesting deeper than {MAX_DEPTH}", f"at most {MAX_DEPTH} levels", "a spec needs about 6")


def check_form(document: Mapping[str, Any], source: str = "") -> list[Fault]:
    """Numbers that are not finite, integers that a double cannot hold, nulls: the faults that do not hinder reading on.

    Raises SpecError for what does: nesting, too many keys or values, integers of hundreds of digits.
    """
    faults: list[Fault] = []
    hopeless: list[Fault] = []
    keys = values = 0
    stack: list[tuple[Any, _Place | None, int]] = [(document, None, 1)]
    while stack and keys <= MAX_KEYS and values <= 5 * MAX_MARKS and len(hopeless) < MAX_KEYS:
        node, place, depth = stack.pop()
        values += 1
        if depth > MAX_DEPTH:
            hopeless.append(_too_deep(_path(place)))
        elif isinstance(node, Mapping):
            keys += len(node)
            stack.extend((value, (place, key), depth + 1) for key, value in reversed(list(node.items())))
        elif isinstance(node, (list, tuple)):
            if not all(type(item) is float and math.isfinite(item) for item in node):
                stack.extend((value, (place, i), depth + 1) for i, value in reversed(list(enumerate(node))))
        elif (wrong := _wrong_scalar(node)) is not None:
            monstrous = isinstance(node, int) and node.bit_length() > 1000
            (hopeless if monstrous else faults).append(Fault(_path(place), *wrong))
    for count, most, what in ((values, 5 * MAX_MARKS, "values"), (keys, MAX_KEYS, "keys")):
        if count > most:
            hopeless.append(Fault("(file)", f"more than {most} {what}", f"at most {most} {what}", "split the network"))
    if hopeless:
        raise SpecError(hopeless + faults, source)
    return faults


_Place = tuple[Any, Any]
"""(the place of the container or None, key or index): a path that is only written out when it is needed."""


def _path(place: _Place | None) -> str:
    keys = []
    while place is not None:
        place, key = place
        keys.append(key)
    path = ""
    for key in reversed(keys):
        path = f"{path}[{key}]" if isinstance(key, int) else join(path, key)
    return path


def _wrong_scalar(value: object) -> tuple[str, str, str] | None:
    """What was found, what is allowed, a fix; None for a sound value."""
    if value is None:
        return "null", "a value", "remove the key"
    if isinstance(value, float) and not math.isfinite(value):
        return repr(value), "a finite number", "remove it"
    if isinstance(value, int) and abs(value) > MAX_INTEGER:
        return "an integer of 2^53 or more", f"integers up to {MAX_INTEGER}", "make it smaller"
    return None

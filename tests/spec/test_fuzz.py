"""Mutated specs: whatever is in a file, the answer is a Network or a SpecError, soon, and nothing runs."""

from __future__ import annotations

import copy
import json
import random
import re
import sys
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hostile_corpus import BASE, PAYLOADS
from hostile_networks import CONNECTION
from random_specs import draw_network, draw_spec, write

from popdyn.errors import SpecError
from popdyn.spec import load, to_dict
from popdyn.spec.document import parse
from popdyn.spec.resolve import resolve
from popdyn.spec.section import show

LIMIT = 2.0
FORBIDDEN = {
    "exec",
    "compile",
    "os.system",
    "os.exec",
    "os.posix_spawn",
    "subprocess.Popen",
    "socket.connect",
    "open",
    "import",
    "os.remove",
    "os.rename",
    "os.mkdir",
    "ctypes.dlopen",
    "pickle.find_class",
    "marshal.loads",
}
VALUES: list[Any] = [
    *(0, 1, -1, 2**53, 10**400, 3.7, -0.0, float("nan"), float("inf"), 1e308, True, False, None, "x" * 3000, "\x00"),
    *("", " ", "mV", "20 mV", "20mV", "2 mV/sqrt(ms)", "1.5 mV/ms", "5 Hz", "1e400 mV", "-1 s", "\ud800", "é" * 50),
    *(
        "ou",
        "E",
        "sigma",
        "normal",
        [],
        {},
        [[]],
        [{}],
        ["1 mV"],
        {"": 0},
        {"normal": ["1 mV", "2 mV"]},
        {"normal": []},
        {"normal": ["-50 mV", "2 mV"], "low": "-60 mV"},
        {"lognormal": ["1 mV", "1e-300 mV"]},
        {"uniform": ["1e300 mV", "2e300 mV"]},
        {"empirical": ["1 ms", "2 ms"]},
        {"empirical": "/etc/passwd", "column": "x", "unit": "mV"},
        {"lorentzian": ["0.1 mV/ms", "1 V/s"]},
        {"source": [0, 1], "target": [1, 1e300]},
        {"count": 2**40, "sha256": "0", "source": "AAAA", "target": "====", "weight": 0.1, "delay": 0.001},
    ),
    *({"value": 1, "unit": "mV"}, {"value": {}, "unit": []}, list(range(50)), *PAYLOADS),
]
KEYS = [
    *(
        "C_m",
        "cm",
        "tau_m",
        "V_th",
        "model",
        "noise",
        "poisson",
        "stimulus",
        "kind",
        "file",
        "times",
        "values",
        "schema",
    ),
    *("low", "high", "empirical", "synapse", "rule", "K", "p", "edges", "type", "psp_peak", "delay", "correlations"),
    *("resolved", "normal", "connections", "__class__", "x" * 200, "", "\x1b[0m", "a.b", "E", "convention"),
]


@pytest.fixture
def audited() -> Iterator[list[str]]:
    """The forbidden things that happen while the fixture is in use."""
    seen: list[str] = []
    active = [True]

    def hook(event: str, args: tuple[object, ...]) -> None:
        if active[0] and event in FORBIDDEN:
            seen.append(f"{event} {args!r:.200}")

    _warm_up()
    sys.addaudithook(hook)
    yield seen
    active[0] = False


def _warm_up() -> None:
    show("\x1b")  # imports a codec at first use
    load(parse(BASE, is_json=False))
    load(json.loads(json.dumps(to_dict(load(parse(BASE, is_json=False))))))
    for seed in range(20):  # scipy, at the first distribution
        load(write(draw_network(random.Random(seed))))


def places(node: Any) -> list[tuple[Any, Any]]:
    """Every (container, key) of a document."""
    found: list[tuple[Any, Any]] = []
    stack = [node]
    while stack:
        holder = stack.pop()
        for key, value in list(holder.items()) if isinstance(holder, dict) else list(enumerate(holder)):
            found.append((holder, key))
            if isinstance(value, (dict, list)) and len(found) < 500:
                stack.append(value)
    return found


def mutate(document: dict[str, Any], rng: random.Random) -> dict[str, Any]:
    for _ in range(rng.choice([1, 1, 1, 2, 4])):
        document = document or {"schema": 1}
        holder, key = rng.choice(places(document))
        action = rng.randrange(8)
        if action == 0 and isinstance(holder, dict):
            holder.pop(key, None)
        elif action == 1 and isinstance(holder, dict):
            holder[rng.choice(KEYS)] = holder[key]
        elif action == 2 and isinstance(holder, dict):
            holder[rng.choice(KEYS)] = copy.deepcopy(rng.choice(VALUES))
        elif action == 3 and isinstance(holder[key], str) and holder[key]:
            text = holder[key]
            place = rng.randrange(len(text))
            piece = rng.choice(["", "9", "-", "e9", "m", "µ", "\n", "\x7f", text])
            holder[key] = text[:place] + piece + text[place + 1 :]
        elif action < 6 and isinstance(holder[key], (str, int, float)):
            holder[key] = _other_digits(holder[key], rng)
        else:
            holder[key] = copy.deepcopy(rng.choice(VALUES))
    return document


def _other_digits(value: Any, rng: random.Random) -> Any:
    if isinstance(value, str):
        return re.sub("[0-9]", lambda digit: str(rng.randrange(10)) if rng.random() < 0.5 else digit[0], value)
    return rng.choice([0, -value, 2 * value, value + 1, value / 2 if abs(value) < 1e300 else value])


def scramble(text: str, rng: random.Random) -> str:
    for _ in range(rng.choice([1, 1, 2, 6])):
        place = rng.randrange(len(text) + 1)
        piece = rng.choice(
            ['"', "[", "]", "{", "}", "=", "\n", ".", "#", "'", "\\", "9", "e", ",", "\x00", "'''", "-inf", "[["]
        )
        text = (
            text[:place] + rng.choice([piece, "", text[place : place + 40]]) + text[place + rng.choice([0, 1, 1, 30]) :]
        )
    return text


def from_tree(rng: random.Random) -> Callable[[], object]:
    document = mutate(json.loads(rng.choice(WRITTEN)), rng)
    return lambda: load(document)


def from_resolved(rng: random.Random) -> Callable[[], object]:
    document = mutate(json.loads(rng.choice(RESOLVED)), rng)
    return lambda: load(document)


TEXT = BASE.replace('V_th = "-50 mV"', 'V_th = { normal = ["-50 mV", "1 mV"] }') + CONNECTION


def from_toml(rng: random.Random) -> Callable[[], object]:
    text = scramble(TEXT[rng.randrange(300) :] if rng.random() < 0.3 else TEXT, rng)
    return lambda: resolve(parse(text, is_json=False))


def from_json(rng: random.Random) -> Callable[[], object]:
    text = scramble(rng.choice(RESOLVED), rng)
    return lambda: resolve(parse(text, is_json=True))


WRITTEN = [json.dumps(write(draw(random.Random(seed)))) for seed in range(150) for draw in (draw_spec, draw_network)]
RESOLVED = [json.dumps(to_dict(load(json.loads(text)))) for text in WRITTEN[:80]]
SOURCES = (from_tree, from_tree, from_tree, from_resolved, from_resolved, from_json, from_json, from_toml)


def attack(count: int, seed: int, seen: list[str]) -> dict[str, Any]:
    """Runs `count` mutated specs; returns how many loaded, how many faults were named, and the longest time [s]."""
    rng = random.Random(seed)
    loaded = faults = unprintable = 0
    longest = 0.0
    for number in range(count):
        call = rng.choice(SOURCES)(rng)
        start = time.process_time()
        try:
            network = call()
            loaded += 1
            if number % 20 == 0:
                assert load(to_dict(network)) == network
        except SpecError as error:
            faults += len(error.faults)
            unprintable += not str(error).replace("\n", "").isprintable()
        longest = max(longest, time.process_time() - start)
    assert seen == []
    assert unprintable == 0
    assert longest < LIMIT
    return {"count": count, "loaded": loaded, "faults": faults, "longest": longest}


def test_mutated_specs(audited):
    result = attack(10_000, 2, audited)
    assert 1000 < result["loaded"] < 7500
    assert result["faults"] > 10_000


@pytest.mark.slow
def test_a_million_mutated_specs(audited):
    result = attack(1_000_000, 3, audited)
    print(result)
    assert result["faults"] > 1_000_000


def test_the_audit_sees_an_execution(audited):
    eval("1 + 1")
    assert any(event.startswith("compile") for event in audited)

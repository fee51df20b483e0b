"""Progress of long work on stderr: a bar on a terminal, else a plain line at each new stage and at least every 5 s."""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, TextIO

from popdyn.types import Progress

if TYPE_CHECKING:
    from rich.progress import Progress as RichProgress

SILENCE = 3.0  # [s] time without a line; compiling can hold the interpreter for 2 s more
TICK = 0.5  # [s]


@contextmanager
def progress_line(work: str, stream: TextIO | None = None, *, silence: float = SILENCE) -> Iterator[Progress]:
    """Say what will be done, then give a `progress(fraction, message)` that shows itself; any thread may call it.

    What stands before ": " in a message names its stage.

    Example: with progress_line("converting a.toml") as progress: progress(0.25, "simulating: 12 s left")
    """
    stream = sys.stderr if stream is None else stream
    stream.write(f"popdyn: {plain(work)}\n")
    if stream.isatty() and os.environ.get("TERM") != "dumb":
        with _bar(stream) as progress:
            yield progress
    else:
        lines = _Lines(stream, silence)
        try:
            yield lines
        finally:
            lines.stop()


def within(progress: Progress | None, low: float, high: float) -> Progress | None:
    """The same progress for a part of the work: its 0..1 is low..high of the whole."""
    if progress is None:
        return None
    return lambda fraction, message: progress(low + (high - low) * fraction, message)


def parts(progress: Progress, *weights: float) -> list[Progress]:
    """Progress of works that go on side by side, in threads of their own: the whole is their weighted mean.

    Example: truth, derivation = parts(progress, 2.0, 1.0)
    """
    found, lock = [0.0] * len(weights), threading.Lock()

    def part(number: int) -> Progress:
        def say(fraction: float, message: str) -> None:
            with lock:
                found[number] = max(found[number], fraction)
                whole = sum(w * f for w, f in zip(weights, found, strict=True)) / sum(weights)
            progress(whole, message)

        return say

    return [part(number) for number in range(len(weights))]


def plain(text: str) -> str:
    """The text with control characters, such as terminal escapes, made visible."""
    return text if text.isprintable() else "".join(c if c.isprintable() else repr(c)[1:-1] for c in text)


class _Lines:
    """Plain lines, also from a thread of its own while the work is too busy to report."""

    def __init__(self, stream: TextIO, silence: float) -> None:
        self._stream, self._tick = stream, min(TICK, silence / 4)
        self._silence = silence - self._tick
        self._fraction, self._message, self._stages = 0.0, "working", set[str]()
        self._began = self._said = time.monotonic()
        self._lock, self._stopped = threading.Lock(), threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()

    def __call__(self, fraction: float, message: str) -> None:
        stage = message.partition(": ")[0]
        with self._lock:
            ended = fraction >= 1.0 > self._fraction
            self._fraction, self._message = fraction, message
            if ended or stage not in self._stages:
                self._stages.add(stage)
                self._say()

    def stop(self) -> None:
        self._stopped.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._stopped.wait(self._tick):
            with self._lock:
                if time.monotonic() - self._said >= self._silence:
                    self._say()

    def _say(self) -> None:
        self._said = time.monotonic()
        elapsed = self._said - self._began
        self._stream.write(f"popdyn: {self._fraction:4.0%}  {plain(self._message)}  ({elapsed:.0f} s)\n")
        self._stream.flush()


@contextmanager
def _bar(stream: TextIO) -> Iterator[Progress]:
    from rich.console import Console
    from rich.progress import BarColumn, TaskProgressColumn, TextColumn, TimeElapsedColumn
    from rich.progress import Progress as RichProgress

    columns = (BarColumn(24), TaskProgressColumn(), TextColumn("{task.description}", markup=False), TimeElapsedColumn())
    with RichProgress(*columns, console=Console(file=stream), transient=True) as bar:
        task = bar.add_task("", total=1.0)
        yield _updater(bar, task)


def _updater(bar: RichProgress, task: int) -> Progress:
    def progress(fraction: float, message: str) -> None:
        bar.update(task, completed=fraction, description=plain(message))  # type: ignore[arg-type]

    return progress

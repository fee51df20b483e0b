"""Progress is seen: at each new stage, at least every few seconds, on a terminal or not, whatever the labels hold."""

from __future__ import annotations

import io
import threading
import time

import pytest

from popdyn.workflows.progress import parts, plain, progress_line, within


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_line_for_the_work_and_one_for_each_stage():
    stream = io.StringIO()
    with progress_line("converting a.toml", stream) as progress:
        progress(0.1, "simulating: 30 s left")
        progress(0.2, "simulating: 20 s left")
        progress(0.9, "comparing")
    lines = stream.getvalue().splitlines()
    assert lines[0] == "popdyn: converting a.toml"
    assert [line.split("%  ")[1].split("  (")[0] for line in lines[1:]] == ["simulating: 30 s left", "comparing"]


def test_silence_is_broken_while_the_work_says_nothing():
    stream, silence = io.StringIO(), 0.2
    with progress_line("compiling", stream, silence=silence) as progress:
        progress(0.5, "compiling")
        deadline = time.monotonic() + 20
        while stream.getvalue().count("\n") < 4 and time.monotonic() < deadline:
            time.sleep(0.01)
    assert stream.getvalue().count(" 50%  compiling") >= 3


def test_two_threads_may_report():
    stream = io.StringIO()
    with progress_line("both", stream) as progress:
        threads = [
            threading.Thread(target=lambda k=k: [progress(i / 100, f"stage {k}: {i}") for i in range(100)])
            for k in range(2)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert stream.getvalue().count("\n") == 3


@pytest.mark.parametrize("label", ["[/] pop[0]", "[bold red]E[/bold red]", "\x1b[2Jgone", "a\nb", "100 % {x}"])
def test_labels_are_shown_as_they_are(monkeypatch, label):
    monkeypatch.setenv("TERM", "xterm")
    for stream in (io.StringIO(), Terminal()):
        with progress_line(label, stream) as progress:
            progress(0.5, label)
            time.sleep(0.15)
        assert plain(label) in stream.getvalue()
        assert label == plain(label) or label not in stream.getvalue()


def test_no_colour_when_none_is_wanted(monkeypatch):
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("NO_COLOR", "1")
    stream = Terminal()
    with progress_line("working", stream) as progress:
        progress(0.5, "half")
        time.sleep(0.15)
    assert "\x1b[3" not in stream.getvalue()  # foreground colours


def test_a_dumb_terminal_gets_lines(monkeypatch):
    monkeypatch.setenv("TERM", "dumb")
    stream = Terminal()
    with progress_line("working", stream) as progress:
        progress(0.5, "half")
    assert "\x1b" not in stream.getvalue()


def test_part_of_the_work():
    seen = []
    part = within(lambda fraction, message: seen.append((fraction, message)), 0.2, 0.6)
    part(0.5, "half")
    assert seen == [(pytest.approx(0.4), "half")]
    assert within(None, 0.0, 1.0) is None


def test_works_side_by_side_never_take_the_whole_back():
    said = []
    slow, quick, none = parts(lambda fraction, message: said.append((round(fraction, 3), message)), 3.0, 1.0, 0.0)
    for part, fraction, message in [
        (slow, 0.5, "a"),
        (quick, 0.2, "b"),
        (slow, 1.0, "c"),
        (quick, 0.1, "d"),
        (none, 1.0, "e"),
    ]:
        part(fraction, message)
    quick(1.0, "end")
    assert said == [(0.375, "a"), (0.425, "b"), (0.8, "c"), (0.8, "d"), (0.8, "e"), (1.0, "end")]


def test_the_thread_ends_with_the_work():
    before = threading.active_count()
    with pytest.raises(ValueError, match="stop"), progress_line("failing", io.StringIO()):
        raise ValueError("stop")
    assert threading.active_count() == before

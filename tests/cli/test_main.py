"""The frame of the command line: exit codes, one clean message per failure, help, version."""

from __future__ import annotations

import errno
import importlib
import json
import os
import signal
import subprocess
import sys
import time

import pytest
import typer

from popdyn import __version__, cli, errors
from popdyn.cli import main
from popdyn.errors import Fault, SpecError

FAILURES = [
    (SpecError([Fault("populations.E.size", "0", "1 or more")], "a.toml"), 2, "populations.E.size: got 0"),
    (errors.QuantityError("3", "a time", 'write "3 ms"'), 2, "got '3'; allowed: a time"),
    (errors.UsageError("--rung: got 'x'"), 2, "--rung: got 'x'"),
    (errors.DomainError("outside"), 2, "outside"),
    (errors.NumericsError("does not converge"), 1, "does not converge"),
    (errors.ResourceError("no compiler"), 4, "no compiler"),
    (errors.IntegrityError("damaged"), 5, "damaged"),
    (MemoryError(), 4, "not enough memory"),
    (OSError(errno.ENOSPC, "No space left on device", "out/a.h5"), 4, "out/a.h5: No space left on device"),
    (KeyboardInterrupt(), 130, "stopped"),
    (typer.Abort(), 130, "stopped"),
    (ZeroDivisionError("x"), 1, "this is our bug, not yours: ZeroDivisionError: x"),
]


@pytest.fixture
def failing(monkeypatch):
    """`popdyn cite` raises what it is told to."""
    import popdyn.cli.cite

    def fail_with(error):
        def cite(as_json: bool = typer.Option(False, "--json")) -> None:
            raise error

        monkeypatch.setattr(popdyn.cli.cite, "cite", cite)
        monkeypatch.delenv("POPDYN_DEBUG", raising=False)

    return fail_with


@pytest.mark.parametrize(("error", "code", "words"), FAILURES, ids=lambda x: type(x).__name__)
def test_a_failure_is_one_message_and_one_exit_code(failing, capsys, error, code, words):
    failing(error)
    assert main(["cite"]) == code
    out, err = capsys.readouterr()
    assert out == ""
    assert "Traceback" not in err
    assert err.startswith("popdyn: ")
    assert words in err


@pytest.mark.parametrize(("error", "code", "words"), FAILURES, ids=lambda x: type(x).__name__)
def test_with_json_it_is_one_object_on_stdout(failing, capsys, error, code, words):
    failing(error)
    assert main(["cite", "--json"]) == code
    out, err = capsys.readouterr()
    answer = json.loads(out)
    assert (answer["ok"], answer["exit_code"]) == (False, code)
    assert words in answer["message"]
    assert err == ""


def test_json_lists_the_faults_of_a_spec(failing, capsys):
    failing(FAILURES[0][0])
    main(["cite", "--json"])
    answer = json.loads(capsys.readouterr().out)
    assert answer["faults"] == [{"path": "populations.E.size", "got": "0", "allowed": "1 or more", "fix": ""}]
    assert answer["spec"] == "a.toml"


def test_debugging_gives_the_traceback(failing, monkeypatch):
    failing(ZeroDivisionError("x"))
    monkeypatch.setenv("POPDYN_DEBUG", "1")
    with pytest.raises(ZeroDivisionError):
        main(["cite"])


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["chekc"], "did you mean `popdyn check`?"),
        (["9**9**9"], "allowed: init, check"),
        (["check", "--nope"], "popdyn check --help"),
        (["rates"], "popdyn rates --help"),
        (["simulate", "a.toml", "--seeds", "many"], "popdyn simulate --help"),
        (["convert", "a.toml", "--truth", "b.h5", "--no-truth"], "exclude each other"),
    ],
)
def test_wrong_usage_is_exit_code_2(capsys, words, says):
    assert main(words) == 2
    assert says in capsys.readouterr().err


@pytest.mark.parametrize("command", cli.COMMANDS)
def test_every_command_has_help(capsys, command):
    assert main([command, "--help"]) == 0
    out = capsys.readouterr().out
    assert out.startswith(f"Usage: popdyn {command}")
    group = getattr(importlib.import_module(f"popdyn.cli.{command}"), command)
    if not isinstance(group, typer.Typer):
        assert "--json" in out
        return
    for verb in group.registered_commands:
        name = verb.name or verb.callback.__name__
        assert main([command, name, "--help"]) == 0
        assert "--json" in capsys.readouterr().out, name


def test_help_lists_every_command_with_a_line(capsys):
    assert main(["--help"]) == 0
    out = capsys.readouterr().out
    for command in cli.COMMANDS:
        assert any(line.split()[:1] == [command] and len(line.split()) > 2 for line in out.splitlines()), command


def test_version(capsys):
    assert main(["--version"]) == 0
    assert capsys.readouterr().out == f"popdyn {__version__}\n"


def test_the_linear_algebra_gets_one_thread(monkeypatch):
    for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("OMP_NUM_THREADS", "3")
    main(["--version"])
    assert os.environ["OPENBLAS_NUM_THREADS"] == "1"
    assert os.environ["OMP_NUM_THREADS"] == "3"


def test_ctrl_c_ends_a_process_in_words():
    code = (
        "import time, popdyn.cli.cite as home, popdyn.cli as cli\n"
        "def cite() -> None:\n    print('ready', flush=True)\n    time.sleep(60)\n"
        "home.cite = cite\nraise SystemExit(cli.main(['cite']))\n"
    )
    process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    time.sleep(0.1)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=30)
    assert process.returncode == 130
    assert err == "popdyn: stopped\n"

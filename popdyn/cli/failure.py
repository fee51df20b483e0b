"""What a command says when it fails: one clean message, one exit code, no traceback."""

from __future__ import annotations

import errno
import json
import sys
from typing import Any

import typer

from popdyn.errors import PopdynError, SpecError

USAGE, RESOURCES, INTERRUPTED = 2, 4, 130

_UsageProblem: type[Exception] = typer.BadParameter.__base__  # type: ignore[assignment]
_FULL = (errno.ENOSPC, errno.EDQUOT, errno.ENOMEM)


def report_failure(error: BaseException, *, as_json: bool) -> int:
    """Say on stderr, or as one JSON object on stdout, what went wrong; return the exit code."""
    code, message = _verdict(error)
    if as_json:
        answer: dict[str, Any] = {"ok": False, "exit_code": code, "error": type(error).__name__, "message": message}
        if isinstance(error, SpecError):
            answer["spec"] = error.source
            answer["faults"] = [
                {"path": f.path, "got": f.got, "allowed": f.allowed, "fix": f.fix} for f in error.faults
            ]
        sys.stdout.write(json.dumps(answer, indent=2, ensure_ascii=False) + "\n")
    else:
        sys.stderr.write(f"popdyn: {message}\n")
    return code


def _verdict(error: BaseException) -> tuple[int, str]:
    if isinstance(error, PopdynError):
        return error.exit_code, str(error)
    if isinstance(error, _UsageProblem):
        return USAGE, _usage(error)
    if isinstance(error, KeyboardInterrupt | typer.Abort):
        return INTERRUPTED, "stopped"
    if isinstance(error, MemoryError):
        return RESOURCES, "not enough memory; a smaller network, or a shorter protocol, needs less"
    if isinstance(error, OSError) and error.errno in _FULL:
        where = error.filename or "the system"
        return RESOURCES, f"{where}: {error.strerror}; make room and run the same command again"
    return 1, (
        f"this is our bug, not yours: {type(error).__name__}: {error}\n"
        "Run again with POPDYN_DEBUG=1 for the traceback, and please report it with the spec."
    )


def _usage(error: Any) -> str:
    command = error.ctx.command_path if error.ctx else "popdyn"
    return f"{error.format_message()}\nSee `{command} --help`."

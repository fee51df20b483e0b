"""What can go wrong, one class per cause; each knows its exit code and is a builtin type as well."""

from __future__ import annotations

from dataclasses import dataclass


class PopdynError(Exception):
    """Root of everything popdyn raises on purpose."""

    exit_code = 1


@dataclass(frozen=True)
class Fault:
    """One thing that is wrong in a document: where, what was found, what is allowed, what to do."""

    path: str
    got: str
    allowed: str
    fix: str = ""

    def __str__(self) -> str:
        return f"{self.path}: got {self.got}; allowed: {self.allowed}" + (f"; {self.fix}" if self.fix else "")


class SpecError(PopdynError, ValueError):
    """A spec has faults; all of them are listed."""

    exit_code = 2

    def __init__(self, faults: list[Fault], source: str = "") -> None:
        self.faults = faults
        self.source = source
        head = f"{source}: " if source else ""
        lines = "\n".join(f"  {fault}" for fault in faults)
        super().__init__(f"{head}{len(faults)} fault{'s' if len(faults) != 1 else ''}\n{lines}")


class QuantityError(PopdynError, ValueError):
    """A text is not a number with a unit of the expected kind."""

    exit_code = 2

    def __init__(self, got: str, allowed: str, fix: str) -> None:
        self.got, self.allowed, self.fix = got, allowed, fix
        super().__init__(f"got {got!r}; allowed: {allowed}; {fix}")


class UsageError(PopdynError, ValueError):
    """A command or call was given arguments that cannot be served."""

    exit_code = 2


class DomainError(PopdynError, ValueError):
    """The theory is asked for something outside the domain where it was measured."""

    exit_code = 2


class NumericsError(PopdynError, ArithmeticError):
    """An integration or a solve failed; the message says where and what to try."""

    exit_code = 1


class ResourceError(PopdynError, MemoryError):
    """Not enough memory, disk or a missing tool."""

    exit_code = 4


class IntegrityError(PopdynError, OSError):
    """A stored file is not what its manifest says."""

    exit_code = 5

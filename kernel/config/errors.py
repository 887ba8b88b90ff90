"""Operator errors: what went wrong, which thing, why, and what to do next.

Covers: the one exception that the command line turns into an exit code. Does not cover:
errors on the wire (`contracts.wire.TaskFailed`) and bugs (they keep their traceback).
"""

from __future__ import annotations

from enum import IntEnum


class ExitCode(IntEnum):
    """Exit statuses of the `kernel` command; stable, see docs/errors.md."""

    OK = 0
    FAILED = 1
    """The command ran and something in its result is bad (a refused file, damage found)."""
    USAGE = 2
    """Wrong arguments or configuration; for doctor: failures."""
    NO_EVIDENCE = 3
    """A query that nothing stored answers."""
    BUSY = 4
    """Another kernel holds the data dir and cannot do this for us."""
    INTERNAL = 70
    """A bug: the traceback is printed."""


class KernelError(Exception):
    """An error the person can act on.

    ``code`` is a stable kebab-case identifier, explained in docs/errors.md; ``hint`` names
    the next step, a command where there is one.
    """

    def __init__(
        self,
        code: str,
        message: str,
        *,
        hint: str | None = None,
        exit_code: ExitCode = ExitCode.FAILED,
    ) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.hint = hint
        self.exit_code = exit_code

    def __str__(self) -> str:
        text = f"{self.message} [{self.code}]"
        return f"{text}\n  hint: {self.hint}" if self.hint else text

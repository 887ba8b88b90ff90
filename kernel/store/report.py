"""What a check of the evidence found, in a form for people and programs.

Covers: findings, the report, collecting with a bound on names. Does not cover: checking
(`kernel.store.verify`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import msgspec

EVENTS_NAMED_MAX = 100
"""A finding names this many events at most; ``events_total`` counts them all."""
FINDINGS_MAX = 10_000


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """One damaged thing: what is wrong (``code``, stable), where, and whom it touches."""

    code: str
    where: str
    message: str
    events: tuple[str, ...] = ()
    events_total: int = 0


class VerifyReport(msgspec.Struct, frozen=True, kw_only=True):
    """The outcome of one check. ``notes`` tell what is unusual without being damage.

    ``ok`` is true when nothing is damaged. ``findings_left_out`` counts damage behind the
    first 10 000 findings.
    """

    ok: bool
    quick: bool
    events: int
    blobs: int
    segments: int
    ledger_entries: int
    bytes_checked: int
    findings: tuple[Finding, ...]
    notes: tuple[str, ...]
    findings_left_out: int = 0


@dataclass(frozen=True, slots=True)
class Progress:
    """How far one step of a long check has come; ``unit`` names what is counted."""

    step: str
    done: int
    total: int
    unit: str


ProgressSink = Callable[[Progress], None]


class Findings:
    """Collects findings and notes while a check runs."""

    def __init__(self) -> None:
        self._found: list[Finding] = []
        self._left_out = 0
        self.notes: list[str] = []

    def add(self, code: str, where: str, message: str, events: Iterable[str] = ()) -> None:
        """Record one damaged thing and the ids of the events it touches."""
        if len(self._found) >= FINDINGS_MAX:
            self._left_out += 1
            return
        named = list(events)
        self._found.append(
            Finding(
                code=code,
                where=where,
                message=message,
                events=tuple(named[:EVENTS_NAMED_MAX]),
                events_total=len(named),
            )
        )

    def note(self, text: str) -> None:
        """Record something unusual that is no damage."""
        self.notes.append(text)

    def result(self) -> tuple[tuple[Finding, ...], int]:
        """All findings in the order they were made, and how many were left out."""
        return tuple(self._found), self._left_out

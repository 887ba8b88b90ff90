"""What the inbox does about a file: ledger entries, read-back, moves to ``done`` and aside.

Covers: order (on record first, then moved), saying each thing once, trying again later. Does
not cover: what is decided (`kernel.capture.inbox`).
"""

from __future__ import annotations

import datetime as dt
import os
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from contracts.capture import CaptureEvent
from kernel.capture.inboxfate import InboxOutcome, InboxRules
from kernel.capture.inboxlisting import DONE_FOLDER, REFUSED_FOLDER
from kernel.capture.inboxreport import InboxReport
from kernel.capture.ingest import describe_path
from kernel.capture.keeping import CannotMove, move_aside, quarantine
from kernel.capture.refusal import Refusal
from kernel.capture.sink import InboxSink
from kernel.config.errors import KernelError
from kernel.store.clock import wall_clock_us

QUARANTINE_FOLDER = "inbox"
"""The inbox's folder below the data dir's quarantine."""
_LEDGER_SUBJECT_CHARS_MAX = 1024


class InboxClock(Protocol):
    """The two clocks of a poll."""

    def utc_us(self) -> int:
        """UTC now in microseconds."""
        ...

    def monotonic_s(self) -> float:
        """Seconds that never jump."""
        ...


class SystemClock:
    """The machine's clocks."""

    def utc_us(self) -> int:
        """UTC now."""
        return wall_clock_us()

    def monotonic_s(self) -> float:
        """Seconds since some moment."""
        return time.monotonic()


@dataclass(frozen=True, slots=True)
class Poll:
    """What every act of one poll writes to."""

    sink: InboxSink
    report: InboxReport


class InboxActs:
    """Acts on the files of one folder; one thread. Ledgers every outcome but plain taking."""

    def __init__(
        self, folder: Path, quarantine_dir: Path, rules: InboxRules, clock: InboxClock
    ) -> None:
        self._folder = folder
        self._quarantine_dir = quarantine_dir
        self._rules = rules
        self._clock = clock
        self._noted: dict[str, set[tuple[InboxOutcome, str]]] = {}
        self._held_until_s: dict[str, float] = {}

    def is_held(self, name: str, now_s: float) -> bool:
        """Whether an act on the name failed so recently that it is not tried again yet."""
        return now_s < self._held_until_s.get(name, now_s)

    def forget_all_but(self, names: frozenset[str]) -> None:
        """Names that are gone have no history when they come again."""
        self._noted = {name: said for name, said in self._noted.items() if name in names}
        self._held_until_s = {
            name: until for name, until in self._held_until_s.items() if name in names
        }

    def note(
        self,
        name: str,
        outcome: InboxOutcome,
        poll: Poll,
        *,
        code: str = "",
        reason: str = "",
        event: CaptureEvent | None = None,
    ) -> None:
        """Ledger and report the outcome, unless it was said of this name before.

        Raises `KernelError` when the ledger cannot be written.
        """
        said = self._noted.setdefault(name, set())
        if (outcome, code) in said:
            return
        detail = {"code": code, "reason": reason, "event_id": event.event_id if event else ""}
        poll.sink.record(
            f"inbox-{outcome}",
            describe_path(self._folder / name)[-_LEDGER_SUBJECT_CHARS_MAX:],
            {key: value for key, value in detail.items() if value},
        )
        said.add((outcome, code))
        poll.report.add(name, outcome, code=code, reason=reason, event=event)

    def check_read_back(self, name: str, event: CaptureEvent, data: bytes, poll: Poll) -> bool:
        """Whether the store gives back what was put in; if not, the file stays."""
        try:
            same = poll.sink.gives_back(event.blob, data)
            reason = "" if same else "other bytes came back"
        except KernelError as error:
            same, reason = False, error.message
        if not same:
            self._hold(name)
            self.note(name, InboxOutcome.READ_BACK_FAILED, poll, reason=reason, event=event)
        return same

    def file_away(
        self,
        names: Sequence[str],
        event: CaptureEvent,
        poll: Poll,
        *,
        was_stored: bool,
    ) -> bool:
        """Move an image (and sidecar) whose evidence is safe to ``done``; whether that worked."""
        image = names[0]
        if not was_stored:
            poll.report.add(image, InboxOutcome.TAKEN, event=event)
        elif not self._was_said(image, InboxOutcome.MOVE_FAILED, InboxOutcome.READ_BACK_FAILED):
            # Not stored by this process just before: a crash, or the same file dropped again.
            self.note(image, InboxOutcome.ALREADY_STORED, poll, event=event)
        try:
            kept = move_aside(
                [self._folder / name for name in names],
                self._folder / DONE_FOLDER / self._day(),
                self._mark(),
            )
        except CannotMove as error:
            self._hold(image)
            self.note(image, InboxOutcome.MOVE_FAILED, poll, reason=error.reason, event=event)
            return False
        if kept.renamed:
            reason = f"it lies in {DONE_FOLDER} as {describe_path(kept.paths[0])}"
            self.note(image, InboxOutcome.NAME_EXISTED, poll, reason=reason, event=event)
        self._forget(names)
        return True

    def put_aside(
        self,
        names: Sequence[str],
        outcome: InboxOutcome,
        poll: Poll,
        *,
        reason: str = "",
        refusal: Refusal | None = None,
    ) -> None:
        """Ledger the outcome and move the files to quarantine with a reason file."""
        code = refusal.code if refusal else ""
        reason = refusal.reason if refusal else reason
        files = [self._folder / name for name in names]
        if not os.path.lexists(files[0]):
            return
        self.note(names[0], outcome, poll, code=code, reason=reason)
        day = self._day()
        folders = [
            self._quarantine_dir / QUARANTINE_FOLDER / day,
            self._folder / REFUSED_FOLDER / day,
        ]
        explanation = {
            "outcome": outcome,
            "code": code,
            "reason": reason,
            "path": describe_path(files[0]),
            "with": ", ".join(names[1:]),
            "at": dt.datetime.fromtimestamp(self._clock.utc_us() / 1e6, dt.UTC).isoformat(),
        }
        try:
            quarantine(files, folders, self._mark(), explanation)
        except CannotMove as error:
            self._hold(names[0])
            self.note(names[0], InboxOutcome.MOVE_FAILED, poll, reason=error.reason)
            return
        self._forget(names)

    def _was_said(self, name: str, *outcomes: InboxOutcome) -> bool:
        return any(outcome in outcomes for outcome, _ in self._noted.get(name, ()))

    def _hold(self, name: str) -> None:
        self._held_until_s[name] = self._clock.monotonic_s() + self._rules.retry_s

    def _forget(self, names: Sequence[str]) -> None:
        for name in names:
            self._noted.pop(name, None)
            self._held_until_s.pop(name, None)

    def _day(self) -> str:
        return dt.datetime.fromtimestamp(self._clock.utc_us() / 1e6, dt.UTC).date().isoformat()

    def _mark(self) -> str:
        return str(self._clock.utc_us())

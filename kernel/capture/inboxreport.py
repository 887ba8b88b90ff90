"""What one look at the inbox did, for the kernel's log and for `kernel status`.

Covers: the report and its parts. Does not cover: the ledger, which has the same facts.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from contracts.capture import CaptureEvent
from kernel.capture.inboxfate import InboxOutcome


@dataclass(frozen=True, slots=True)
class Happening:
    """One outcome of one name in the inbox; ``code`` belongs to `InboxOutcome.REFUSED`."""

    name: str
    outcome: InboxOutcome
    code: str = ""
    reason: str = ""
    event_id: str = ""


@dataclass(slots=True)
class InboxReport:
    """The outcome of one poll.

    ``waiting``: names that are not finished yet. ``more``: a limit ended this poll, call
    again at once. ``problem``: the folder cannot be listed, or the store takes nothing.
    """

    happenings: list[Happening] = field(default_factory=list)
    waiting: int = 0
    more: bool = False
    problem: str | None = None

    def add(
        self,
        name: str,
        outcome: InboxOutcome,
        *,
        code: str = "",
        reason: str = "",
        event: CaptureEvent | None = None,
    ) -> None:
        """One happening more."""
        event_id = event.event_id if event else ""
        self.happenings.append(Happening(name, outcome, code, reason, event_id))

    def count(self, outcome: InboxOutcome) -> int:
        """How many happenings have that outcome."""
        return sum(1 for happening in self.happenings if happening.outcome is outcome)

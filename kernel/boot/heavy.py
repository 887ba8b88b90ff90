"""Whether heavy work may run now, and why not.

The conservative part that holds without any activity provider: unknown activity means
ACTIVE. Covers: combining the governor's word, a profile that counts as idle, and an explicit
request. Does not cover: measuring activity or budgets (`kernel.scheduling`).
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class HeavyWork:
    """The decision and its reason, as `kernel status` shows it."""

    allowed: bool
    reason: str


def decide(*, governor_allows: bool, governor_reason: str, explicit: bool) -> HeavyWork:
    """An explicit request beats activity; otherwise the governor decides."""
    if explicit:
        return HeavyWork(allowed=True, reason="asked for explicitly")
    return HeavyWork(allowed=governor_allows, reason=governor_reason)

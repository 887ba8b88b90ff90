"""Whether heavy work may run now, and why or why not, as `kernel status` shows it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class HeavyWork:
    """The decision and its reason."""

    allowed: bool
    reason: str

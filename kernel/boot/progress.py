"""How far the backlog is, for whoever waits for it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Progress:
    """Counts of tasks; ``stuck`` says why nothing more will come, or is empty."""

    unfinished: int
    in_hand: int
    done: int
    failed: int
    stuck: str

    @property
    def is_drained(self) -> bool:
        """Nothing waits and nothing runs."""
        return self.unfinished == 0 and self.in_hand == 0

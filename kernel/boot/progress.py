"""How far the backlog is, for whoever waits for it.

A person counts frames: one is read when its text is. What later stages make of it is told
beside that and never added to it. Covers: the counts and their words. Does not cover: counting.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

TEXT_STAGE = "text"


@dataclass(frozen=True, slots=True)
class Progress:
    """Counts of tasks; ``stuck`` says why nothing more will come, or is empty.

    ``unread``: frames whose text is still to be read; ``done_by``: of the tasks done, how many
    of each stage; ``looking``: what is stored is being looked over, which may make tasks.
    """

    unfinished: int
    in_hand: int
    done: int
    failed: int
    stuck: str
    unread: int = 0
    done_by: Mapping[str, int] = field(default_factory=dict)
    looking: bool = False

    @property
    def is_drained(self) -> bool:
        """Nothing waits and nothing runs."""
        return self.unfinished == 0 and self.in_hand == 0 and not self.looking


def describe_done(done_by: Mapping[str, int]) -> str:
    """Tasks done by stage in words: ``3 frames read``, with ``(state 3, delta 3)`` behind."""
    read = done_by.get(TEXT_STAGE, 0)
    later = ", ".join(f"{s} {n}" for s, n in done_by.items() if s != TEXT_STAGE and n)
    return f"{read} {'frame' if read == 1 else 'frames'} read" + (f" ({later})" if later else "")


def describe_progress(done_by: Mapping[str, int], *, unread: int, unfinished: int) -> str:
    """The same with what is left: frames first, then that later stages still work."""
    left = f", {unread} to go" if unread or not unfinished else ", later stages at work"
    return describe_done(done_by) + left

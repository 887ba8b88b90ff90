"""One honest word on how things stand: pure.

Covers: from facts to verdict and reason. Does not cover: gathering the facts (`status`). The
worst thing known wins: a kernel that runs but does not capture is never called healthy.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Word = Literal["recording", "capturing only", "processing", "paused", "degraded", "stopped"]


@dataclass(frozen=True, slots=True)
class Facts:
    """What the verdict depends on; ``problems`` are things that should not be."""

    running: bool
    problems: tuple[str, ...]
    paused: str
    heavy_allowed: bool
    heavy_reason: str
    waiting: int
    in_hand: int
    text_off: bool = False
    """The person chose to have no text made: nothing that waits will be read."""
    note: str = ""
    """What explains, beside ``heavy_reason``, why heavy work does not run."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """The word and why."""

    word: Word
    reason: str

    @property
    def is_healthy(self) -> bool:
        """Whether nothing needs the person's attention."""
        return self.word != "degraded"


NOT_RUNNING = "no kernel runs on this data dir"


def judge(facts: Facts) -> Verdict:
    """The verdict on these facts; a problem is one whether a kernel runs or not."""
    if facts.problems:
        known = facts.problems if facts.running else (*facts.problems, NOT_RUNNING)
        return Verdict("degraded", "; ".join(known))
    if not facts.running:
        return Verdict("stopped", NOT_RUNNING)
    if facts.in_hand:
        return Verdict("processing", f"{facts.waiting + facts.in_hand} tasks to go")
    if facts.paused:
        return Verdict("paused", facts.paused)
    if facts.text_off:
        unread = f"; {facts.waiting} captures wait unread" if facts.waiting else ""
        return Verdict("capturing only", f'pipeline.text_plugin = "none": no text is made{unread}')
    if facts.waiting and not facts.heavy_allowed:
        reason = f"{facts.waiting} tasks wait: {facts.heavy_reason}"
        return Verdict("capturing only", f"{reason}; {facts.note}" if facts.note else reason)
    if facts.waiting:
        return Verdict("processing", f"{facts.waiting} tasks wait for a host")
    return Verdict("recording", "everything captured so far has been read")

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


@dataclass(frozen=True, slots=True)
class Verdict:
    """The word and why."""

    word: Word
    reason: str

    @property
    def is_healthy(self) -> bool:
        """Whether nothing needs the person's attention."""
        return self.word != "degraded"


def judge(facts: Facts) -> Verdict:
    """The verdict on these facts."""
    if not facts.running:
        return Verdict("stopped", "no kernel runs on this data dir")
    if facts.problems:
        return Verdict("degraded", "; ".join(facts.problems))
    if facts.in_hand:
        return Verdict("processing", f"{facts.waiting + facts.in_hand} tasks to go")
    if facts.paused:
        return Verdict("paused", facts.paused)
    if facts.waiting and not facts.heavy_allowed:
        return Verdict("capturing only", f"{facts.waiting} tasks wait: {facts.heavy_reason}")
    if facts.waiting:
        return Verdict("processing", f"{facts.waiting} tasks wait for a host")
    return Verdict("recording", "everything captured so far has been read")

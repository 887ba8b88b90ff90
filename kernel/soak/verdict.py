"""The verdict over a soak: every criterion, and whether all of them passed. Pure.

Covers: putting the criteria together. Does not cover: reading the folder (`runfiles`), the
figures (`verdict_evidence`, `verdict_machine`, `verdict_course`), the limits (`thresholds`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from contracts.soak import SoakCriterion
from kernel.soak.runfiles import Run
from kernel.soak.verdict_course import judge_course
from kernel.soak.verdict_evidence import judge_evidence
from kernel.soak.verdict_machine import judge_machine


@dataclass(frozen=True, slots=True)
class Verdict:
    """All criteria in the order in which they are shown."""

    criteria: tuple[SoakCriterion, ...]

    @property
    def passed(self) -> bool:
        """Only if every one passed: an unknown is no pass."""
        return all(criterion.state == "pass" for criterion in self.criteria)

    @property
    def failed(self) -> tuple[SoakCriterion, ...]:
        """Those that failed."""
        return tuple(c for c in self.criteria if c.state == "fail")

    @property
    def unmeasured(self) -> tuple[SoakCriterion, ...]:
        """Those that could not be measured."""
        return tuple(c for c in self.criteria if c.state == "unknown")


def judge(run: Run) -> Verdict:
    """Judge everything that the folder says; the same folder gives the same verdict."""
    return Verdict((*judge_evidence(run), *judge_machine(run), *judge_course(run)))


def word(criteria: Sequence[SoakCriterion]) -> str:
    """The verdict in one word: passed, failed, or not proven where something is unknown."""
    states = {criterion.state for criterion in criteria}
    if "fail" in states:
        return "failed"
    return "not proven" if "unknown" in states else "passed"

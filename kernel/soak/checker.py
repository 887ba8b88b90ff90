"""Asks the running system about planted facts and checks every answer against what was planted.

Covers: choosing facts from minutes and hours ago, asking by the ordinary command, judging the
answer's citations. Does not cover: the verdict over all checks.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from kernel.config.paths import DataDir
from kernel.soak.book import Book, Planted
from kernel.soak.commands import Said, run_command
from kernel.soak.day import Truth
from kernel.soak.folder import RunFolder, now_us
from kernel.soak.part import Part
from kernel.soak.screens import Box
from kernel.soak.storeview import StoreView, frame_of

OLD_SHARE = 0.4
"""How often a fact of any age is taken instead of one of the newest."""
NEWEST = 12
PROBLEM_CHARS_MAX = 400
PENDING_EVERY = 6
"""Each so many checks asks for something that was not read yet: no answer may be made up."""


@dataclass(frozen=True, slots=True)
class Judged:
    """What an answer is worth."""

    found: bool = False
    cited: bool = False
    event_ok: bool = False
    box_iou_milli: int = 0
    answer: str = ""
    problem: str = ""


@dataclass(kw_only=True)
class Checker(Part):
    """Asks at each interval; `check_read` asks at once."""

    folder: RunFolder
    data_dir: DataDir
    book: Book
    store: StoreView
    environment: dict[str, str]
    every_s: float
    seed: int
    truth: Callable[[], Truth]
    note_ms: Callable[[float], None]
    done: int = 0
    found: int = 0
    _asked: int = 0

    def __post_init__(self) -> None:
        self._rng = random.Random(f"checks:{self.seed}")  # noqa: S311 - a script, no secret
        super().__post_init__()

    def check_read(self, count: int) -> None:
        """Ask for so many facts that were read, spread over the whole day."""
        read, _ = self._facts()
        for planted in read[:: max(1, len(read) // max(1, count))]:
            self._ask(planted, pending=False)

    def _work(self) -> None:
        while not self._stop.wait(self.every_s):
            self._check()

    def _check(self) -> None:
        read, unread = self._facts()
        self._asked += 1
        if unread and self._asked % PENDING_EVERY == 0:
            self._ask(self._rng.choice(unread), pending=True)
        elif read:
            pool = read if self._rng.random() < OLD_SHARE else read[-NEWEST:]
            self._ask(self._rng.choice(pool), pending=False)

    def _facts(self) -> tuple[list[Planted], list[Planted]]:
        """Facts whose first frame was read, and facts of which no frame can have been yet."""
        self.store.follow()
        processed = self.store.processed()
        planted = self.book.planted()
        read = [item for item in planted if item.frame_id in processed]
        shown = {fact for frame in processed for fact in self.book.facts_on(frame)}
        unread = [item for item in planted if item.fact.fact_id not in shown]
        return read, unread

    def _ask(self, planted: Planted, *, pending: bool) -> None:
        while_truth = self.truth()
        began_us = now_us()
        arguments = ["query", "--json", "--data-dir", str(self.data_dir.root)]
        said = run_command([*arguments, planted.fact.question], self.environment)
        judged = judge(said, planted, self.book)
        self.note_ms(said.took_ms)
        if pending and judged.found:
            # It was read while we asked: an ordinary check after all.
            pending = False
        self.done += not pending
        self.found += judged.found
        self.folder.check(
            {
                "at_us": began_us,
                "fact_id": planted.fact.fact_id,
                "age_s": round((began_us - planted.at_us) / 1e6, 1),
                "while": while_truth,
                "pending": pending,
                "found": judged.found,
                "cited": judged.cited,
                "event_ok": judged.event_ok,
                "box_iou_milli": judged.box_iou_milli,
                "ms": said.took_ms,
                "question": planted.fact.question,
                "answer": judged.answer,
                "expected": planted.fact.answer,
                "problem": judged.problem,
            }
        )


def judge(said: Said, planted: Planted, book: Book) -> Judged:
    """Whether the answer is the planted one and every citation of it shows it there.

    Claims without the planted answer are not looked at; an answer that has none but such is
    wrong, which is worse than no answer.
    """
    document = said.document
    if document is None or "state" not in document:
        words = said.complaint or f"exit status {said.status}"
        # The last words: a traceback ends with what it is about.
        return Judged(problem=f"no answer: {words[-PROBLEM_CHARS_MAX:]}")
    answer = str(document["answer"])[:300]
    claims = [claim for claim in document["claims"] if planted.fact.answer in claim["text"]]
    if not claims:
        wrong = bool(document["claims"])
        # Nothing is claimed: nothing is uncited either.
        problem = "the answer is another one" if wrong else ""
        cited = all(claim["citations"] for claim in document["claims"])
        return Judged(cited=cited, event_ok=not wrong, answer=answer, problem=problem)
    citations = [citation for claim in claims for citation in claim["citations"]]
    iou_milli, problem = _judge_citations(citations, planted.fact.fact_id, book)
    return Judged(
        found=True,
        cited=all(claim["citations"] for claim in claims),
        event_ok=not problem,
        box_iou_milli=iou_milli,
        answer=answer,
        problem=problem,
    )


def overlap_milli(cited: Sequence[int], planted: Box) -> int:
    """Intersection over union in 1/1000; ``cited`` is (left, top, right, bottom)."""
    x, y, width, height = planted
    left, top = max(cited[0], x), max(cited[1], y)
    right, bottom = min(cited[2], x + width), min(cited[3], y + height)
    shared = max(0, right - left) * max(0, bottom - top)
    area = (cited[2] - cited[0]) * (cited[3] - cited[1]) + width * height - shared
    return round(1000 * shared / area) if area > 0 else 0


def _judge_citations(
    citations: Sequence[dict[str, Any]], fact_id: str, book: Book
) -> tuple[int, str]:
    """The best overlap, and what is wrong with the first citation that is."""
    best = 0
    for citation in citations:
        frame_id = frame_of(citation["source_path"])
        box = book.box_of(frame_id, fact_id) if frame_id else None
        if box is None:
            return best, f"cites {citation['source_path']}, which does not show the fact"
        best = max(best, overlap_milli(citation["box"], box))
    return best, "" if best else "no cited box overlaps the planted one"

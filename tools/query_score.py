"""How well questions about a week are answered: found, cited right, false claims.

    python tools/query_score.py [--only PART] [--show-wrong] [--json]

Builds a data dir from the fixtures (`tools/query_week.py`), asks every question of the story
and judges the answers. The held-out questions were written before any answer was looked at
and are reported apart, as are those on subject and kind. Covers: asking,
judging, counting. Does not cover: reading pixels.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import zoneinfo
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from contracts.answer import Answer
from contracts.capture import CaptureEvent
from contracts.derivation import DerivationKey, StageTiming
from kernel.config.paths import DataDir
from kernel.query.answering import Limits, Request, ask
from kernel.query.stores import Timeline
from kernel.query.timeline import StoredTimeline
from kernel.store.derived import DerivedStore
from kernel.store.evidence import EvidenceStore
from tools.query_week import KINDS, Question, Week, read_questions, read_week

RECALL_GOAL = 0.95
_PARTS = ("known", "held-out", "kinds", "kinds-held-out")
_LOCKS = ("1" * 64, "2" * 64)
_TIMING = StageTiming(
    queue_wait_us=0, load_us=0, run_us=1, input_bytes=1, memory_peak_bytes=1, finished_at_us=1
)


@dataclass(frozen=True, slots=True)
class Judged:
    """One answer against what was expected; ``cited`` is about answers that should be there."""

    question: Question
    answer: Answer
    found: bool
    cited: bool
    citations_right: int
    citations: int

    @property
    def right(self) -> bool:
        """Found and cited right, or silent where nothing answers."""
        return self.found and (self.cited or not self.question.blocks)


@dataclass(slots=True)
class Store:
    """The week as a data dir, open."""

    evidence: EvidenceStore
    derived: DerivedStore
    timeline: Timeline
    block_of_event: dict[str, str]
    week: Week

    def ask(self, text: str, limits: Limits | None = None) -> Answer:
        """The answer at the story's time, in the person's zone."""
        request = Request(text, self.week.now_us, zoneinfo.ZoneInfo(self.week.zone))
        return ask(
            self.evidence,
            self.derived,
            request,
            locks=_LOCKS,
            limits=limits,
            timeline=self.timeline,
        )

    def close(self) -> None:
        """Close the stores."""
        self.derived.close()
        self.evidence.close()


def build(root: Path, week: Week | None = None) -> Store:
    """Capture and read the whole week in a fresh data dir."""
    week = week or read_week()
    data_dir = DataDir(root)
    # A fixed clock: event ids depend on when a capture was received.
    evidence = EvidenceStore.open(data_dir, now_us=lambda: week.now_us)
    derived = DerivedStore.open(data_dir)
    done = evidence.append([shot.draft for shot in week.shots])
    blocks = {ack.event.event_id: shot.block for ack, shot in zip(done, week.shots, strict=True)}
    shown: dict[str, list[CaptureEvent]] = {}
    for ack in done:
        shown.setdefault(ack.event.blob, []).append(ack.event)
    for shot in {shot.page.blob: shot for shot in week.shots}.values():
        key = DerivationKey(
            input_digest=shot.page.blob,
            stage="text",
            plugin_id="ocr_rapidocr",
            plugin_version="1.0.0",
            config_digest="0" * 64,
        )
        derived.commit_page(key, shot.page, _TIMING, shown[shot.page.blob])
    return Store(evidence, derived, StoredTimeline(derived.intervals), blocks, week)


def judge(question: Question, answer: Answer, block_of_event: dict[str, str]) -> Judged:
    """Compare an answer with what was expected."""
    shown = "\n".join([answer.answer, *(claim.text for claim in answer.claims)])
    cited = [
        block_of_event.get(citation.event_id, "")
        for claim in answer.claims
        for citation in claim.citations
    ]
    right = sum(block in question.blocks for block in cited)
    if not question.blocks:
        silent = answer.state == "no_evidence" and not answer.claims
        return Judged(question, answer, silent, cited=False, citations_right=0, citations=0)
    found = bool(answer.claims) and all(part in shown for part in question.contains)
    return Judged(question, answer, found, right > 0, right, len(cited))


def score(judged: Sequence[Judged]) -> dict[str, float | int]:
    """Counts and shares over answers."""
    due = [j for j in judged if j.question.blocks]
    silent = [j for j in judged if not j.question.blocks]
    citations = sum(j.citations for j in due)
    return {
        "questions": len(judged),
        "positives": len(due),
        "right": sum(j.right for j in due),
        "recall": round(sum(j.right for j in due) / max(1, len(due)), 4),
        "citation_precision": round(sum(j.citations_right for j in due) / max(1, citations), 4),
        "negatives": len(silent),
        "false_claims": sum(not j.right for j in silent),
    }


def questions_of(part: str, week: Week) -> tuple[Question, ...]:
    """The questions of one part: known or held out, of the story or on subject and kind."""
    questions = read_questions(KINDS) if part.startswith("kinds") else week.questions
    return tuple(q for q in questions if q.held_out is part.endswith("held-out"))


def main() -> int:
    """Ask and print; 0 when every goal is met."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--show-wrong", action="store_true", help="print wrong answers")
    parser.add_argument("--only", choices=[*_PARTS, "all"], default="all")
    parser.add_argument("--json", action="store_true", dest="as_json")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        store = build(Path(folder))
        wanted = [arguments.only] if arguments.only != "all" else list(_PARTS)
        scores = {}
        for name in wanted:
            asked = questions_of(name, store.week)
            judged = [judge(q, store.ask(q.text), store.block_of_event) for q in asked]
            scores[name] = score(judged)
            if arguments.show_wrong:
                _show(judged, store)
        store.close()
    sys.stdout.write(json.dumps(scores, indent=None if arguments.as_json else 1) + "\n")
    goals = all(s["recall"] >= RECALL_GOAL and not s["false_claims"] for s in scores.values())
    return 0 if goals else 1


def _show(judged: Sequence[Judged], store: Store) -> None:
    for one in judged:
        wrong_places = one.citations - one.citations_right
        if one.right and not wrong_places:
            continue
        q = one.question
        sys.stdout.write(
            f"{q.question_id} {q.kind} {q.text!r} wants {q.contains} {set(q.blocks)}\n"
        )
        sys.stdout.write(
            f"    {one.answer.state} {one.answer.answer_type}: {one.answer.answer[:300]!r}\n"
        )
        places = sorted(
            {
                store.block_of_event[c.event_id]
                for claim in one.answer.claims
                for c in claim.citations
            }
        )
        sys.stdout.write(f"    cites {places}; {one.answer.notes}\n")


if __name__ == "__main__":
    raise SystemExit(main())

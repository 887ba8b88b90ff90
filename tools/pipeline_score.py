"""Was a question answered, and does a citation show it: one judgement per query.

Covers: judging `kernel query --json` against a manifest's query, counting. Pure. Does not
cover: asking (`tools/run_fixture_pipeline.py`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from tools.pipeline_manifest import Box, Query

COVER_SHARE_MIN: Final = 0.7
"""A word counts as cited when this share of its area lies in the citation's box."""

Words = Mapping[str, Sequence[tuple[str, Box]]]
"""Ground truth by frame: word and box."""


@dataclass(frozen=True, slots=True)
class Judgement:
    """What became of one query.

    ``found``: the parts asked for are in the answer (for a query without an answer: nothing was
    claimed). ``cited``: a citation is on a right frame and covers the evidence. ``false_claim``:
    something was claimed where nothing answers.
    """

    query: Query
    found: bool
    cited: bool
    false_claim: bool
    shown: str

    @property
    def right(self) -> bool:
        """Found, and cited right where an answer was due."""
        return self.found and (self.cited or self.query.expect_none)


def judge(
    query: Query, answer: Mapping[str, Any], frame_of_event: Mapping[str, str], words: Words
) -> Judgement:
    """Compare an answer document with what was expected.

    ``frame_of_event`` names the frame of each event; equal frames may have several events.
    """
    claims = answer["claims"]
    shown = "\n".join([answer["answer"], *(claim["text"] for claim in claims)])
    if query.expect_none:
        silent = answer["state"] == "no_evidence" and not claims
        return Judgement(query, silent, cited=False, false_claim=not silent, shown=shown)
    citations = [
        (frame_of_event.get(citation["event_id"], ""), tuple(citation["box"]))
        for claim in claims
        for citation in claim["citations"]
    ]
    found = bool(claims) and all(part in shown for part in query.answer_contains)
    cited = any(_proves(query, name, box, words) for name, box in citations)
    return Judgement(query, found, cited, false_claim=False, shown=shown)


def _proves(query: Query, name: str, box: Box, words: Words) -> bool:
    if query.frame and name not in query.frame:
        return False
    on_frame = words.get(name, ())
    covered = {text for text, place in on_frame if cover_share(box, place) >= COVER_SHARE_MIN}
    # Without ground truth the frame and the boxes have to do.
    evidence_ok = not on_frame or set(query.evidence) <= covered
    return evidence_ok and all(cover_share(box, place) >= COVER_SHARE_MIN for place in query.boxes)


def cover_share(box: Box, place: Box) -> float:
    """Share of ``place`` that lies inside ``box``; 0 for a place without area."""
    width = min(box[2], place[2]) - max(box[0], place[0])
    height = min(box[3], place[3]) - max(box[1], place[1])
    area = (place[2] - place[0]) * (place[3] - place[1])
    return max(0.0, width) * max(0.0, height) / area if area > 0 else 0.0


@dataclass(frozen=True, slots=True)
class Score:
    """Counts over all judgements."""

    asked: int
    found: int
    cited: int
    negatives: int
    false_claims: int
    missed: tuple[Judgement, ...] = field(default=())

    @property
    def recall(self) -> float:
        """Share of the questions with an answer that were answered; 1 when there were none."""
        return self.found / self.asked if self.asked else 1.0

    @property
    def citation_precision(self) -> float:
        """Share of the answers found whose citation is right; 1 when none was found."""
        return self.cited / self.found if self.found else 1.0


def count(judgements: Sequence[Judgement]) -> Score:
    """Add up; ``missed`` keeps whatever was not right, in the order asked."""
    positive = [j for j in judgements if not j.query.expect_none]
    return Score(
        asked=len(positive),
        found=sum(j.found for j in positive),
        cited=sum(j.found and j.cited for j in positive),
        negatives=len(judgements) - len(positive),
        false_claims=sum(j.false_claim for j in judgements),
        missed=tuple(j for j in judgements if not j.right),
    )

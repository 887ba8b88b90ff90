"""Everything an answer is made from, and what may be spent on it.

Covers: the bundle that the ways of answering share, and what they give back. Does not cover:
opening stores.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import apsw

from contracts.answer import Claim
from kernel.query.citing import FRAME_EXTRACTOR, Citer, verify_claim
from kernel.query.deadline import Deadline, OutOfTime
from kernel.query.plan import Reading
from kernel.query.searching import SearchLimits
from kernel.query.sightings import Sighting, find_sightings, on_its_frame
from kernel.query.similar import Alike
from kernel.query.stores import Derived, Evidence, Timeline


@dataclass(frozen=True, slots=True)
class Sources:
    """The stores, the clock of the person, and the limits of one question.

    ``order``: "relevance" or "newest"; ``claims_max`` of lines, changes and summaries.
    """

    evidence: Evidence
    derived: Derived
    timeline: Timeline
    citer: Citer
    zone: dt.tzinfo
    deadline: Deadline
    search: SearchLimits
    claims_max: int
    order: str = "relevance"
    alike: tuple[Alike, ...] = ()
    """Texts of like meaning, when they were asked for."""


@dataclass(slots=True)
class Outcome:
    """Claims that verified, what they were read by, and what fell.

    ``rows_max_reached`` and ``cut`` say that more may be there than was looked at.
    """

    claims: list[Claim] = field(default_factory=list)
    dropped: int = 0
    cut: bool = False
    notes: list[str] = field(default_factory=list)

    def add(self, claim: Claim, sources: Sources) -> bool:
        """Keep the claim if every citation stands; else count it as dropped."""
        if verify_claim(claim, sources.evidence, sources.derived) is None:
            self.claims.append(claim)
            return True
        self.dropped += 1
        return False

    @contextmanager
    def until_over(self) -> Iterator[None]:
        """Keep what was found when the time is over in the middle of it: the rest is cut."""
        try:
            yield
        except (OutOfTime, apsw.InterruptError):
            self.cut = True

    def extractors(self) -> Iterable[str]:
        """Which plugins read what is cited, sorted."""
        return sorted(
            {
                f"{citation.extractor} {citation.extractor_version}"
                for claim in self.claims
                for citation in claim.citations
                if citation.extractor != FRAME_EXTRACTOR
            }
        )


def sightings_of(reading: Reading, sources: Sources) -> list[Sighting]:
    """The intervals that hold what a reading asks about."""
    beside = on_its_frame(sources.evidence, sources.derived)
    return find_sightings(sources.timeline, reading.question, reading.scope, beside=beside)

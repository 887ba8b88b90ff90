"""From a question to an answer whose every claim was verified.

Covers: the steps (analyse, retrieve, rank, cite, verify), ties between frames, coverage and
state of the answer, the limits on all of it. Does not cover: printing. Same stores and same
question give the same answer, byte for byte.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

import apsw

from contracts.answer import Answer, Claim, Coverage, Provenance
from contracts.capture import CaptureEvent
from contracts.derivation import DerivationKey
from contracts.text import TextPage
from kernel.config.errors import KernelError
from kernel.query.candidates import Candidate
from kernel.query.citing import CITATIONS_MAX, Evidence, Pages, make_claim, verify_claim
from kernel.query.layout import PageLayout
from kernel.query.question import Kind, Question, analyse
from kernel.query.ranking import lines_with_terms, rank
from kernel.query.retrieval import Index, find_blobs
from kernel.store.folding import squash

METHOD = "extractive-2"
"""Name of the way of answering, for the provenance; changes when answers may change."""
QUESTION_CHARS_MAX = 2000


class Derived(Index, Pages, Protocol):
    """What the query reads of `kernel.store.derived.DerivedStore`."""

    def count_processed_events(self) -> int:
        """How many events show a blob with text."""
        ...

    def stop_when(self, is_over: Callable[[], bool]) -> None:
        """Break off running statements once this says so."""
        ...


class NothingProcessed:
    """Stands in for the derived store of a data dir in which nothing was processed yet."""

    def blobs_matching_words(self, match: str, *, texts_max: int) -> tuple[str, ...]:
        """None."""
        _ = match, texts_max
        return ()

    def blobs_holding(self, squashed: str, *, texts_max: int) -> tuple[str, ...]:
        """None."""
        _ = squashed, texts_max
        return ()

    def page_of(self, blob: str) -> tuple[DerivationKey, TextPage] | None:
        """None."""
        _ = blob
        return None

    def count_processed_events(self) -> int:
        """Zero."""
        return 0

    def stop_when(self, is_over: Callable[[], bool]) -> None:
        """Nothing runs, so nothing is stopped."""
        _ = is_over


@dataclass(frozen=True, slots=True)
class Limits:
    """What one query may cost."""

    blobs_max: int = 256
    """Pages that are read."""
    pages_max: int = 64
    """Pages that are looked at closely."""
    texts_max: int = 2000
    claims_max: int = 5
    time_limit_s: float = 30.0
    now_s: Callable[[], float] = field(default=time.monotonic)


@dataclass(frozen=True, slots=True)
class _Found:
    score: int
    candidate: Candidate
    confidence: int
    key: DerivationKey
    page: TextPage
    event: CaptureEvent

    def rank_key(self) -> tuple[object, ...]:
        """Best first: score in steps, what the layout says most, the newest frame."""
        return (
            -(self.score // _SCORE_STEP),
            self.candidate.form,
            -self.event.captured_at_us,
            -self.score,
            self.candidate.answer,
            self.event.event_id,
        )


_SCORE_STEP = 20
_PER_PAGE_MAX = 8
_FIND_SHARE = 600
_SAME_SHARE = 700
_FRAMES_MAX = 4
_ALIKE_MAX = 4


def ask(
    evidence: Evidence,
    derived: Derived,
    question: str,
    *,
    locks: tuple[str, str],
    limits: Limits | None = None,
) -> Answer:
    """The answer to a question from what is stored; never anything else.

    ``locks``: digests of the contracts lock and the plugins lock. Raises `KernelError`:
    ``question-too-long``, ``query-timeout``.
    """
    limits = limits or Limits()
    if len(question) > QUESTION_CHARS_MAX:
        raise KernelError(
            "question-too-long",
            f"the question has {len(question)} characters, {QUESTION_CHARS_MAX} are the most",
        )
    end_s = limits.now_s() + limits.time_limit_s
    derived.stop_when(lambda: limits.now_s() > end_s)
    try:
        return _answer(evidence, derived, analyse(question), locks, limits, end_s)
    except apsw.InterruptError as error:
        raise _timeout(limits) from error
    finally:
        derived.stop_when(lambda: False)


def _answer(
    evidence: Evidence,
    derived: Derived,
    question: Question,
    locks: tuple[str, str],
    limits: Limits,
    end_s: float,
) -> Answer:
    found = _search(evidence, derived, question, limits, end_s)
    claims: list[Claim] = []
    extractors: list[str] = []
    dropped = 0
    wanted = limits.claims_max if question.kind is Kind.FIND else 1
    for group in _distinct(found):
        if len(claims) >= wanted:
            break
        if claims and group[0].score < found[0].score * _FIND_SHARE // 1000:
            break
        sound = []
        for item in group:
            claim = make_claim(item.candidate, item.key, item.page, item.event)
            if verify_claim(claim, evidence, derived) is None:
                sound.append(claim)
                extractors.append(f"{item.key.plugin_id} {item.key.plugin_version}")
            else:
                dropped += 1
        if sound:
            claims.append(_joined(sound))
    coverage = Coverage(events=evidence.count_events(), processed=derived.count_processed_events())
    provenance = Provenance(
        method=METHOD,
        contracts_lock=locks[0],
        plugins_lock=locks[1],
        extractors=tuple(sorted(set(extractors))),
        claims_dropped=dropped,
    )
    return _compose(question, claims, coverage, provenance)


def _compose(
    question: Question, claims: list[Claim], coverage: Coverage, provenance: Provenance
) -> Answer:
    complete = coverage.processed >= coverage.events and not provenance.claims_dropped
    return Answer(
        question=question.text,
        state="no_evidence" if not claims else "ok" if complete else "partial",
        answer="\n".join(claim.text for claim in claims) or _nothing(coverage),
        claims=tuple(claims),
        coverage=coverage,
        provenance=provenance,
    )


def _nothing(coverage: Coverage) -> str:
    if not coverage.events:
        return "No evidence: nothing has been captured yet."
    return (
        "No evidence: nothing that was captured answers this "
        f"({coverage.processed} of {coverage.events} captures have been read)."
    )


def _search(
    evidence: Evidence, derived: Derived, question: Question, limits: Limits, end_s: float
) -> list[_Found]:
    """Candidates of the pages worth reading, best first.

    Frames of one window are many and alike: of those on which the terms stand in the same
    lines only the newest few are looked at closely.
    """
    if not question.terms:
        return []
    found: list[_Found] = []
    alike: Counter[frozenset[str]] = Counter()
    for blob, event in _pages_to_read(evidence, derived, question, limits):
        if limits.now_s() > end_s:
            raise _timeout(limits)
        if alike.total() >= limits.pages_max:
            break
        stored = derived.page_of(blob)
        if stored is None:
            continue
        lines = lines_with_terms(stored[1], question)
        if alike[lines] >= _ALIKE_MAX:
            continue
        alike[lines] += 1
        for item in rank(PageLayout(stored[1]), question)[:_PER_PAGE_MAX]:
            sure = _confidence(stored[1], item.candidate)
            found.append(_Found(item.score, item.candidate, sure, *stored, event))
    return sorted(found, key=_Found.rank_key)


def _pages_to_read(
    evidence: Evidence, derived: Derived, question: Question, limits: Limits
) -> list[tuple[str, CaptureEvent]]:
    """Blobs with their newest event: most of the question first, then the newest."""
    pages = []
    for blob, weight in find_blobs(
        derived, question, texts_max=limits.texts_max, blobs_max=limits.blobs_max
    ):
        events = evidence.events_of_blob(blob)
        if events:
            event = max(events, key=lambda e: (e.captured_at_us, e.seq))
            pages.append((-weight, -event.captured_at_us, -event.seq, blob, event))
    return [(page[3], page[4]) for page in sorted(pages, key=lambda page: page[:4])]


def _confidence(page: TextPage, candidate: Candidate) -> int:
    """The lowest confidence among the words of the answer."""
    levels = [
        word.confidence_permille
        for part in candidate.answer
        for word in page.lines[part.line].words
        if word.start < part.end and word.end > part.start
    ]
    return min(levels, default=0)


def _joined(claims: list[Claim]) -> Claim:
    """The first claim, with the citations of the other frames that show the same."""
    citations = dict.fromkeys(c for claim in claims for c in claim.citations)
    return Claim(text=claims[0].text, citations=tuple(citations)[:CITATIONS_MAX])


def _distinct(found: list[_Found]) -> list[list[_Found]]:
    """Groups of equal answers, best first; in a group the surest reading, then the newest.

    The same words on several frames may be read with different mistakes; answers that
    differ only in letters that OCR confuses, case and separators are equal. One of each
    frame, and no more than a few frames.
    """
    groups: dict[str, list[_Found]] = {}
    for item in found:
        groups.setdefault(squash(item.candidate.text), []).append(item)
    return [_with_surest_first(group) for group in groups.values()]


def _with_surest_first(group: list[_Found]) -> list[_Found]:
    near = [i for i in group if 1000 * i.score >= _SAME_SHARE * group[0].score]
    surest = max(near, key=lambda i: (i.confidence, i.event.captured_at_us, i.score))
    near.sort(key=lambda i: (i.candidate.text != surest.candidate.text, i.rank_key()))
    by_blob = {item.page.blob: item for item in reversed(near)}
    return [item for item in near if by_blob[item.page.blob] is item][:_FRAMES_MAX]


def _timeout(limits: Limits) -> KernelError:
    return KernelError(
        "query-timeout",
        f"the question took longer than {limits.time_limit_s:g} s",
        hint="name something rarer (a name, a number), or give more time: --time-limit",
    )

"""Which candidate answers, and whether any does.

Covers: how near each term of the question is to a candidate, the score, and the rules under
which nothing is said at all. Does not cover: finding candidates, ties between frames
(`kernel.query.answering`). Pure; scores are integers so that every machine agrees.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from kernel.query import candidates as finding
from kernel.query import shapes
from kernel.query.candidates import Candidate, Form, PageHits, Part
from kernel.query.layout import Hit, PageLayout, Piece, distance
from kernel.query.question import Kind, Question, Term
from kernel.query.tables import table_cells

LEVEL_OWN = 1000
LEVEL_PIECE = 920
LEVEL_BLOCK = 820
LEVEL_TITLE = 780
LEVEL_ROW = 760
LEVEL_HEADING = 700
LEVEL_NEAR = 650
LEVEL_PAGE = 350
LOCAL = 700
"""A term at this level or above counts as being where the candidate is."""

_TYPE_BONUS = 180
_NAMED_BONUS = 60
_PAGE_SHARE_MIN = 600
_LOCAL_SHARE_MIN = 450
_NEAR_HEIGHTS = 12.0
_TITLE_SHARE = 0.05


@dataclass(frozen=True, slots=True)
class Scored:
    """A candidate with its score in thousandths (a perfect match is about 1500)."""

    candidate: Candidate
    score: int


def find_hits(layout: PageLayout, question: Question) -> PageHits:
    """Every term's occurrences on the page."""
    return PageHits(tuple(tuple(layout.find(term.needle)) for term in question.terms))


def rank(layout: PageLayout, question: Question) -> list[Scored]:
    """The acceptable candidates of a page, best first; empty when it does not answer."""
    hits = find_hits(layout, question)
    if not _holds_specifics(layout, question, hits):
        return []
    scored = []
    for candidate in _candidates(layout, question, hits):
        judged = _judge(layout, question, hits, candidate)
        if judged is not None:
            scored.append(Scored(candidate, judged))
    scored.sort(key=lambda s: (-s.score, s.candidate.form, s.candidate.answer))
    return scored


def _candidates(layout: PageLayout, question: Question, hits: PageHits) -> Iterator[Candidate]:
    yield from finding.sentences(layout, hits)
    if question.kind is Kind.FIND:
        return
    yield from finding.inline_fields(layout, hits)
    yield from finding.neighbour_fields(layout, hits)
    yield from finding.card_neighbours(layout, hits, question)
    yield from table_cells(layout, hits)


def _holds_specifics(layout: PageLayout, question: Question, hits: PageHits) -> bool:
    for term, found in zip(question.terms, hits.by_term, strict=True):
        if term.specific and not found:
            return False
    return all(
        _stand_together(layout, [hits.by_term[index] for index in group])
        for group in question.groups
    )


def _stand_together(layout: PageLayout, runs: list[tuple[Hit, ...]]) -> bool:
    """Whether the terms of a group occur in order with at most two words between."""
    for first in runs[0]:
        at = first
        for following in runs[1:]:
            after = next((hit for hit in following if _follows(layout, at, hit)), None)
            if after is None:
                break
            at = after
        else:
            return True
    return False


def _follows(layout: PageLayout, first: Hit, second: Hit) -> bool:
    if first.line == second.line:
        between = layout.page.lines[first.line].text[first.end : second.start]
        return second.start >= first.end and len(between.split()) <= 2
    left, right = layout.pieces[first.piece], layout.pieces[second.piece]
    beside = layout.right_of(left)
    if beside is not None and beside.index == right.index:
        return True
    return any(below.index == right.index for below in layout.below(left, reach=0.5))


def _judge(
    layout: PageLayout, question: Question, hits: PageHits, candidate: Candidate
) -> int | None:
    levels = [_level(layout, found, candidate) for found in hits.by_term]
    weights = [term.weight for term in question.terms]
    total = sum(weights)
    if not total:
        return None
    page = sum(w for w, level in zip(weights, levels, strict=True) if level > 0)
    local = sum(w for w, level in zip(weights, levels, strict=True) if level >= LOCAL)
    named = _asked_is_own(question, levels, candidate)
    if 1000 * page < _PAGE_SHARE_MIN * total:
        return None
    if 1000 * local < _LOCAL_SHARE_MIN * total and not named:
        return None
    if not _says_what_is_asked(question, levels, candidate):
        return None
    if _only_repeats(question, candidate, hits):
        return None
    score = sum(w * level for w, level in zip(weights, levels, strict=True)) // total
    score += _NAMED_BONUS if named else 0
    fits = shapes.fits(question.kind, candidate.value)
    if question.kind in (Kind.PERSON, Kind.TIME, Kind.NUMBER):
        score += _TYPE_BONUS if fits else -_TYPE_BONUS
    if question.kind is Kind.REASON:
        score += _reason_bonus(candidate)
    for term in question.terms:
        if term.asked and shapes.has_shape_of(term.text, candidate.value):
            score += _TYPE_BONUS // 2
            break
    return score + candidate.bonus


def _reason_bonus(candidate: Candidate) -> int:
    """A reason is told in words: a sentence or log line, best with a cue."""
    told = candidate.form is Form.SENTENCE or candidate.value.count(" ") >= 3
    cued = shapes.tells_reason(candidate.value)
    return (_TYPE_BONUS if told else -_TYPE_BONUS) + (_TYPE_BONUS // 2 if cued else 0)


def _says_what_is_asked(question: Question, levels: list[int], candidate: Candidate) -> bool:
    """Each asked word is near, or the value looks like what the word names."""
    if question.kind is Kind.FIND:
        return True
    asked = met = 0
    for term, level in zip(question.terms, levels, strict=True):
        if term.asked:
            asked += 1
            met += level >= LOCAL or _named_by_shape(term, candidate)
    if question.strict:
        return met == asked
    return 2 * met >= asked


def _asked_is_own(question: Question, levels: list[int], candidate: Candidate) -> bool:
    """Whether a label or head of the candidate names all that is asked."""
    if candidate.form is Form.SENTENCE:
        return False
    asked = [
        level
        for term, level in zip(question.terms, levels, strict=True)
        if term.asked and (not term.specific or len(question.terms) == 1)
    ]
    return bool(asked) and min(asked) >= LEVEL_OWN * 84 // 100


def _named_by_shape(term: Term, candidate: Candidate) -> bool:
    return not term.specific and shapes.has_shape_of(term.text, candidate.value)


def _only_repeats(question: Question, candidate: Candidate, hits: PageHits) -> bool:
    """Whether the candidate holds no word beyond those of the question."""
    if question.kind is Kind.FIND:
        return False
    value = candidate.value
    return not any(ch.isalnum() for ch in _without_hits(candidate, hits, value))


def _without_hits(candidate: Candidate, hits: PageHits, value: str) -> str:
    if len(candidate.answer) != 1 or candidate.form is not Form.SENTENCE:
        return value
    part = candidate.answer[0]
    kept = [
        ch
        for at, ch in enumerate(value, start=part.start)
        if not any(
            hit.line == part.line and hit.start <= at < hit.end
            for found in hits.by_term
            for hit in found
        )
    ]
    return "".join(kept)


def _level(layout: PageLayout, found: tuple[Hit, ...], candidate: Candidate) -> int:
    """How near the nearest occurrence of a term is to the candidate, times its quality."""
    best = 0
    for hit in found:
        best = max(best, _nearness(layout, hit, candidate) * hit.quality // 1000)
    return best


def _nearness(layout: PageLayout, hit: Hit, candidate: Candidate) -> int:
    own = (*candidate.answer, *candidate.support)
    if any(_overlaps(hit, part) for part in own):
        return LEVEL_OWN
    home = [layout.piece_at(part.line, part.start) for part in own]
    piece = layout.pieces[hit.piece]
    if any(piece.index == member.index for member in home):
        return LEVEL_PIECE
    if any(layout.same_block(piece, member) for member in home):
        return LEVEL_BLOCK
    return _distant_level(layout, piece, home[0])


def _distant_level(layout: PageLayout, piece: Piece, home: Piece) -> int:
    heights = distance(piece.box, home.box) / layout.height
    level = LEVEL_PAGE + int((LEVEL_NEAR - LEVEL_PAGE) * _NEAR_HEIGHTS / (_NEAR_HEIGHTS + heights))
    if any(other.index == piece.index for other in layout.row_of(home)) and heights < 12:
        level = max(level, LEVEL_ROW)
    if piece.box[3] <= _TITLE_SHARE * layout.page.height_px and piece.box[1] < home.box[1]:
        level = max(level, LEVEL_TITLE)
    short = len(piece.text.split()) <= 6
    if short and piece.box[3] <= home.box[1] and piece.height > 1.12 * layout.height:
        level = max(level, LEVEL_HEADING)
    return level


def _overlaps(hit: Hit, part: Part) -> bool:
    return hit.line == part.line and hit.start < part.end and hit.end > part.start

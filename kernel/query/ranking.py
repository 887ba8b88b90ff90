"""Which candidate answers, and whether any does.

Covers: how near each term of the question is to a candidate, the score, and the rules under
which nothing is said at all. Does not cover: finding candidates, ties between frames
(`kernel.query.answering`). Pure; scores are integers so that every machine agrees.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from contracts.text import TextPage
from kernel.query import candidates as finding
from kernel.query import shapes
from kernel.query.candidates import Candidate, Form, PageHits
from kernel.query.cards import told_by_cards
from kernel.query.circumstances import holds_login
from kernel.query.headings import headings
from kernel.query.informing import told_by_preposition
from kernel.query.kinds import is_beside_its_subject
from kernel.query.labels import neighbour_fields
from kernel.query.layout import Hit, PageLayout, aligned
from kernel.query.lightverbs import adds_a_condition
from kernel.query.nearness import (
    LEVEL_HEADING,
    LEVEL_SYNONYM,
    LOCAL,
    are_peers,
    level_of,
)
from kernel.query.ordinals import ordinal_hits
from kernel.query.polarity import rates_in
from kernel.query.question import WEAK_WEIGHT, Kind, Question, Term
from kernel.query.refusing import is_missed, is_refused, is_vague, lacks_what_is_searched
from kernel.query.replies import replies
from kernel.query.row_questions import told_by_rows
from kernel.query.rownames import names_another_row
from kernel.query.scores import (
    asked_is_own,
    bonus_of,
    is_unsaid_event,
    label_is_asked,
    label_levels,
    label_speaks,
    named_by_shape,
    weights_of,
)
from kernel.query.screen_tables import ScreenTable, leaves_its_table, state_cells
from kernel.query.speakers import asks_what_was_said, told_by_speakers
from kernel.query.tables import (
    contiguous_row,
    is_head_as_data,
    only_ones,
    row_subjects,
    table_cells,
)
from kernel.query.tiles import told_by_tiles
from kernel.query.unmet import is_unmet
from kernel.query.value_columns import told_by_columns
from kernel.query.vocabulary import CODE_NOUNS, COSTING, STOP_WORDS, TITLE_NOUNS
from kernel.query.words import spans_in

_SURE = 1500
"""The score of what a table or card tells by its own rule."""
_PAGE_SHARE_MIN = 650
_PAGE_SHARE_CLOSE = 500
_LOCAL_SHARE_MIN = 450
_WORDS_BETWEEN_MAX = 2
_LINE_REACH, _LABEL_REACH = 0.5, 1.6
_BARE_TIME_WORDS_MAX = 2
_NUMBER_WORDS_MAX = 4
_ASKS_CLOCK = re.compile(r"\b(?:what|which) time\b", re.IGNORECASE)
_DATED = re.compile(r"(?<![\w-])\d")
"""A figure that is no part of a name such as eu-west-1."""


@dataclass(frozen=True, slots=True)
class Scored:
    """A candidate with its score in thousandths (a perfect match is about 1500)."""

    candidate: Candidate
    score: int


def find_hits(layout: PageLayout, question: Question) -> PageHits:
    """Every term's occurrences on the page."""
    bar = layout.bar if question.kind is not Kind.FIND else frozenset()
    found = [
        [hit for hit in layout.find(term.needle) if hit.piece not in bar] for term in question.terms
    ]
    for term, hits in zip(question.terms, found, strict=True):
        if len(term.text) == 1 and term.text.isupper():
            # "6 h" is no Block H.
            hits[:] = [hit for hit in hits if _text_of(layout, hit) == term.text]
    for term, hits, after in zip(question.terms, found, found[1:], strict=False):
        hits.extend(ordinal_hits(layout, term.text, after))
    return PageHits(
        by_term=tuple(map(tuple, found)),
        specific=frozenset(at for at, term in enumerate(question.terms) if term.specific),
        asked=frozenset(at for at, term in enumerate(question.terms) if term.asked),
        implied=tuple(hit for needle in question.implied for hit in layout.find(needle)),
        implying=frozenset(
            at for at, term in enumerate(question.terms) if term.text.casefold() in COSTING
        ),
    )


def _text_of(layout: PageLayout, hit: Hit) -> str:
    return layout.page.lines[hit.line].text[hit.start : hit.end]


def lines_with_terms(page: TextPage, question: Question) -> frozenset[str]:
    """The texts of the lines on which any term or implied head stands."""
    needles = [*(term.needle for term in question.terms), *question.implied]
    return frozenset(
        line.text for line in page.lines if any(spans_in(needle, line.text) for needle in needles)
    )


def rank(
    layout: PageLayout, question: Question, tables: Sequence[ScreenTable] = ()
) -> list[Scored]:
    """The acceptable candidates of a page, best first; empty when it does not answer.

    ``tables`` are those of the page's screen state, where one is stored.
    """
    scored = [
        item for asked in (question, *question.others) for item in _rank_one(layout, asked, tables)
    ]
    hits = find_hits(layout, question)
    for told in (told_by_columns, told_by_rows):
        scored += [Scored(c, _SURE) for c in told(layout, question, hits, tables)]
    for said in (told_by_cards, told_by_tiles, told_by_speakers):
        scored += [Scored(c, _SURE) for c in said(layout, question, hits)]
    scored = [s for s in scored if not names_another_row(layout, question, hits, s.candidate)]
    scored.sort(key=lambda s: (-s.score, s.candidate.form, s.candidate.answer))
    return scored


def _rank_one(
    layout: PageLayout, question: Question, tables: Sequence[ScreenTable]
) -> list[Scored]:
    """The acceptable candidates for one way of asking, in no order."""
    hits = find_hits(layout, question)
    if not _holds_specifics(layout, question, hits):
        return []
    scored = []
    for candidate in _candidates(layout, question, hits, tables):
        if question.kind is not Kind.FIND and _is_no_value(layout, question, candidate):
            continue
        judged = _judge(layout, question, hits, candidate)
        if judged is not None:
            scored.append(Scored(candidate, judged))
    return scored


def _is_no_value(layout: PageLayout, question: Question, candidate: Candidate) -> bool:
    """Whether it stands in a bar, or a label of a form is given as a value."""
    pieces = [
        layout.piece_at(part.line, part.start) for part in (*candidate.answer, *candidate.support)
    ]
    if any(piece.index in layout.bar for piece in pieces):
        return True
    if asks_what_was_said(question) and all(piece in layout.titles for piece in pieces):
        # The title of a window is nothing that was said.
        return True
    whole = pieces[0].start == candidate.answer[0].start and pieces[0].text == candidate.value
    return whole and candidate.form is not Form.SENTENCE and pieces[0].index in layout.form_labels


def _candidates(
    layout: PageLayout,
    question: Question,
    hits: PageHits,
    tables: Sequence[ScreenTable] = (),
) -> Iterator[Candidate]:
    for candidate in finding.sentences(layout, hits):
        yield told_by_preposition(question, candidate, hits)
    if question.kind is Kind.FIND:
        return
    yield from replies(layout, hits, question)
    yield from finding.inline_fields(layout, hits)
    yield from finding.counted(layout, hits)
    asked = frozenset(
        index
        for index, term in enumerate(question.terms)
        if term.asked and not term.specific and hits.by_term[index]
    )
    drawn = [cell for cell in table_cells(layout, hits) if not leaves_its_table(layout, cell)]
    cells = [*state_cells(layout, hits, tables), *drawn]
    yield from only_ones(layout, hits, cells)
    heads = _head_pieces(layout, cells)
    subjects = question.kind is Kind.THING and not question.strict
    for candidate in (
        *(row_subjects(layout, hits, asked) if subjects else ()),
        *neighbour_fields(layout, hits, asked),
        *finding.card_neighbours(layout, hits, question),
        *headings(layout, hits, question),
    ):
        part = candidate.answer[0]
        headed = layout.piece_at(part.line, part.start).index in heads
        if is_head_as_data(layout, candidate) or (candidate.form is not Form.CARD and headed):
            continue
        yield candidate


def _head_pieces(layout: PageLayout, cells: list[Candidate]) -> set[int]:
    """The pieces of rows that head a table: no value of any label."""
    rows = {cell.support[-1] for cell in cells}
    return {
        piece.index
        for part in rows
        for piece in contiguous_row(layout, layout.piece_at(part.line, part.start))
    }


def _holds_specifics(layout: PageLayout, question: Question, hits: PageHits) -> bool:
    for term, found in zip(question.terms, hits.by_term, strict=True):
        if term.required and not found:
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
        return second.start >= first.end and len(between.split()) <= _WORDS_BETWEEN_MAX
    left, right = layout.pieces[first.piece], layout.pieces[second.piece]
    beside = layout.right_of(left)
    if beside is not None and beside.index == right.index:
        return True
    if left.box[3] <= right.box[1] and second.end - second.start == len(right.text):
        # A number under the head that tells what it is of: "Unit" over 6203.
        return layout.together(left, right) and aligned(left, right)
    # A label is a little further from the value that it says what it is.
    labelled = (first.start, first.end) == (left.start, left.end) and second.start == right.start
    if labelled:
        return right in layout.below(left, reach=_LABEL_REACH)[:1]
    return right in layout.below(left, reach=_LINE_REACH)


def _judge(
    layout: PageLayout, question: Question, hits: PageHits, candidate: Candidate
) -> int | None:
    levels = [level_of(layout, found, candidate) for found in hits.by_term]
    if lacks_what_is_searched(question, levels) or any(
        is_missed(term, level) for term, level in zip(question.terms, levels, strict=True)
    ):
        return None
    if is_refused(question, hits, candidate, levels) or is_unmet(question, layout, hits, candidate):
        return None
    weights = weights_of(question, levels, candidate)
    total = sum(weights)
    if not total:
        return None
    page = sum(w for w, level in zip(weights, levels, strict=True) if level > 0)
    local = sum(w for w, level in zip(weights, levels, strict=True) if level >= LEVEL_HEADING)
    named = asked_is_own(question, levels, candidate)
    close = any(
        (term.specific or (term.unfamiliar and not term.asked)) and level >= LOCAL
        for term, level in zip(question.terms, levels, strict=True)
    )
    if 1000 * page < (_PAGE_SHARE_CLOSE if close else _PAGE_SHARE_MIN) * total:
        return None
    if 1000 * local < _LOCAL_SHARE_MIN * total and not named:
        return None
    told = label_levels(question, layout, hits, candidate, levels)
    if not _says_what_is_asked(question, hits, told, candidate):
        return None
    if question.strict and _is_about_a_peer(layout, question, hits, candidate, levels):
        return None
    if (
        _is_time_of_another_thing(question, candidate, named=named)
        or _only_repeats(question, candidate, hits)
        or not _may_answer(question, candidate, levels)
    ):
        return None
    score = sum(w * level for w, level in zip(weights, levels, strict=True)) // total
    # What speaks for the form counts as far as the candidate is about the right thing.
    return score + score * bonus_of(question, hits, candidate, told, named=named) // 1000


def _is_time_of_another_thing(question: Question, candidate: Candidate, *, named: bool) -> bool:
    """Whether a bare time stands beside a label that is not what is asked for.

    In lists and logs every row has one: "What did Ben suggest?" is not answered by "Ben: Sun".
    """
    if question.kind not in (Kind.THING, Kind.REASON, Kind.PERSON, Kind.PLACE) or named:
        return False
    beside = candidate.form in (Form.FIELD, Form.BELOW) and bool(candidate.support)
    bare = len(candidate.value.split()) <= _BARE_TIME_WORDS_MAX
    asks_time = any(
        term.asked and shapes.has_shape_of(term.text, candidate.value) for term in question.terms
    )
    return beside and bare and shapes.is_time(candidate.value) and not asks_time


def _says_what_is_asked(
    question: Question, hits: PageHits, levels: list[int], candidate: Candidate
) -> bool:
    """Each asked word is near, or the value looks like what the word names."""
    if question.kind is Kind.FIND:
        return True
    labelled = candidate.form not in (Form.SENTENCE, Form.CARD)
    # A sentence beside another one does not tell what that one names.
    need = LEVEL_SYNONYM if question.strict else LOCAL
    asked = met = 0
    last = max((at for at, term in enumerate(question.terms) if term.asked), default=-1)
    plain = question.kind in (Kind.PERSON, Kind.TIME) and any(
        term.asked and not term.specific for term in question.terms
    )
    # A head says what was done to things that the table is of.
    told = question.kind is Kind.NUMBER and candidate.form is not Form.CELL
    done = told and any(
        term.asked and adds_a_condition(term.text.casefold()) for term in question.terms
    )
    for index, (term, level) in enumerate(zip(question.terms, levels, strict=True)):
        if not term.asked or (plain and term.specific and not question.strict):
            continue
        if is_unsaid_event(question, term) or rates_in(term.text):
            continue
        asked += 1
        met += (
            level >= (LOCAL if term.required and not labelled else need)
            or index in candidate.speaks_for
            or (not done and named_by_shape(question, term, candidate))
            or is_beside_its_subject(question, term, candidate, hits)
            or (index == last and labelled and _may_go_unsaid(term, candidate, alone=asked == 1))
        )
    if question.strict or done:
        # "118 passed" is no number of invoices.
        return met == asked
    return 2 * met >= asked or label_speaks(question, candidate)


def _may_go_unsaid(term: Term, candidate: Candidate, *, alone: bool) -> bool:
    """Whether a label leaves the noun out: the phone number is labelled "Phone".

    And the title of a card stands under its id.
    """
    if alone:
        titled = candidate.form is Form.BELOW and not shapes.fits(Kind.NUMBER, candidate.value)
        return titled and term.text.casefold() in TITLE_NOUNS
    word = term.text.casefold()
    return is_vague(term) or (word in CODE_NOUNS and shapes.is_code(candidate.value))


def _may_answer(question: Question, candidate: Candidate, levels: list[int]) -> bool:
    """Whether the value can at all be of the kind asked for."""
    value, kind = candidate.value, question.kind
    lone = candidate.form is not Form.SENTENCE
    if kind is Kind.PERSON:
        if not lone:
            return any(ch.isupper() for ch in value) or holds_login(value)
        named = label_is_asked(question, candidate, levels)
        return shapes.holds_person(value) or (
            named and any(ch.isalpha() for ch in value) and not shapes.is_time(value)
        )
    if kind is Kind.TIME:
        if _ASKS_CLOCK.search(question.text) and not shapes.tells_clock(value):
            return False
        timed = shapes.fits(kind, value) or shapes.tells_occasion(value)
        dated = _DATED.search(value) is not None and not shapes.counts(value)
        return timed or (lone and dated)
    if kind is Kind.DURATION:
        return shapes.fits(kind, value) or (lone and shapes.is_count(value))
    if kind is Kind.NUMBER:
        short = len(value.split()) <= _NUMBER_WORDS_MAX or value[:1].isdigit()
        told = short or not lone or label_is_asked(question, candidate, levels)
        return shapes.fits(kind, value) and told
    return True


def _only_repeats(question: Question, candidate: Candidate, hits: PageHits) -> bool:
    """Whether the candidate's value holds no word beyond those of the question."""
    if question.kind is Kind.FIND or question.states:
        return False
    value, kept = candidate.value, candidate.value
    part = candidate.answer[0]
    if len(candidate.answer) == 1:
        start = candidate.value_at.start if candidate.value_at else part.end - len(value)
        kept = "".join(
            ch
            for at, ch in enumerate(value, start=start)
            if not any(
                hit.line == part.line and hit.start <= at < hit.end
                for found in hits.by_term
                for hit in found
            )
        )
    left = re.findall(r"[^\W_]+", kept)
    # "In progress" says no more than that: it answers nothing that is in progress.
    return all(word.casefold() in STOP_WORDS and not word.isdigit() for word in left)


def _is_about_a_peer(
    layout: PageLayout,
    question: Question,
    hits: PageHits,
    candidate: Candidate,
    levels: list[int],
) -> bool:
    """Whether the subject asked about stands in another item of the candidate's own list."""
    part = candidate.answer[0]
    home = layout.piece_at(part.line, part.start)
    return any(
        layout.same_block(layout.pieces[hit.piece], home)
        and are_peers(layout.pieces[hit.piece], home)
        for term, found, level in zip(question.terms, hits.by_term, levels, strict=True)
        if level < LEVEL_HEADING and not term.asked and term.weight > WEAK_WEIGHT
        for hit in found
    )

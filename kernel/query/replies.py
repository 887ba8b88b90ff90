"""What a message takes over from another one that it answers.

Covers: the reply to a question, a sentence that tells the reason of the one before it, replies of a
thread that the first message heads. Does not cover: which messages there are
(`kernel.query.turns`), whether they answer (`kernel.query.ranking`). Pure.

Somebody asks "Who has the key of the cage?" and the next message says "It is with Sanne": it tells
of the key without naming it, if it does not name something of its own.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator

from kernel.query import shapes
from kernel.query.candidates import SENTENCE, Candidate, Form, PageHits, Part, sentences_at
from kernel.query.layout import PageLayout, Piece
from kernel.query.question import Kind, Question

_ELLIPTIC = re.compile(
    r"\W*(?:@[\w.-]+[ ,:]+)?(?:it|its|they|them|he|she|him|her|that|this|these|those|mine|ours"
    r"|yours|hers|his|theirs|i|we|you|yes|yep|no|nope|ok|okay|sure|done|only|until|since|because|as|for"
    r"|under|in|inside|at|on|behind|next|with|by|from|near|beside|opposite|over|below|above|to|up"
    r"|try|use|ask|look|check|see|should|about|around|after|before|still|probably|maybe)\b",
    re.IGNORECASE,
)
_REFERRING = re.compile(r"\b(?:it|that|this|they|them|those|these)\b", re.IGNORECASE)
_DID = re.compile(r"\W*[A-Z][a-z]+ed\b")
"""What somebody did who was asked to: "Rolled back to 5.9.3"."""
_SHORT_WORDS_MAX = 4
_REASON = re.compile(
    r"\W*(?:cause|reason|root cause|because|due to|owing to|(?:this|that|it)(?: is|'s|\u2019s| was)"
    r" (?:because|due to|caused by))\b",
    re.IGNORECASE,
)
_CLOCK_AT_END = re.compile(r"\s+\d{1,2}:\d{2}\W*$")


def replies(layout: PageLayout, hits: PageHits, question: Question) -> Iterator[Candidate]:
    """The sentences of messages that answer a question, or tell the reason, of what is asked."""
    asked = {piece for piece in hits.pieces() if layout.talk.turn_of(layout.pieces[piece])}
    for turn in layout.talk.turns if asked else ():
        before = layout.talk.before(turn)
        if before is None or not asked & set(before.said):
            continue
        first = _first_sentence(layout, layout.pieces[turn.said[0]])
        if first is not None:
            text = _text(layout, first)
            found = Candidate(Form.SENTENCE, first, (), text, text, SENTENCE, goes_on=True)
            if taken_over(layout, found)[0]:
                yield found
    if question.kind is Kind.REASON:
        yield from _reasons(layout, hits)


def _first_sentence(layout: PageLayout, piece: Piece) -> tuple[Part, ...] | None:
    return next(iter(sentences_at(layout, piece)), None)


def _reasons(layout: PageLayout, hits: PageHits) -> Iterator[Candidate]:
    """Sentences that only tell the reason, with the one before them: "Delayed. Cause: fog."."""
    for index in hits.pieces():
        told = list(sentences_at(layout, layout.pieces[index]))
        for before, after in itertools.pairwise(told):
            text = _text(layout, after)
            if _REASON.match(text) and any(
                hits.within(part.line, part.start, part.end) for part in before
            ):
                yield Candidate(Form.SENTENCE, after, before, text, text, SENTENCE, goes_on=True)


def taken_over(layout: PageLayout, candidate: Candidate) -> tuple[tuple[Part, ...], frozenset[int]]:
    """The parts for whose words a message stands, and the pieces (by index) that head it."""
    if candidate.form is not Form.SENTENCE:
        return (), frozenset()
    part = candidate.answer[0]
    turn = layout.talk.turn_of(layout.piece_at(part.line, part.start))
    if turn is None:
        return (), frozenset()
    opener = layout.talk.opener(turn)
    heading = frozenset(opener.said) if opener is not None and opener != turn else frozenset()
    before = layout.talk.before(turn)
    first = layout.pieces[turn.said[0]]
    if before is None or (part.line, part.start) != (first.line, first.start):
        return (), heading
    told = [s for piece in before.said for s in sentences_at(layout, layout.pieces[piece])]
    if not _REASON.match(candidate.text):
        # An answer is about what was asked, and not about what else was said.
        asked = [sentence for sentence in told if _asks(layout, sentence)]
        if not asked or not refers_back(candidate.text):
            return (), heading
        if not any(_REFERRING.search(_text(layout, sentence)) for sentence in asked):
            told = asked
    return tuple(part for sentence in told for part in sentence), heading


def _asks(layout: PageLayout, sentence: tuple[Part, ...]) -> bool:
    text = _CLOCK_AT_END.sub("", _text(layout, sentence))
    return text.endswith("?") and shapes.is_question(text)


def refers_back(said: str) -> bool:
    """Whether an answer names nothing of its own that it would be about."""
    text = _CLOCK_AT_END.sub("", said)
    if shapes.is_question(text):
        return False
    words = text.split()
    if _ELLIPTIC.match(text) or _DID.match(text) or len(words) <= _SHORT_WORDS_MAX:
        return True
    return shapes.holds_person(" ".join(words[:2]))


def _text(layout: PageLayout, parts: tuple[Part, ...]) -> str:
    return " ".join(layout.page.lines[p.line].text[p.start : p.end] for p in parts)

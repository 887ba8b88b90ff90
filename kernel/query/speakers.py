"""What somebody said: the message under their name, and what a mail quotes of theirs.

Covers: "what did Ada write", "what did Ada say about the tank", by the messages of a chat, a list
of mails and quoted lines; what only names who spoke. Does not cover: which messages there are
(`kernel.query.turns`), who said something (`kernel.query.circumstances`). Pure.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from kernel.query.candidates import VALUE_CHARS_MAX, Candidate, Form, PageHits, Part, sentences_at
from kernel.query.layout import PageLayout, Piece
from kernel.query.question import WEAK_WEIGHT, Kind, Question
from kernel.query.turns import heads_message

_ASKED = re.compile(
    r"\W*what (?:did|does|has|have) (?:the )?(?P<who>.+?) "
    r"(?P<verb>says?|said|write|written|post(?:ed)?|reply|replied|answer(?:ed)?|comment(?:ed)?"
    r"|report(?:ed)?|announced?)\b(?: back)?(?P<rest>.*)",
    re.IGNORECASE,
)
_ABOUT = re.compile(r"\W*(?:|(?:about|on|of|regarding|in|to) .+)", re.IGNORECASE)
_INTRODUCES = re.compile(r"\b(?:wrote|writes|said|says):\W*$", re.IGNORECASE)
_SAYS = re.compile(
    r"\b(?:sa(?:y|ys|id)|w(?:rites?|rote|ritten)|post(?:s|ed)|repl(?:y|ies|ied)|answer(?:s|ed)"
    r"|comment(?:s|ed)|report(?:s|ed)|announce[sd]?|ask(?:s|ed)|told|tells?)\b|[^\W\d_]:\s",
    re.IGNORECASE,
)
_QUOTED = re.compile(r"\s*[>|]\s")
_REACH = 1.6
_BONUS = 300


def asks_what_was_said(question: Question) -> bool:
    """Whether the question asks for the words of somebody or something."""
    return question.kind is Kind.THING and _ASKED.fullmatch(question.text.strip()) is not None


def names_only_the_speaker(question: Question, candidate: Candidate) -> bool:
    """Whether a candidate tells who spoke and when, or of them, and nothing that they said."""
    found = _ASKED.fullmatch(question.text.strip())
    if found is None or question.kind is not Kind.THING:
        return False
    value = candidate.value.strip()
    if _INTRODUCES.search(value) or heads_message(value):
        return True
    if candidate.form is not Form.SENTENCE or not found["who"][:1].isupper():
        return False
    named = re.search(rf"\b{re.escape(found['who'].split()[0])}\b", value)
    return named is not None and not _SAYS.search(value)


def told_by_speakers(layout: PageLayout, question: Question, hits: PageHits) -> list[Candidate]:
    """The newest message of whom the question names, that holds what it is to be about."""
    found = _ASKED.fullmatch(question.text.strip())
    if question.kind is not Kind.THING or found is None or not _ABOUT.fullmatch(found["rest"]):
        return []
    who = set(re.findall(r"[^\W_]+", found["who"].casefold()))
    verb = found["verb"].casefold()
    named = [at for at, term in enumerate(question.terms) if _is_of(term.text, who)]
    about = [
        at
        for at, term in enumerate(question.terms)
        if at not in named and term.weight > WEAK_WEIGHT and term.text.casefold() != verb
    ]
    if not named:
        return []
    made = []
    for head, said in _messages(layout):
        inside = hits.within(head.line, head.start, head.end)
        if not inside.issuperset(named):
            continue
        told = _sentences(layout, hits, said, about)
        if told:
            made.append(_candidate(layout, head, told))
    return made[-1:]


def _is_of(word: str, who: set[str]) -> bool:
    return set(re.findall(r"[^\W_]+", word.casefold())) <= who


def _messages(layout: PageLayout) -> Iterator[tuple[Piece, list[Piece]]]:
    """The lines that tell who spoke, top to bottom, with what they said."""
    made = [
        (layout.pieces[turn.byline], [layout.pieces[piece] for piece in turn.said])
        for turn in layout.talk.turns
        if turn.byline is not None
    ]
    for piece in layout.pieces:
        if _INTRODUCES.search(piece.text):
            quoted, last = [], piece
            while below := [p for p in layout.below(last, reach=_REACH) if _QUOTED.match(p.text)]:
                last = below[0]
                quoted.append(last)
            made.append((piece, quoted))
    yield from sorted(made, key=lambda one: (one[0].box[1], one[0].index))


def _sentences(
    layout: PageLayout, hits: PageHits, said: Sequence[Piece], about: Sequence[int]
) -> list[tuple[Part, ...]]:
    """The sentences of a message, or those that hold all it is to be about."""
    told = dict.fromkeys(s for piece in said for s in sentences_at(layout, piece))
    if not about:
        return list(told)
    return [
        parts
        for parts in told
        if frozenset[int]()
        .union(*(hits.within(p.line, p.start, p.end) for p in parts))
        .issuperset(about)
    ]


def _candidate(layout: PageLayout, head: Piece, told: Sequence[tuple[Part, ...]]) -> Candidate:
    parts = [part for sentence in told for part in sentence]
    lines = layout.page.lines
    while len(parts) > 1 and sum(p.end - p.start for p in parts) > VALUE_CHARS_MAX:
        parts.pop()
    text = " ".join(lines[p.line].text[p.start : p.end] for p in parts)
    support = (Part(head.line, head.start, head.end),)
    name = head.text.rstrip(" :")
    return Candidate(Form.CARD, tuple(parts), support, f"{name}: {text}", text, _BONUS)

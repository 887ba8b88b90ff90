"""Places on a page that may answer a question, by what the layout says.

Covers: the candidate itself, sentences (wrapped over lines or not), labels with their value
on its line, assignments, neighbours within a card. Does not cover: labels beside or over their
value (`kernel.query.labels`), tables (`kernel.query.tables`), which candidate is best
(`kernel.query.ranking`). Pure.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import IntEnum

from kernel.query import shapes
from kernel.query.layout import Hit, PageLayout, Piece
from kernel.query.question import Kind, Question
from kernel.query.vocabulary import COMMUNICATING, STOP_WORDS
from kernel.query.words import stem_of, units_of


class Form(IntEnum):
    """How a candidate was found; the lower the more it says. Breaks ties."""

    ASSIGNMENT = 1
    CELL = 2
    FIELD = 3
    CARD = 4
    BELOW = 5
    SENTENCE = 6


@dataclass(frozen=True, slots=True, order=True)
class Part:
    """A stretch of a stored line."""

    line: int
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Candidate:
    """A possible answer: the parts that say it, and those that say what it is about."""

    form: Form
    answer: tuple[Part, ...]
    support: tuple[Part, ...]
    text: str
    value: str
    bonus: int
    """What the layout adds to the score, in thousandths."""
    fit: int = 0
    """Which share of the label's words the question names, in thousandths; 0 without label."""
    value_at: Part | None = None
    """Where the value is, when that is not at the end of the only answer part."""
    plain: bool = False
    """Whether the label is no name of a thing: BACKLOG is one of a count, retry.py is not."""
    speaks_for: frozenset[int] = frozenset()
    """Terms (by index) that the form itself stands for, though their words are not there."""
    goes_on: bool = False
    """Whether a sentence speaks of what the question names, or of what was said before it."""


@dataclass(frozen=True, slots=True)
class PageHits:
    """Where each term of the question is on a page; same order as the terms."""

    by_term: tuple[tuple[Hit, ...], ...]
    implied: tuple[Hit, ...] = ()
    """Heads of columns that the question implies."""
    implying: frozenset[int] = frozenset()
    """The terms (by index) that imply them: "cost" of "what did it cost"."""
    specific: frozenset[int] = frozenset()
    """The terms (by index) that name one thing."""
    asked: frozenset[int] = frozenset()
    """The terms (by index) that name what is asked for."""

    def pieces(self) -> list[int]:
        """The pieces with any hit, by index."""
        return sorted({hit.piece for hits in self.by_term for hit in hits})

    def within(self, line: int, start: int, end: int) -> set[int]:
        """Terms that occur inside the span."""
        return {
            term
            for term, hits in enumerate(self.by_term)
            for hit in hits
            if hit.line == line and hit.start < end and hit.end > start
        }


VALUE_CHARS_MAX = 400
_PROSE_BLANKS_MIN = 3
_NAMED_MIN = 2
"""A sentence with so many words of the question speaks of what the one before it names."""
_FULL_LINE, _LONG_LINE = 0.88, 0.6
"""Share of the block's width that a line fills when it is broken because it is full."""
_CARD_LINES_MAX = 12
LABEL_WORDS_MAX = 6
_COUNTED_FIT_MIN = 600
FIELD = 240
_CARD = 150
_ROW = 80
SENTENCE = 40
_ABBREVIATION = re.compile(
    r"(?:\b(?:Dr|Mr|Mrs|Ms|St|No|Nr|incl|excl|ext|vs|approx|e\.g|i\.e|Inc|Ltd|Co|Prof|etc|ca|resp"
    r"|Jan|Feb|Mar|Apr|Jun|Jul|Aug|Sep|Sept|Oct|Nov|Dec)|\b[A-Z])\.$"
)
_NUMBERING = re.compile(r"\b(?:no|nr|ref|art|pos|tel|fig|vol|pp?)\.$", re.IGNORECASE)
_NUMBERED = re.compile(r"\s*\S*\d")
_BOUNDARY = re.compile(r"(?<!\.\.)[.!?][\"')\]]?\s+(?=[\"'(\[]?[A-Z0-9€$£@])|\s+[|•·]\s+")
STARTS_ANEW = re.compile(
    r"^\W*(?:\d{4}-\d{2}-\d{2}|\d{1,2}:\d{2}|[A-Z][a-z]{2} +\d{1,2} \d"
    r"|(?:TRACE|DEBUG|INFO|NOTICE|WARN(?:ING)?|ERROR|FATAL|CRITICAL|PANIC)\b)"
    r"|^[\w .-]{1,30}:\s|^[-*•]\s"
)
OUTCOME = re.compile(r"\.\.\.\s*\w+$")
"""A line of a test run ("test a ... ok") tells of itself alone."""
_TELLS_OUTCOME = re.compile(
    r"\W*(?:(?:PASS|FAIL|SKIP)(?:ED)?|XFAIL|OK|ERROR)\b|\W*\d+ [a-z]+, \d+ [a-z]+"
)
"""A line that a command put out on one thing that it did, or how many came out how."""
INLINE = re.compile(r"(?P<sep>(?<=[\w)%\]\"'])\s?:(?=\s)|\s?(?<![=!<>≠])=(?![=>])\s?|\s->\s|\s→\s)")
_NEXT_PAIR = re.compile(r"[\s,;]+[\w.\-/]+\s?=(?!=)")
_COMPARES = re.compile(r"\s(?:[=!<>]=|<>)\s")
_COUNTED = re.compile(r"(?P<label>[^\d:]{2,40}?)\s*[(\[]?(?P<count>\d[\d.,]*)[)\]]?")
_COMMENT = re.compile(r"\s+(?:#|//)\s")


_OPENING = re.compile(
    r"(?:\W*\b(?:the|a|an|our|my|your|his|her|their|its|new|old|first|last|next|only|other|current"
    r"|final|please|then|so|and|but|yes|no|ok)\b)*\W*",
    re.IGNORECASE,
)
_SPOKEN_OF = frozenset(
    "it its they them their this that these those he she his her i we you both all each there here"
    " cause reason because due use see call ask contact try set run take send check change replace"
    " add remove".split()
)
"""Subjects that were named before, and verbs that tell somebody what to do."""


def sentences(layout: PageLayout, hits: PageHits) -> Iterator[Candidate]:
    """The sentences that hold a term, followed over line breaks."""
    seen: set[tuple[Part, ...]] = set()
    for index in hits.pieces():
        spoken = False
        for parts in sentences_at(layout, layout.pieces[index]):
            text = " ".join(_text(layout, part) for part in parts)
            goes_on = _goes_on(text, parts[0], hits)
            named = frozenset[int]().union(*(hits.within(p.line, p.start, p.end) for p in parts))
            said = bool(named)
            # "A replacement is 145 a day" still speaks of the forklift that is out of order.
            goes_on = goes_on or (spoken and len(named - hits.asked) >= _NAMED_MIN)
            # "Those stay on 4.6.9": of what the sentence before it names.
            meant = said or (spoken and goes_on)
            spoken = meant
            if meant and parts not in seen:
                seen.add(parts)
                yield Candidate(Form.SENTENCE, parts, (), text, text, SENTENCE, goes_on=goes_on)


def _goes_on(text: str, first: Part, hits: PageHits) -> bool:
    """Whether a sentence's subject is of the question, a pronoun, or none: "New MRN is ...".

    "Item 3 was shipped" speaks of something new, whatever was spoken of before.
    """
    opening = _OPENING.match(text)
    at = first.start + (opening.end() if opening else 0)
    subject = re.match(r"[\w'\u2019-]+", text[at - first.start :])
    if subject is None:
        return False
    named = bool(hits.within(first.line, at, at + subject.end()))
    return named or subject.group().casefold() in _SPOKEN_OF


def sentences_at(layout: PageLayout, piece: Piece) -> Iterator[tuple[Part, ...]]:
    """The sentences of the lines that a piece is part of, in order."""
    run = paragraph(layout, piece)
    current: list[Part] = []
    for at, member in enumerate(run):
        start = member.start
        for end, following in _cuts(member):
            current.append(Part(member.line, start, end))
            yield tuple(current)
            current, start = [], following
        if start < member.end:
            current.append(Part(member.line, start, member.end))
        if current and at == len(run) - 1:
            yield tuple(current)


def _cuts(piece: Piece) -> Iterator[tuple[int, int]]:
    """Sentence ends inside a piece: (end of one, start of the next)."""
    for found in _BOUNDARY.finditer(piece.text):
        end = found.start() + len(found.group().rstrip(" |•·"))
        before, behind = piece.text[:end], piece.text[end:]
        if _ABBREVIATION.search(before) or (_NUMBERING.search(before) and _NUMBERED.match(behind)):
            # "Bottle no. W-70331" goes on.
            continue
        yield piece.start + end, piece.start + found.end()


def paragraph(layout: PageLayout, piece: Piece) -> list[Piece]:
    """The piece with the lines that continue it, top to bottom."""
    members = [p for p in layout.block(piece) if abs(p.box[0] - piece.box[0]) <= piece.height]
    right = max(p.box[2] for p in members)
    left = min(p.box[0] for p in members)
    runs: list[list[Piece]] = []
    for member in members:
        follows = runs and _continues(runs[-1][-1], member, right - left)
        told = layout.prompt_over(member) is not None and _TELLS_OUTCOME.match(member.text)
        if follows and not told and member.index not in layout.timed:
            runs[-1].append(member)
        else:
            runs.append([member])
    return next(run for run in runs if piece in run)


def _continues(before: Piece, piece: Piece, width: int) -> bool:
    if piece.box[1] < before.middle_y or STARTS_ANEW.match(piece.text):
        return False
    fill = (before.box[2] - before.box[0]) / max(1, width)
    # A line may break after a colon where it is full: "Contact there:" / "Ada King."
    ended = before.text.rstrip()[-1:] in (".!?" if fill >= _LONG_LINE else ".!?:")
    lower = piece.text[:1].islower()
    if ended or OUTCOME.search(before.text) or before.text.count(" ") < _PROSE_BLANKS_MIN:
        return False
    return fill >= _FULL_LINE or (lower and fill >= _LONG_LINE)


def inline_fields(layout: PageLayout, hits: PageHits) -> Iterator[Candidate]:
    """``Label: value`` and ``key = value`` inside one piece, the label holding a term."""
    for index in hits.pieces():
        piece = layout.pieces[index]
        for found in INLINE.finditer(piece.text):
            label_start = _label_start(piece.text, found.start())
            value_start = (
                found.end()
                + len(piece.text[found.end() :])
                - len(piece.text[found.end() :].lstrip())
            )
            value_end = _value_end(piece.text, value_start, assignment="=" in found.group())
            label = piece.text[label_start : found.start()]
            value = piece.text[value_start:value_end].rstrip(" ,;|•·")
            if _COMPARES.search(value):
                # A condition that does not hold is no value.
                continue
            if not value or not label.strip() or len(label.split()) > LABEL_WORDS_MAX:
                continue
            start, end = piece.start + label_start, piece.start + value_start + len(value)
            matched = hits.within(piece.line, start, start + len(label))
            if not matched:
                continue
            fit = label_fit(layout, hits, Part(piece.line, start, start + len(label)))
            form = Form.ASSIGNMENT if "=" in found.group() else Form.FIELD
            whole = Part(piece.line, start, end)
            text = piece.text[label_start : value_start + len(value)]
            yield Candidate(form, (whole,), (), text, value, FIELD * fit // 1000, fit)


def _label_start(text: str, end: int) -> int:
    """Where the label before a separator begins: after the last sentence or pair end."""
    head = text[:end]
    best = 0
    for found in re.finditer(r"[.!?;|]\s+|,\s+|\s{2,}|(?:^|(?<=\s))[({\[]\s*|[=:]\s+\S+\s+", head):
        if found.end() < end:
            best = found.end()
    return best


def _value_end(text: str, start: int, *, assignment: bool) -> int:
    rest = text[start : start + VALUE_CHARS_MAX]
    end = len(rest)
    if assignment:
        for pattern in (_NEXT_PAIR, _COMMENT):
            found = pattern.search(rest)
            if found:
                end = min(end, found.start())
        return start + end
    for found in _BOUNDARY.finditer(rest):
        stop = found.start() + len(found.group().rstrip())
        if not _ABBREVIATION.search(rest[:stop]):
            end = stop
            break
    return start + end


def label_fit(layout: PageLayout, hits: PageHits, label: Part) -> int:
    """Which share of the label's own words the question names, in thousandths."""
    text = _text(layout, label)
    words = [
        unit
        for unit in units_of(text)
        if text[unit.start : unit.end].casefold() not in STOP_WORDS and len(unit.folded) > 1
    ]
    if not words:
        return 0
    named = sum(
        bool(hits.within(label.line, label.start + unit.start, label.start + unit.end))
        for unit in words
    )
    return 1000 * named // len(words)


def counted(layout: PageLayout, hits: PageHits) -> Iterator[Candidate]:
    """``Inbox (27)``, ``DONE 4``: a label with its count in one piece."""
    for index in hits.pieces():
        piece = layout.pieces[index]
        found = _COUNTED.fullmatch(piece.text)
        if not found:
            continue
        label = Part(piece.line, piece.start, piece.start + found.end("label"))
        fit = label_fit(layout, hits, label)
        if fit >= _COUNTED_FIT_MIN:
            whole = Part(piece.line, piece.start, piece.end)
            value = found.group("count")
            bonus = FIELD * fit // 1000
            plain = not hits.within(label.line, label.start, label.end) & hits.specific
            yield Candidate(Form.FIELD, (whole,), (), piece.text, value, bonus, fit, plain=plain)


def card_neighbours(layout: PageLayout, hits: PageHits, question: Question) -> Iterator[Candidate]:
    """What stands in one block with the words asked about and looks like what is asked for."""
    asked = [term.text for term in question.terms if term.asked]
    told = any(term.text.casefold() in COMMUNICATING for term in question.terms)
    timed = question.kind is Kind.TIME and not told
    for index in hits.pieces():
        anchor = layout.pieces[index]
        for other in _companions(layout, anchor):
            if timed and not _dates(layout, anchor, other):
                # When a message came says nothing of when that is of which it speaks.
                continue
            if other.index == anchor.index:
                continue
            yield from _details(layout, question, anchor, other)
            if _looks_asked(question, asked, other.text):
                yield Candidate(
                    form=Form.CARD,
                    answer=(Part(other.line, other.start, other.end),),
                    support=(Part(anchor.line, anchor.start, anchor.end),),
                    text=f"{other.text} \u2014 {anchor.text}",
                    value=other.text,
                    bonus=_CARD if layout.same_block(anchor, other) else _ROW,
                )


def _details(
    layout: PageLayout, question: Question, title: Piece, other: Piece
) -> Iterator[Candidate]:
    """Sentences under a title that tell when or why it is so: "Since 05:47. Motor overload.".

    What stands over them must be one short line, as in a list of alarms.
    """
    block = layout.block(title)
    if question.kind not in (Kind.TIME, Kind.REASON) or len(title.text.split()) > _TITLE_WORDS_MAX:
        return
    if block[0].index != title.index or not layout.same_block(title, other):
        return
    for parts in sentences_at(layout, other):
        text = " ".join(_text(layout, part) for part in parts)
        timed = question.kind is Kind.TIME and shapes.is_time(_SINCE.sub("", text))
        if timed or (question.kind is Kind.REASON and shapes.tells_reason(text)):
            support = (Part(title.line, title.start, title.end),)
            told = f"{text} \u2014 {title.text}"
            yield Candidate(Form.CARD, parts, support, told, text, _CARD)


def _dates(layout: PageLayout, anchor: Piece, other: Piece) -> bool:
    """Whether a time is that of what the anchor names: in its block, or on its own row."""
    if layout.same_block(anchor, other):
        return True
    return any(piece.index == other.index for piece in layout.row_of(anchor))


_TITLE_WORDS_MAX = 10
_SINCE = re.compile(r"^\W*(?:since|from|until|till|at|on|by|for|started|cleared)\s+", re.IGNORECASE)
_VAGUE_NOUNS = frozenset(stem_of(noun) for noun in "number count figure amount".split())


def _looks_asked(question: Question, asked: Sequence[str], text: str) -> bool:
    if question.kind is Kind.PERSON:
        return shapes.is_person(text) or shapes.is_byline(text)
    if question.kind is Kind.TIME:
        return shapes.is_time(text)
    return any(_is_little_more_than(noun, text) for noun in asked)


def _is_little_more_than(noun: str, text: str) -> bool:
    """Whether the text is the sort of thing the noun names and hardly anything else."""
    if stem_of(noun) in _VAGUE_NOUNS:
        return False
    found = shapes.find_shape(noun, text)
    return found is not None and 10 * (found[1] - found[0]) >= 6 * len(text.strip())


def _companions(layout: PageLayout, piece: Piece) -> list[Piece]:
    """The block of a piece and what stands on the rows of its first line."""
    block = layout.block(piece)
    found = {member.index: member for member in block if len(block) <= _CARD_LINES_MAX}
    for member in (piece, block[0]):
        for beside in (layout.left_of(member), layout.right_of(member)):
            if beside:
                found[beside.index] = beside
    return [found[index] for index in sorted(found)]


def _text(layout: PageLayout, part: Part) -> str:
    return layout.page.lines[part.line].text[part.start : part.end]

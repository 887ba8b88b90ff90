"""The column that a way of asking means: set to, means, what to do.

Covers: "What is KEY set to?", "What does KEY mean?", "What should I do about KEY?": the cell of
the key's row under a head that stands for values, meanings or remedies, though the question does
not say that head. Does not cover: columns that the question names (`kernel.query.tables`). Pure.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from kernel.query.candidates import Candidate, Form, PageHits, Part
from kernel.query.layout import PageLayout, Piece
from kernel.query.nearness import LEVEL_APART, LOCAL, level_of
from kernel.query.question import WEAK_WEIGHT, Kind, Question
from kernel.query.screen_tables import ScreenTable, parts_of
from kernel.query.tables import contiguous_row, row_under
from kernel.query.vocabulary import CLASS_NOUNS
from kernel.query.words import units_of
from kernel.store.folding import squash

_BONUS = 330
_KEY_WORDS_MAX = 6
_HEAD_WORDS_MAX = 4


@dataclass(frozen=True, slots=True)
class Column:
    """Heads that stand for one sort of value, and the words of asking for it."""

    heads: tuple[frozenset[str], ...]
    """The better ones first: a value that is set goes before a default."""
    asking: frozenset[str]


def _heads(text: str) -> frozenset[str]:
    return frozenset(head.strip() for head in text.split(","))


_VALUES = _heads(
    "value, setting, current, current value, current setting, configured, configured value,"
    " set to, actual, actual value"
)
_DEFAULTS = _heads("default, default value, initial value")
_MEANINGS = _heads(
    "meaning, description, purpose, explanation, definition, function, effect, what it means,"
    " what it does, means, explained"
)
_REMEDIES = _heads(
    "what to do, action, actions, fix, remedy, solution, resolution, recommended action,"
    " corrective action, suggested action, action required, required action, how to fix,"
    " how to resolve, response, measure, measures, workaround, countermeasure, next step,"
    " next steps, do"
)
VALUE = Column(
    (_VALUES, _DEFAULTS),
    frozenset("set value setting configured limited used use current have has".split()),
)
MEANING = Column(
    (_MEANINGS,),
    frozenset(
        "mean means meaning do does stand stands control controls indicate indicates describe"
        " describes purpose description definition function explain good used change say"
        " says".split()
    ),
)
REMEDY = Column(
    (_REMEDIES,),
    frozenset(
        "do done fix fixed resolve resolved solve solved handle handled repair repaired remedy"
        " remedied clear cleared cure react respond deal rid work solution resolution action"
        " workaround response measure countermeasure right recommended proper correct suggested"
        " corrective step steps case helps help report reports reported show shows shown display"
        " displays displayed appear appears occur occurs happen happens give gives throw throws"
        " get see says say come comes raise raises raised return returns pop pops fail"
        " fails".split()
    ),
)
_NAMED = (Column(VALUE.heads, frozenset()), Column(MEANING.heads, frozenset()))
"""Where the key alone is asked about: nothing but the key and its class may be said."""
_KEY_HEADS = _heads(
    "parameter, option, setting, name, key, variable, property, field, flag, argument, attribute,"
    " switch, constant, environment variable, config key, term, abbreviation, symbol"
)
"""Over what is called by a plain word: "port" under "Parameter"."""
_CLASSES = CLASS_NOUNS | frozenset(
    "error code parameter option setting key variable property field flag argument attribute"
    " warning alarm fault message status exception constant command switch symbol term".split()
)
_PEOPLE = r"(?:i|we|you|one|they|people|somebody|someone)"
_REMEDY_ASKED = (
    re.compile(
        rf"what (?:(?:should|shall|must|can|could|do|would|am|are) {_PEOPLE}\b.*\bdo\b|to do\b"
        r"|(?:should|must|can|has to|is to|needs to) be done\b|helps\b)"
    ),
    re.compile(
        r"how (?:do|can|should|must|shall|could|to|would|is|are)\b.*\b(?:fix(?:ed)?|resolved?"
        r"|solved?|handled?|repair(?:ed)?|remed(?:y|ied)|clear(?:ed)?|cured?|react|respond|deal"
        r"|get rid|work around)\b"
    ),
    re.compile(
        r"(?:what|which)(?:'s| is| are)? (?:the )?(?:(?:right|recommended|proper|correct|suggested"
        r"|corrective|next) )?(?:fix|remedy|solution|resolution|action|workaround|response|measure"
        r"|countermeasure|cure|step)s?\b"
    ),
)
_MEANING_ASKED = (
    re.compile(
        r"what (?:do|does|did) .+ (?:do|mean|stand for|control|indicate|say|describe|change)"
    ),
    re.compile(r"what(?:'s| is| are) .+ (?:(?:used|good|there|meant) )?for"),
    re.compile(r"what(?:'s| is) the (?:meaning|purpose|description|definition|function) of .+"),
    re.compile(r"explain .+"),
)
_VALUE_ASKED = (
    re.compile(
        r"(?:to )?(?:what|which)\b.* (?:set|configured|limited)"
        r"(?: to| at| as| currently| now| right now)*"
    ),
    re.compile(r"(?:what|which) (?:value|setting) (?:does|has|is) .+"),
    re.compile(
        r"what(?:'s| is) the (?:(?:current|configured|actual) )?(?:value|setting) (?:of|for) .+"
    ),
    re.compile(r"(?:what|which) [\w.-]+ (?:is|are) (?:used|set|configured|in use)"),
)
_BARE = re.compile(r"(?:what(?:'s| is| are)|how \w+ (?:is|are)) .+")
"""The key alone: its value, and what it means."""
_OTHERWISE = re.compile(
    r"\b(?:before|after|previously|formerly|originally|used to|until|by whom)\b"
)


def _asked_columns(text: str) -> tuple[Column, ...]:
    """The columns that a question means, best first; none where it asks for something else."""
    bare = text.casefold().rstrip("?!. ").strip()
    if _OTHERWISE.search(bare):
        return ()
    if any(pattern.match(bare) for pattern in _REMEDY_ASKED):
        return (REMEDY,)
    if any(pattern.fullmatch(bare) for pattern in _VALUE_ASKED):
        return (VALUE,)
    if any(pattern.fullmatch(bare) for pattern in _MEANING_ASKED):
        return (MEANING,)
    return _NAMED if _BARE.fullmatch(bare) else ()


@dataclass(frozen=True, slots=True)
class _Crossing:
    """Where the row of a key and a column meet."""

    key: Part
    head: Part
    answer: tuple[Part, ...]
    key_head: str


def told_by_columns(
    layout: PageLayout, question: Question, hits: PageHits, tables: Sequence[ScreenTable]
) -> list[Candidate]:
    """The cell that is meant: none where no row has that key, or several differ in it."""
    if question.kind in (Kind.FIND, Kind.PERSON, Kind.PLACE, Kind.REASON, Kind.TIME):
        return []
    made = []
    for column in _asked_columns(question.text):
        for heads in column.heads:
            found = [
                candidate
                for crossing in _crossings(layout, hits, tables, heads)
                for candidate in _told(layout, question, hits, crossing, column)
            ]
            if found:
                made.append(found)
                break
    firsts = [found[0] for found in made if len({squash(c.text) for c in found}) == 1]
    if len(firsts) < len(made) or not firsts:
        return []
    return [_together(firsts)]


def _together(found: Sequence[Candidate]) -> Candidate:
    """A value with what it means, where nothing more is asked than what the key is."""
    first = found[0]
    rest = [other for other in found[1:] if other.support[0] == first.support[0]]
    text = "; ".join([first.text, *(other.text.partition(" \u2014 ")[2] for other in rest)])
    parts = tuple(part for other in rest for part in (*other.answer, *other.support[1:]))
    return Candidate(
        Form.CELL, first.answer, (*first.support, *parts), text, first.value, first.bonus
    )


def _crossings(
    layout: PageLayout, hits: PageHits, tables: Sequence[ScreenTable], heads: frozenset[str]
) -> Iterator[_Crossing]:
    """Where named rows meet columns with one of the heads, in stored tables and by layout."""
    done: set[tuple[Part, Part]] = set()
    for crossing in (*_in_stored(layout, hits, tables, heads), *_laid_out(layout, hits, heads)):
        if (crossing.key, crossing.answer[0]) not in done:
            done.add((crossing.key, crossing.answer[0]))
            yield crossing


def _in_stored(
    layout: PageLayout, hits: PageHits, tables: Sequence[ScreenTable], heads: frozenset[str]
) -> Iterator[_Crossing]:
    for table in tables:
        columns = [
            at[1]
            for at, cell in sorted(table.cells.items())
            if at[0] == table.head and _name_of(cell.text or "") in heads
        ]
        for column in columns:
            head = parts_of(layout.page, table.cells[(table.head, column)])
            for row in table.rows:
                answer = (row, column) in table.cells and parts_of(
                    layout.page, table.cells[(row, column)]
                )
                for (other, at), cell in sorted(table.cells.items()):
                    if other != row or at == column or not answer or not head:
                        continue
                    key = parts_of(layout.page, cell)
                    if len(key) == 1 and _is_named(layout, hits, key[0]):
                        over = table.cells.get((table.head, at))
                        name = _name_of((over.text or "") if over else "")
                        yield _Crossing(key[0], head[0], answer, name)


def _laid_out(layout: PageLayout, hits: PageHits, heads: frozenset[str]) -> Iterator[_Crossing]:
    for head in layout.pieces:
        if _name_of(head.text) not in heads:
            continue
        named = contiguous_row(layout, head)
        for index in hits.pieces():
            key = layout.pieces[index]
            whole = Part(key.line, key.start, key.end)
            if key.box[1] < head.box[3] or not _is_named(layout, hits, whole):
                continue
            over = _over(key, named)
            if over is None or over.index == head.index:
                continue
            cells = row_under(layout, head, key)
            for at, answer in cells.items():
                if at.line == head.line and head.start <= at.start < head.end:
                    yield _Crossing(whole, at, (answer,), _name_of(over.text))


def _over(key: Piece, heads: Sequence[Piece]) -> Piece | None:
    """The head over a key: the last one that begins no further right."""
    found = [head for head in heads if head.box[0] <= key.box[0] + key.height]
    return found[-1] if found else None


def _name_of(text: str) -> str:
    words = text.casefold().strip(" :.?*").split()
    return " ".join(words) if len(words) <= _HEAD_WORDS_MAX else ""


def _is_named(layout: PageLayout, hits: PageHits, key: Part) -> bool:
    """Whether words of the question make up the whole cell."""
    text = layout.page.lines[key.line].text[key.start : key.end]
    units = list(units_of(text))
    return 0 < len(text.split()) <= _KEY_WORDS_MAX and all(
        hits.within(key.line, key.start + unit.start, key.start + unit.end) for unit in units
    )


def _told(
    layout: PageLayout,
    question: Question,
    hits: PageHits,
    crossing: _Crossing,
    column: Column,
) -> Iterator[Candidate]:
    """The candidate of a crossing, where the rest of the question is about its table."""
    lines = layout.page.lines
    key, head, answer = (
        " ".join(lines[p.line].text[p.start : p.end] for p in parts)
        for parts in ((crossing.key,), (crossing.head,), crossing.answer)
    )
    candidate = Candidate(
        Form.CELL,
        crossing.answer,
        (crossing.key, crossing.head),
        f"{key} \u2014 {head}: {answer}",
        answer,
        _BONUS,
    )
    own = hits.within(crossing.key.line, crossing.key.start, crossing.key.end)
    code = any(question.terms[at].required for at in own)
    if (code or crossing.key_head in _KEY_HEADS) and all(
        at in own or _may_be_said(layout, question, hits, at, candidate, column)
        for at in range(len(question.terms))
    ):
        yield candidate


def _may_be_said(
    layout: PageLayout,
    question: Question,
    hits: PageHits,
    at: int,
    candidate: Candidate,
    column: Column,
) -> bool:
    """Whether a word of the question is one of asking, or said of the table."""
    term = question.terms[at]
    word = term.text.casefold()
    if not term.specific and (word in column.asking or word in _CLASSES):
        return True
    if not term.required and term.weight <= WEAK_WEIGHT:
        return True
    need = LOCAL if term.specific else LEVEL_APART
    said = bool(column.asking) or term.specific
    return said and level_of(layout, hits.by_term[at], candidate) >= need

"""Who, where, why and by which deed: whether a candidate tells it at all.

Covers: persons, places and reasons by the words that tell them; who only stands near a deed. Does
not cover: kinds of values (`kernel.query.kinds`). Pure.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator

from kernel.query import shapes
from kernel.query.candidates import Candidate, Form, PageHits
from kernel.query.deeds import (
    asks_for_leave,
    gives_leave,
    is_place_like,
    is_told_by_its_noun,
)
from kernel.query.lightverbs import is_for_placing
from kernel.query.nearness import LOCAL
from kernel.query.ordinary import is_ordinary
from kernel.query.question import WEAK_WEIGHT, Kind, Question, Term
from kernel.query.told import Told, is_in, told_by
from kernel.query.vocabulary import CALENDAR, COMMUNICATING, LIGHT_DEEDS, PLACE_NOUNS
from kernel.query.words import spans_in, stem_of

_SHORT_WORDS_MAX = 3
_DEED_LEVEL_MIN = 840
_TO_BE_DONE = re.compile(
    r"\b(?:must|should|shall|can|may|will|have to|has to|to be|is|are)\b", re.IGNORECASE
)
_OF_ONESELF = re.compile(r"\b(?:I|I['\u2019](?:m|ll|ve|d)|me|my|mine|we|our|us)\b")
_DONE = re.compile(
    r"(?:^|[.!?;,]\s+)(?:\W*(?:done|ok|yes)\W+)?[A-Z]?[a-z]+(?:ed|ing)\b|^\W*[Dd]one\b"
)
_BY = re.compile(r"\bby\b", re.IGNORECASE)
_TELLS_WHO = re.compile(r"\bby:\s", re.IGNORECASE)
"""A label for who did a thing, not where."""
_KEPT = re.compile(
    r"\s+(?:is|are|was|were|lies|lie|hangs?|stands?)\s+(?:kept |stored |saved |written |still )?"
    r"(?:in|at|under|on|inside|behind|with)\s+(?:the|an?|my|our|your|their)\b",
    re.IGNORECASE,
)
"""After a thing: where it is."""
_CLAUSE = re.compile(r"[,;.!?]\s+")
_NAME_DOES = re.compile(r"(?P<name>[A-Z][a-z]+)\s+[a-z]")
_SENTENCE_END = re.compile(r"(?<=[.!?])\s+")
_ROLE = re.compile(
    r"\b(?:manager|engineer|director|lead|head|officer|developer|analyst|designer|consultant|doctor"
    r"|dentist|president|secretary|assistant|administrator|architect|accountant|owner|founder|ceo"
    r"|cto|cfo|coordinator|specialist|technician|teacher|professor|nurse|lawyer|plumber)\b",
    re.IGNORECASE,
)
_ORGANISATION = re.compile(
    r"(?:[A-Z][\w&.-]*\s+)*[A-Z][\w&.-]*\s+(?:Ltd|GmbH|AG|Inc|Corp|LLC|PLC|SA|BV|KG)\b\.?"
)
_SURNAME = re.compile(r"(?:\s[A-Z][^\W\d_]+(?:['\u2019-][^\W\d_]+)*)+")
_TITLED = re.compile(r"\b(?:Dr|Mr|Mrs|Ms|Prof)\.?\s+[A-Z]\w+")
_PLACE = re.compile(
    r"\b(?:room|gate|floor|building|hall|office|desk|street|road|avenue|terrace|lane|square|station"
    r"|airport|hotel|restaurant|campus|site|online|remote)\b|(?:^|[\s\"'=(])[~.]?/[\w./-]*|\w+://"
    r"|\b\d+[a-z]?\s+[A-Z][a-z]+|\b[A-Z][a-z]+\s+\d+\b|\b(?:at|in|to|from)\s+(?:the\s+)?[A-Z]\w+"
    r"|\bline \d+|\bpage \d+|\b(?:folder|directory|drawer|shelf|cupboard|box|fridge)\s+[A-Z\d]"
    r"|\b(?:inside|behind|beside|next to|opposite|in front of|on top of)\s+(?:the|an?|my|our)\b"
    r"|^\W*(?:[Uu]nder|[Bb]elow|[Aa]bove|[Oo]ver|[Nn]ear)\s+(?:the|an?|my|your|our)\b"
    r"|\b(?:in|inside|under|behind|near|beside|opposite)\s+(?:(?:the|an?|our|my)\s+)?[a-z]\w+\s+\d",
)
_PATH = re.compile(r"(?<![\w/])[a-z][\w.-]*:?(?:/[\w.-]+){2,}")
_LOGIN = r"(?P<login>[a-z][a-z0-9]*(?:[._-][a-z0-9]+)*)"
_BY_LOGIN = re.compile(rf"\bby\s+@?{_LOGIN}(?=$|[\s,.;)])")
_LOGIN_DID = re.compile(rf"(?:^|\d\s+)@?{_LOGIN}\s+(?:[a-z]+ed|made|wrote|sent|set|built|took)\b")
_AUXILIARY = re.compile(r"\s+(?:will|shall|can|should|must|may|has|had|did)\b(?!\s+be(?:en)?\b)")
"""Between who does a thing and what is done: "Ada will check"."""
_ROOM = re.compile(
    r"\b(?:[Rr]oom|[Hh]all|[Bb]uilding|[Ff]loor|[Ss]treet|[Gg]ate|[Oo]ffice|[Dd]epot|[Ss]tation)"
    r"\s+[A-Z]\w*"
)
"""Rooms and streets have names as people have."""
_SENT_TO = re.compile(r"\W*(?:\w+\s+)?(?:to|cc|bcc|from|by|for|attn|attention)\s*:", re.IGNORECASE)
"""A label of a letter or an order: of whom it is, and not of where they are."""
_SUPPOSED = re.compile(r"(?:\W*\w+){0,2}?\W*(?:If|When|Whenever|Unless|Should)\b")
"""A sentence of what may be tells of nothing that was."""
_CAPITAL = re.compile(r"(?<![\w@./-])[A-Z][^\W\d_]+(?:['\u2019-][^\W\d_]+)*(?![\w@/-])")


def is_no_person(question: Question, candidate: Candidate, hits: PageHits) -> bool:
    """Whether nobody is named where a person is asked for."""
    if question.kind is not Kind.PERSON:
        return False
    told = told_by(question, candidate, hits)
    if re.match(r"\s*[Ww]ho(?:'s| is| was)\s+[A-Z]", question.text) and not any(
        not term.specific and term.weight > WEAK_WEIGHT for term in question.terms
    ):
        # "Who is Ada King?" asks for what she is.
        firms = [found.span() for found in _ORGANISATION.finditer(told.text)]
        of_firm = any(a <= s < b for a, b in firms for s, _ in told.words)
        return of_firm or not _ROLE.search(told.text)
    if candidate.form is Form.SENTENCE:
        may = asks_for_leave(question.text) and gives_leave(told.text)
        return not (may or _names_somebody(told))
    if shapes.holds_person(candidate.value):
        return False
    # A name alone ("Ada") is one where the label or head says who it is.
    return not any(
        term.asked and not term.specific and is_in(found, candidate)
        for term, found in zip(question.terms, hits.by_term, strict=True)
    )


def is_no_place(question: Question, candidate: Candidate, hits: PageHits) -> bool:
    """Whether no place is told where one is asked for."""
    if question.kind is not Kind.PLACE or _labelled_as_asked(question, candidate, hits):
        return False
    if candidate.form is not Form.SENTENCE and _TELLS_WHO.search(candidate.text):
        return True
    if shapes.is_byline(candidate.value):
        # Who wrote something, and when, is no place.
        return True
    if _ROLE.search(candidate.value) and not _PLACE.search(candidate.value):
        return True
    if _is_where_somebody_is(question) and _SENT_TO.match(candidate.text):
        return True
    told = told_by(question, candidate, hits)
    rest = _TITLED.sub(" ", _ORGANISATION.sub(" ", _without_names(told)))
    # Words of the question may be part of a path: "kv/payments/refund-hook".
    if any(path not in question.text for path in _PATH.findall(candidate.value)):
        return False
    return not (_PLACE.search(shapes.without_times(rest)) or any(_names_in(rest[_opening(rest) :])))


def _is_where_somebody_is(question: Question) -> bool:
    """Whether it is asked where a person is, and nothing else of them."""
    told = [term for term in question.terms if term.weight > WEAK_WEIGHT]
    return all(t.specific and t.text.isalpha() and t.text.istitle() for t in told)


def _without_names(told: Told) -> str:
    """What a value tells besides the rest of a name that the question gives."""
    text = told.rest
    for start, end in told.words:
        if told.text[start:end].istitle():
            surname = _SURNAME.match(text[end:])
            kept = end + len(surname.group()) if surname else end
            text = text[:end] + " " * (kept - end) + text[kept:]
    return text


def tells_only_where(question: Question, candidate: Candidate, hits: PageHits) -> bool:
    """Whether it says where a thing is kept, and not what it is: "the PIN is in the vault"."""
    if question.kind is not Kind.THING or candidate.form is not Form.SENTENCE:
        return False
    nouns = [term.text.casefold() for term in question.terms if term.asked]
    told = told_by(question, candidate, hits)
    ends = [end for _, end in told.asked]
    return bool(ends and nouns and nouns[-1] not in PLACE_NOUNS) and all(
        _KEPT.match(told.text, end) for end in ends
    )


def is_no_reason(question: Question, candidate: Candidate, levels: list[int]) -> bool:
    """Whether the candidate tells no reason, or that of something else, where one is asked for."""
    if question.kind is not Kind.REASON:
        return False
    if any(
        level < LOCAL and not (term.specific or term.classing) and term.weight > WEAK_WEIGHT
        for term, level in zip(question.terms, levels, strict=True)
    ):
        return True
    supposed = _SUPPOSED.match(candidate.value)
    return bool(supposed) or not shapes.tells_reason(candidate.value)


def is_byline_of_a_deed(question: Question, candidate: Candidate, levels: list[int]) -> bool:
    """Whether somebody, or a time, only stands near a thing of which a deed is asked for.

    The sender of a mail wrote it; who paid the invoice that it speaks of is another question.
    """
    if candidate.form is Form.CARD and _is_of_two_sentences(question, candidate):
        return True
    if _is_told_of_another(question, candidate):
        return True
    if question.deed is None:
        return False
    verb = question.terms[question.deed].text.casefold()
    if _is_no_deed(question, candidate, question.deed):
        return True
    if question.kind is Kind.PERSON and verb in LIGHT_DEEDS and _tells_by_whom(candidate):
        return False
    # Who wrote or asked stands over a message; in a card somebody may be anything.
    told = verb in COMMUNICATING and candidate.form is Form.CARD
    return not told and levels[question.deed] < _DEED_LEVEL_MIN


def _is_told_of_another(question: Question, candidate: Candidate) -> bool:
    """Whether a message tells who it was, but of somebody else than its writer.

    "I'm on call", "Done" and "Moved it to Friday" are of the writer, "Contact: Ada King" is not.
    """
    if question.kind is not Kind.PERSON or candidate.form is not Form.CARD:
        return False
    if any(term.text.casefold() in COMMUNICATING for term in question.terms):
        return False
    said = candidate.text.rpartition(" \u2014 ")[2]
    if not shapes.is_byline(candidate.value):
        return shapes.is_person(candidate.value) and _is_done_by_another(question, said)
    if _is_done_by_another(question, said):
        return True
    return not (_OF_ONESELF.search(said) or _DONE.search(said))


def _is_done_by_another(question: Question, said: str) -> bool:
    """Whether the clauses of the deed begin with a name: "I bring the grill, Ada makes soup"."""
    terms = [term for term in question.terms if term.weight > WEAK_WEIGHT]
    if question.deed is not None and spans_in(question.terms[question.deed].needle, said):
        terms = [question.terms[question.deed]]
    held = [c for c in _CLAUSE.split(said) if any(spans_in(t.needle, c) for t in terms)]
    opened = [_NAME_DOES.match(clause) for clause in held]
    return bool(opened) and all(
        found is not None and any(_names_in(found.group("name"))) for found in opened
    )


def _tells_by_whom(candidate: Candidate) -> bool:
    """Whether a field says who it was: "Last commit: 9be41c7 by Omar Haddad"."""
    labelled = candidate.form in (Form.FIELD, Form.CELL, Form.ASSIGNMENT)
    return labelled and bool(re.search(r"(?:^|\bby\s+)[A-Z]", candidate.value))


def _is_no_deed(question: Question, candidate: Candidate, deed: int) -> bool:
    """Whether the verb is only a button ("Resolve"), an adjective, or done by or to another."""
    verb = question.terms[deed].text.casefold()
    stem = stem_of(verb)
    words = [word for word in re.findall(r"[^\W\d_]+", candidate.text) if stem_of(word) == stem]
    forms = {word.casefold() for word in words}
    past = verb.endswith(("ed", "en")) and not _TO_BE_DONE.search(question.text)
    if past and forms and all(_is_undone(form, verb) for form in forms):
        return not is_told_by_its_noun(candidate.text, verb)
    if candidate.form not in (Form.CARD, Form.SENTENCE) or question.kind is not Kind.PERSON:
        return False
    told = [
        sentence
        for sentence in _SENTENCE_END.split(candidate.text.rpartition(" \u2014 ")[2])
        if any(stem_of(word) == stem for word in re.findall(r"[^\W\d_]+", sentence))
    ]
    passive = re.compile(rf"\b(?:was|were|is|are|been|being|gets?|got)\s+(?:\w+\s+)?{verb}\b", re.I)
    if candidate.form is Form.SENTENCE:
        # "It was cancelled by Ada" tells who did, "it was cancelled" nobody.
        undone = [
            _BY.search(sentence[found.end() :]) is None
            for sentence in told
            for found in passive.finditer(sentence)
        ]
        return bool(undone) and all(undone) and not _BY.search(candidate.text)
    return bool(told) and all(passive.search(sentence) for sentence in told)


def _is_of_two_sentences(question: Question, candidate: Candidate) -> bool:
    """Whether a message says of another thing what is asked of the one that it names, too."""
    sentences = _SENTENCE_END.split(candidate.text.rpartition(" \u2014 ")[2])
    held = [{t for t in question.terms if spans_in(t.needle, sentence)} for sentence in sentences]
    said = frozenset[Term]().union(*held)
    named = {term for term in said if term.specific}
    return bool(named) and not any(one == said for one in held if one & named)


def _is_undone(form: str, verb: str) -> bool:
    """Whether a form of the verb tells of no deed: "delete", "cancelling"."""
    return form.endswith("ing") or (form != verb and verb in (form + "d", form + "ed"))


def _labelled_as_asked(question: Question, candidate: Candidate, hits: PageHits) -> bool:
    if candidate.form is Form.SENTENCE:
        return False
    parts = candidate.support or candidate.answer
    beside = candidate.form in (Form.CELL, Form.FIELD) and is_place_like(candidate.value)
    if beside and is_for_placing(question) and question.verb is not None:
        said = hits.by_term[question.verb]
        if any(hit.line == p.line and p.start <= hit.start < p.end for p in parts for hit in said):
            # "Storage" beside "Rack S-118": what is done there is the label.
            return True
    return any(hits.within(p.line, p.start, p.end) for p in parts) and bool(
        re.search(r"\b(?:location|address|place|room|site|venue|mount)", candidate.text, re.I)
    )


def _names_in(text: str) -> Iterator[str]:
    """Capitalised words that are no ordinary ones."""
    for found in _CAPITAL.finditer(text):
        word = found.group()
        if word.isupper() or word.casefold() in CALENDAR or is_ordinary(word):
            continue
        yield word


def holds_login(text: str) -> bool:
    """Whether a login is told to have done something: "by a.oduya", "bao-tran merged"."""
    return any(
        not is_ordinary(found.group("login"))
        for found in itertools.chain(_BY_LOGIN.finditer(text), _LOGIN_DID.finditer(text))
    )


def _names_somebody(told: Told) -> bool:
    text = _ROOM.sub(lambda found: " " * len(found.group()), told.rest)
    if shapes.holds_person(text) or holds_login(told.text):
        return True
    opening = _opening(text)
    # The capital of a first word says nothing, unless a colon or what was done follows it.
    doing = opening + len(found.group()) if (found := _AUXILIARY.match(text[opening:])) else opening
    if text[opening : opening + 1] == ":" or any(s == doing + 1 for s, _ in told.words):
        opening = 0
    return any(_names_in(text[opening:]))


def _opening(text: str) -> int:
    """Where the first word ends that is no time, in a text of several words."""
    first = re.match(r"\W*(?:\d[\d:.-]*\W+)*\w+", text)
    return first.end() if first and len(text.split()) > _SHORT_WORDS_MAX else 0

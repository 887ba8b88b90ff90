"""Whether a statement says the opposite of what is asked, or says it per another unit.

Covers: negation (not, never, without, n't) of question and statement, rates ("per day", "hourly")
and units asked for ("in minutes"), words that exclude each other (used and free). Does not cover:
whether the words of the question are there at all (`kernel.query.unmet`). Pure.
"""

from __future__ import annotations

import itertools
import re

from kernel.query import shapes
from kernel.query.candidates import Candidate, Form, PageHits
from kernel.query.question import Kind, Question
from kernel.query.stoppages import tells_stoppage
from kernel.query.told import told_by
from kernel.query.words import spans_in

_NEGATION = re.compile(
    r"\b(?:not|never|without|cannot|neither|nor|nobody|none|isnt|dont|cant)\b|n['\u2019]t\b"
    r"|\bno\b(?!\.|\s*[:#]?\s*\d)",
    re.IGNORECASE,
)
_LACKING = re.compile(r"\b(?:missing|lacks?|lacking)\b", re.IGNORECASE)
_EXCEPT = re.compile(r"\b(?:except(?: for)?|excluding|other than|but not)\b", re.IGNORECASE)
_TOLD_AFTER = re.compile(r"^[^.;:!?,]+,\s+(?:which|who|whose|where|that)\b", re.IGNORECASE)
"""What is excepted is then told of: "all but vitamin D, which was cancelled"."""
_DENIED_WORDS_MAX = 2
"""So many words may stand between a negation and the word that it denies."""
_UNDECIDED = re.compile(r"\b(?:who|whom|whose|when|where|why|whether|how|which|what|if)\b", re.I)
_CLAUSE = re.compile(r"[,;:.!?\u2014](?:\s|$)|\b(?:but|because|and|so|although)\b", re.IGNORECASE)
_QUOTED = re.compile('["“„«][^"“”„«»]+["”“»]')
_UNITS = {
    "second": "second seconds sec secs s secondly",
    "minute": "minute minutes min mins minutely",
    "hour": "hour hours hr hrs h hourly",
    "day": "day days d daily",
    "night": "night nights nightly",
    "week": "week weeks wk weekly",
    "month": "month months mo mth monthly",
    "quarter": "quarter quarters quarterly",
    "year": "year years yr yrs y annum yearly annual annually",
}
_UNIT_OF = {word: unit for unit, words in _UNITS.items() for word in words.split()}
_RATE = re.compile(
    r"(?:\b(?:per|each|every|an?)\s+|/\s?)(?P<unit>[a-z]+)\b"
    r"|\b(?P<adverb>hourly|daily|nightly|weekly|monthly|quarterly|yearly|annual|annually)\b",
    re.IGNORECASE,
)
_LOOSE_ARTICLES = re.compile(r"\b(?:an?)\s+[a-z]+\s+(?:ago|earlier|later|before|after|old)\b", re.I)
_IN_UNIT = re.compile(
    r"\bin (?P<unit>milliseconds|seconds|minutes|hours|days|weeks|months|years)\s*\??$", re.I
)
_MUCH = re.compile(r"\bhow (?:much|many)\b", re.IGNORECASE)
_VERBS = frozenset({"use", "pass", "fail"})
"""What is used is another matter than what somebody uses."""
_CONSUMED = frozenset(
    "energy electricity power water gas fuel diesel petrol paper ink minutes texts".split()
)
"""Of these there is no free or total amount: what is told of them was used."""
_EXCLUDING = (
    (
        ("used", "use", "usage"),
        ("free", "left", "remaining", "available", "avail"),
        ("total", "overall"),
    ),
    (
        ("passed", "pass", "ok", "succeeded"),
        ("failed", "fail", "failing"),
        ("ignored", "skipped"),
    ),
    (
        ("start", "starts", "started", "begin", "begins", "began", "since"),
        ("end", "ends", "ended", "finish", "finishes", "finished", "until", "till", "expires"),
    ),
    (
        ("arrive", "arrives", "arrived", "arrival", "land", "lands", "landed", "received"),
        ("depart", "departs", "departed", "departure", "leaves"),
    ),
    (("gross",), ("net",)),
    (("upload", "uploaded", "uploads"), ("download", "downloaded", "downloads")),
    (("incoming", "inbound"), ("outgoing", "outbound")),
)


def is_denied(question: Question, candidate: Candidate, hits: PageHits) -> bool:
    """Whether question and candidate differ in what they deny.

    A question that denies is answered by a statement that does, and by none of a table's cells; one
    that does not is not answered where the statement denies what is asked.
    """
    if question.kind is Kind.FIND:
        return False
    if denies(question.text):
        failed = question.kind is Kind.REASON and (
            shapes.tells_reason(candidate.text) or tells_stoppage(candidate.text)
        )
        return not failed and not _NEGATION.search(candidate.text)
    statement = candidate.form in (Form.SENTENCE, Form.CARD)
    return statement and _denies_a_word_of(question, candidate, hits)


def denies(text: str) -> bool:
    """Whether a question asks for what is not so."""
    return bool(_NEGATION.search(_QUOTED.sub(" ", text)))


def _denies_a_word_of(question: Question, candidate: Candidate, hits: PageHits) -> bool:
    text = candidate.text
    words = {term.text.casefold() for term in question.terms if not term.specific}
    stems = {term.needle.stem for term in question.terms if term.needle.stem}
    told = told_by(question, candidate, hits)
    said = {told.text[a:b].casefold() for a, b in told.words} | words
    if any(
        word.casefold() in said
        for found in _EXCEPT.finditer(text)
        if not _TOLD_AFTER.search(text[found.end() :])
        for word in re.findall(r"[^\W_]+", _CLAUSE.split(text[found.end() :], maxsplit=1)[0])
    ):
        return True
    # That something is missing denies it, unless it is the reason that is asked for.
    plain = question.kind is Kind.REASON or _LACKING.search(question.text)
    negations = [_NEGATION] if plain else [_NEGATION, _LACKING]
    for found in itertools.chain.from_iterable(one.finditer(text) for one in negations):
        clause = _CLAUSE.split(text[found.end() :], maxsplit=1)[0]
        after = re.findall(r"[^\W_]+", clause)
        near = after[: _DENIED_WORDS_MAX + 1]
        if any(word.casefold() in said or word.casefold() in stems for word in near):
            if _is_done_elsewhere(question, text, found.end(), found.end() + len(clause)):
                # "Did not reach the closed position, stopped at 34%" tells where it stopped.
                continue
            return True
        if _UNDECIDED.search(" ".join(near)):
            # "We have not decided who will be on call" names nobody.
            return True
    return False


def _is_done_elsewhere(question: Question, text: str, start: int, end: int) -> bool:
    """Whether what the question says was done is told in another clause than a denied one."""
    if question.verb is None:
        return False
    verb = question.terms[question.verb].needle
    places = [(span.start, span.end) for span in spans_in(verb, text)]
    own = [place for place in places if start <= place[0] < end]
    return not own and any(first >= end for first, _ in places)


def is_per_another_unit(question: Question, candidate: Candidate) -> bool:
    """Whether a rate or unit is asked for that the candidate is not told in."""
    asked = rates_in(question.text)
    if asked and not asked <= rates_in(candidate.text):
        return True
    unit = _IN_UNIT.search(question.text)
    if unit is None or question.kind not in (Kind.NUMBER, Kind.DURATION, Kind.THING):
        return False
    wanted = _UNIT_OF.get(unit.group("unit").casefold())
    told = {_UNIT_OF.get(word.casefold()) for word in re.findall(r"[^\W\d_]+", candidate.text)}
    return wanted not in told


def rates_in(text: str) -> frozenset[str]:
    """The units of time per which something is told: "per day", "hourly", "/month"."""
    text = _LOOSE_ARTICLES.sub(" ", _QUOTED.sub(" ", text))
    found = (hit.group("unit") or hit.group("adverb") for hit in _RATE.finditer(text))
    return frozenset(unit for word in found if (unit := _UNIT_OF.get(word.casefold())))


def is_the_contrary(question: Question, candidate: Candidate) -> bool:
    """Whether the candidate tells what excludes what is asked: the free space, not the used."""
    if question.kind is Kind.FIND:
        return False
    asked = set(re.findall(r"[a-z]+", question.text.casefold())) - _VERBS
    told = set(re.findall(r"[a-z]+", candidate.text.casefold()))
    for groups in _EXCLUDING:
        own = [group for group in groups if asked & set(group)]
        if len(own) != 1 or told & set(own[0]):
            continue
        measured = candidate.form is not Form.SENTENCE and bool(_MUCH.search(question.text))
        measured = measured and not (own[0][0] == "used" and asked & _CONSUMED)
        if measured or any(told & set(group) for group in groups if group is not own[0]):
            return True
    return False

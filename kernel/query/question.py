"""What a question asks: its kind, its terms, and which of them must be met.

Covers: English questions and bare search words, quoted phrases, names, identifiers. Does not
cover: time phrases, finding anything. Pure.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

from kernel.query.words import Needle, needle_of

TERMS_MAX = 32
"""Terms beyond these are left out of a question."""


class Kind(StrEnum):
    """What sort of thing answers the question."""

    PERSON = "person"
    TIME = "time"
    NUMBER = "number"
    PLACE = "place"
    REASON = "reason"
    THING = "thing"
    FIND = "find"


@dataclass(frozen=True, slots=True)
class Term:
    """A word or phrase of the question.

    ``specific``: a name, identifier, number or quoted phrase, which the evidence must hold.
    ``asked``: part of what is asked for ("open amount" of "what is the open amount of ...").
    """

    text: str
    needle: Needle
    specific: bool
    asked: bool
    weight: int


@dataclass(frozen=True, slots=True)
class Question:
    """An analysed question; ``groups`` are terms (by index) that must stand together."""

    text: str
    kind: Kind
    terms: tuple[Term, ...]
    groups: tuple[tuple[int, ...], ...]
    strict: bool
    """Whether every asked term must be met ("what is the X Y of ..."), or half of them."""


STOP_WORDS = frozenset(
    "a an the of for in on at to from by with without about into over under as is are was were be"
    " been being am do does did done has have had having will would can could shall should may"
    " might must and or but not no if then than that this these those there here it its he she"
    " they them his her their my our your i you we me us who whom whose when where why which what"
    " how much many long old big far often exactly currently now still just please tell show give"
    " find get got say says said name called any some all each every other also so too very"
    " right only new current s t one".split()
)
_WORD = re.compile(r"[^\s\"“”„«»]+")
_QUOTED = re.compile('["“„«]([^"“”„«»]+)["”“»]')
_EDGES = " \t.,;:!?()[]{}<>'\u2019\u2018`*"
_JOINED = re.compile(r"[^\W_][-_/:.@#][^\W_]")
_VERBS = frozenset(
    "is are was were do does did has have had will would can could should must may might".split()
)
_BREAKS = frozenset(
    "of for in on at to from by with that which who when where after before during since until"
    " under over about per".split()
)
_CALENDAR = frozenset(
    "january february march april may june july august september october november december monday"
    " tuesday wednesday thursday friday saturday sunday yesterday today tomorrow".split()
)
_TIME_NOUNS = frozenset("time date day deadline month year weekday".split())
_NUMBER_NOUNS = frozenset(
    "amount price cost total sum balance fee rate percentage share count quantity size".split()
)
_PERSON_NOUNS = frozenset("person author owner assignee caller sender manager".split())


@dataclass(frozen=True, slots=True)
class _Token:
    text: str
    quoted: bool
    breaks_after: bool


def analyse(text: str) -> Question:
    """Analyse a question; one without any usable term has no terms."""
    tokens = _tokens(text)
    lowered = [token.text.casefold() for token in tokens]
    kind, start = _kind(lowered, question_mark=text.rstrip().endswith("?"))
    asked, strict = _asked(lowered, start, kind)
    terms: list[Term] = []
    positions: list[int] = []
    for at, token in enumerate(tokens):
        term = _term(token, at, asked=at in asked)
        if term and len(terms) < TERMS_MAX:
            terms.append(term)
            positions.append(at)
    return Question(
        text=text,
        kind=_refine(kind, terms),
        terms=tuple(terms),
        groups=_groups(tokens, terms, positions),
        strict=strict,
    )


def _tokens(text: str) -> list[_Token]:
    tokens: list[_Token] = []
    at = 0
    for quoted in [*_QUOTED.finditer(text), None]:
        end = quoted.start() if quoted else len(text)
        for found in _WORD.finditer(text, at, end):
            raw = found.group()
            bare = raw.strip(_EDGES)
            for ending in ("'s", "\u2019s"):
                bare = bare.removesuffix(ending)
            if bare:
                tokens.append(
                    _Token(bare, quoted=False, breaks_after=raw[-1] in ",;:" or "'" in raw[-2:])
                )
        if quoted:
            tokens.append(_Token(quoted.group(1).strip(), quoted=True, breaks_after=True))
            at = quoted.end()
    return tokens


def _kind(lowered: list[str], *, question_mark: bool) -> tuple[Kind, int]:
    """The kind and the index of the first word after the question word."""
    for at, word in enumerate(lowered):
        following = lowered[at + 1] if at + 1 < len(lowered) else ""
        if word in ("who", "whom", "whose"):
            return Kind.PERSON, at + 1
        if word == "when":
            return Kind.TIME, at + 1
        if word == "where":
            return Kind.PLACE, at + 1
        if word == "why":
            return Kind.REASON, at + 1
        if word == "how" and following in ("many", "much", "long", "old", "big", "far", "often"):
            return Kind.NUMBER, at + 2
        if word in ("what", "which", "how"):
            return Kind.THING, at + 1
    return (Kind.THING if question_mark else Kind.FIND), 0


def _asked(lowered: list[str], start: int, kind: Kind) -> tuple[frozenset[int], bool]:
    """Positions of the words that name what is wanted, and whether all of them must be met."""
    if kind is Kind.FIND:
        return frozenset(), False
    articles = ("the", "a", "an", "my", "our", "your", "this", "that")
    strict = kind in (Kind.THING, Kind.NUMBER) and lowered[start : start + 1] != []
    strict = strict and lowered[start] in _VERBS
    at = start
    while at < len(lowered) and (lowered[at] in _VERBS or lowered[at] in articles):
        at += 1
    chosen: list[int] = []
    while at < len(lowered):
        word = lowered[at]
        if chosen and (word in _VERBS or word in _BREAKS or word in articles):
            break
        if word not in STOP_WORDS:
            chosen.append(at)
        at += 1
    while len(chosen) > 1 and strict and _is_participle(lowered[chosen[-1]]):
        chosen.pop()
    return frozenset(chosen if strict else chosen[:3]), strict


def _is_participle(word: str) -> bool:
    return word in ("set", "known", "written", "sent", "due") or word.endswith("ed")


def _term(token: _Token, at: int, *, asked: bool) -> Term | None:
    text = token.text
    if not token.quoted and text.casefold() in STOP_WORDS and not _is_code(text, at):
        return None
    specific = token.quoted or _is_code(text, at) or _is_name(text, at)
    loose = _is_name(text, at) and not _is_code(text, at) and not token.quoted
    needle = needle_of(text, exact=specific and not loose)
    if not needle.squashed:
        return None
    weight = 250 if specific else 150 if asked else 100
    return Term(text=text, needle=needle, specific=specific, asked=asked, weight=weight)


def _is_code(text: str, at: int) -> bool:
    if any(ch.isdigit() for ch in text):
        return True
    if at > 0 and text.isupper() and len(text) > 1:
        return True
    parts = re.split(r"[-_/:.@#]", text)
    if "-" in text and all(part.isalpha() for part in parts):
        return all(len(part) >= 3 for part in parts)
    if _JOINED.search(text) or text.startswith(("/", "--", "__", "@", "#")):
        return True
    return bool(re.search(r"[a-z][A-Z]", text))


def _is_name(text: str, at: int) -> bool:
    return at > 0 and text[0].isupper() and len(text) > 1 and text.casefold() not in _CALENDAR


def _refine(kind: Kind, terms: list[Term]) -> Kind:
    if kind is not Kind.THING:
        return kind
    for term in reversed([term for term in terms if term.asked]):
        word = term.text.casefold()
        if word in _TIME_NOUNS:
            return Kind.TIME
        if word in _PERSON_NOUNS:
            return Kind.PERSON
        if word in _NUMBER_NOUNS:
            return Kind.NUMBER
    return kind


def _groups(
    tokens: list[_Token], terms: list[Term], positions: list[int]
) -> tuple[tuple[int, ...], ...]:
    """Runs of neighbouring names and identifiers: "Gearbox GX-7 Pro", "Helen Okafor"."""
    groups: list[tuple[int, ...]] = []
    run: list[int] = []
    for index, position in enumerate(positions):
        name_like = terms[index].specific and terms[index].text[:1].isupper()
        follows = bool(run) and positions[run[-1]] == position - 1
        if run and (not follows or tokens[position - 1].breaks_after or not name_like):
            if len(run) > 1:
                groups.append(tuple(run))
            run = []
        if name_like:
            run.append(index)
    if len(run) > 1:
        groups.append(tuple(run))
    return tuple(groups)

"""What a question asks: its kind, its terms, and which of them must be met.

Covers: English questions and bare search words, quoted phrases, names, identifiers. Does not
cover: time phrases, finding anything. Pure.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import NamedTuple

from kernel.query.ordinary import is_ordinary
from kernel.query.phrasal import is_particle, is_unsaid_after, phrasal_needle
from kernel.query.vocabulary import (
    ACRONYMS,
    ANCHORS,
    ARTICLES,
    AUXILIARIES,
    CALENDAR,
    CONTAINERS,
    COPULAS,
    DEGREES,
    ENDING_VERBS,
    HEAD_NOUNS,
    IMPLIED_NOUNS,
    MESSAGES,
    NUMBER_NOUNS,
    PARTICLES,
    PERSON_NOUNS,
    PHRASE_ENDS,
    PLACE_NOUNS,
    SPAN_ENDS,
    SPANS,
    STOP_WORDS,
    TIME_NOUNS,
    WEAK_ADJECTIVES,
    WEAK_VERBS,
)
from kernel.query.words import Needle, needle_of
from kernel.store.folding import fold

TERMS_MAX = 32
"""Terms beyond these are left out of a question."""
_SPECIFIC_WEIGHT, _ASKED_WEIGHT, _PLAIN_WEIGHT, WEAK_WEIGHT = 250, 150, 100, 20


class Kind(StrEnum):
    """What sort of thing answers the question."""

    PERSON = "person"
    TIME = "time"
    NUMBER = "number"
    DURATION = "duration"
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
    anchored: bool = False
    """The noun right after an article or preposition: what the question is about."""
    unfamiliar: bool = False
    """No ordinary English: a name or term of art, though written small."""
    classing: bool = False
    """Says of what class the name before it is: "pod" of "the billing-api pod"."""

    @property
    def required(self) -> bool:
        """Whether the evidence must hold it, however little it may weigh."""
        return self.specific or self.unfamiliar


@dataclass(frozen=True, slots=True)
class Question:
    """An analysed question; ``groups`` are terms (by index) that must stand together."""

    text: str
    kind: Kind
    terms: tuple[Term, ...]
    groups: tuple[tuple[int, ...], ...]
    implied: tuple[Needle, ...]
    """Heads of columns that the question means without saying them ("how much is the ...")."""
    strict: bool
    """Whether every asked term must be met ("what is the X Y of ..."), or half of them."""
    compounds: tuple[tuple[int, int], ...] = ()
    """Plain words (by index) of which the first tells which one of the second is meant."""
    deed: int | None = None
    """The word (by index) for what was done: "paid" of "who paid the invoice"."""


_WORD = re.compile(r"[^\s\"“”„«»]+")
_QUOTED = re.compile('["“„«]([^"“”„«»]+)["”“»]')
_CODE_PART_CHARS_MIN = 3
"""Shorter parts make everyday words: on-call, e-mail, wi-fi."""
_NAME_TERMS_MIN = 2
_DONE_WORDS = 3
_DEED_ENDINGS = ("ed", "d", "t", "en", "er", "or", "ote", "ble", "s")
_PARTICIPLES = frozenset(
    "set known written sent due selected paid sold made built bought held run".split()
)
_EDGES = " \t.,;:!?()[]{}<>'\u2019\u2018`*"
_JOINED = re.compile(r"[^\W_][-_/:.@#][^\W_]")


class _Token(NamedTuple):
    text: str
    quoted: bool = False
    breaks_after: bool = False
    owns_next: bool = False
    """Written with 's: what follows is what is asked for."""


def analyse(text: str) -> Question:
    """Analyse a question; one without any usable term has no terms."""
    tokens = _tokens(text)
    lowered = [token.text.casefold() for token in tokens]
    kind, start = _kind(lowered, question_mark=text.rstrip().endswith("?"))
    owners = [at for at, token in enumerate(tokens) if token.owns_next and at >= start]
    asked, strict = _asked(lowered, start, kind)
    if owners and any(at > owners[-1] for at in asked):
        asked = frozenset(at for at in asked if at > owners[-1])
    terms: list[Term] = []
    positions: list[int] = []
    for at, token in enumerate(tokens):
        before = lowered[at - 1] if at else ""
        if at and not tokens[at - 1].quoted and is_unsaid_after(before, lowered[at]):
            continue
        calling = kind is Kind.PERSON and before == "who" and lowered[at] == "called"
        term = _term(token, at, asked=at in asked, anchored=before in ANCHORS, kept=calling)
        term = term and _with_other_words(term, lowered[at + 1 : at + 2], kind)
        if term and terms and not term.specific and term.weight > WEAK_WEIGHT:
            beside = terms[-1].specific and positions[-1] == at - 1
            classing = beside and not tokens[at - 1].breaks_after and kind is not Kind.FIND
            # "The Board meeting", but neither "the Feb sales" nor "what did Ada suggest".
            meant = terms[-1].anchored and (kind is Kind.TIME or not term.asked)
            meant = meant and term.text.casefold() not in MESSAGES
            term = replace(term, classing=classing and (term.unfamiliar or meant))
        if term and len(terms) < TERMS_MAX:
            terms.append(term)
            positions.append(at)
    deed = _deed(lowered, start, kind, terms, positions)
    if deed is not None:
        needle = _verb_needle(terms[deed].needle)
        past = {"was", "were"} & set(lowered) and _is_participle(terms[deed].text.casefold())
        if kind is Kind.TIME and past:
            # What is open was opened at some time that it does not tell.
            needle = replace(needle, stem="")
        terms[deed] = replace(terms[deed], needle=needle)
    return Question(
        text=text,
        kind=_refine(kind, terms),
        terms=tuple(terms),
        groups=_groups(tokens, terms, positions),
        implied=_implied(lowered, kind),
        strict=strict,
        compounds=tuple(_compounds(terms, positions)),
        deed=deed,
    )


def _with_other_words(term: Term, following: list[str], kind: Kind) -> Term:
    """The term with what a screen may say for it: nothing else for a name or an unusual word."""
    if term.specific:
        return term
    if following and is_particle(term.text.casefold(), following[0]):
        term = replace(term, needle=phrasal_needle(term.text, term.needle, following[0]))
    if kind is not Kind.FIND and _is_unfamiliar(term):
        term = replace(term, unfamiliar=True, needle=_unfamiliar_needle(term))
    return term


def _verb_needle(needle: Needle) -> Needle:
    """Nobody has paid a payment that is due, or the net pay: only forms of what was done count."""
    verbs = frozenset(
        w
        for w in needle.synonyms
        if (w.endswith(_DEED_ENDINGS) and not w.endswith("ment"))
        or w.removeprefix(needle.stem).removesuffix("s") in PARTICLES
    )
    return replace(needle, synonyms=verbs)


def _verb_at_the_end(
    lowered: list[str], kind: Kind, terms: list[Term], positions: list[int]
) -> int | None:
    """The verb of "what did Ada King pay" and "when does X end"; None of other ones."""
    if not terms or terms[-1].specific:
        return None
    if kind is Kind.TIME:
        # What a calendar shows is when an entry begins.
        return len(terms) - 1 if lowered[positions[-1]] in ENDING_VERBS else None
    before = [t for t in terms[:-1] if t.specific and t.text.isalpha() and t.text.istitle()]
    named = len(before) >= _NAME_TERMS_MIN and len(before) == len(terms) - 1
    return len(terms) - 1 if kind is Kind.THING and named else None


def _deed(
    lowered: list[str], start: int, kind: Kind, terms: list[Term], positions: list[int]
) -> int | None:
    """The verb of "who paid X" and "when was X paid"; None where a copula tells all."""
    if kind is Kind.PERSON and start < len(lowered) and lowered[start] not in AUXILIARIES:
        return (
            positions.index(start) if start in positions and lowered[start - 1] == "who" else None
        )
    told = lowered[start : start + 1]
    if told and told[0] in ("did", "does", "do", "will"):
        return _verb_at_the_end(lowered, kind, terms, positions)
    if kind in (Kind.PERSON, Kind.TIME) and told and told[0] in AUXILIARIES:
        after = [at for at in positions if at > start and _is_participle(lowered[at])]
        return positions.index(after[0]) if after else None
    return None


def _implied(lowered: list[str], kind: Kind) -> tuple[Needle, ...]:
    """Nouns for "how much" and "how many"; heads over the ends of a span."""
    if kind is Kind.TIME:
        ends = [side for side, words in SPAN_ENDS.items() if words & set(lowered)]
        return tuple(needle_of(noun, exact=True) for side in ends[:1] for noun in side.split())
    for first, second in itertools.pairwise(lowered):
        if first == "how" and second in IMPLIED_NOUNS:
            return tuple(needle_of(noun, exact=False) for noun in IMPLIED_NOUNS[second])
    return ()


def _tokens(text: str) -> list[_Token]:
    tokens: list[_Token] = []
    at = 0
    for quoted in [*_QUOTED.finditer(text), None]:
        end = quoted.start() if quoted else len(text)
        for found in _WORD.finditer(text, at, end):
            raw = found.group()
            whole = raw.strip(_EDGES)
            # "Aren't": that it is denied is told by the question as a whole.
            whole = re.sub(r"(?<=[a-z])n['\u2019]t$", "", whole)
            bare = whole.removesuffix("'s").removesuffix("\u2019s")
            owns = bare != whole
            if bare:
                tokens.append(_Token(bare, breaks_after=owns or raw[-1] in ",;:", owns_next=owns))
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
        if word == "how" and following in DEGREES:
            return Kind.DURATION if following in SPANS else Kind.NUMBER, at + 2
        if word in ("what", "which", "how"):
            return Kind.THING, at + 1
    return (Kind.THING if question_mark else Kind.FIND), 0


def _asked(lowered: list[str], start: int, kind: Kind) -> tuple[frozenset[int], bool]:
    """Positions of the words that name what is wanted, and whether all of them must be met."""
    if _names_no_noun(lowered, start, kind):
        return frozenset(), False
    strict = kind in (Kind.THING, Kind.NUMBER) and lowered[start : start + 1] != []
    strict = strict and lowered[start] in COPULAS
    at = start
    while at < len(lowered) and (lowered[at] in AUXILIARIES or lowered[at] in ARTICLES):
        at += 1
    if (
        kind is Kind.PERSON
        and at == start
        and lowered[at + 1 : at + 2]
        and (lowered[at] in WEAK_VERBS | STOP_WORDS)
        and lowered[at + 1] in ARTICLES | PHRASE_ENDS
    ):
        # "Who sent the budget review": the review is not who is asked for.
        return frozenset(), False
    if at < len(lowered) and lowered[at] in PHRASE_ENDS:
        # "What is on 31 October?" names no noun.
        return frozenset(), False
    chosen: list[int] = []
    while at < len(lowered):
        word = lowered[at]
        if chosen and (word in AUXILIARIES or word in PHRASE_ENDS or word in ARTICLES):
            break
        weak = word in WEAK_ADJECTIVES or (word in WEAK_VERBS and not strict)
        if word not in STOP_WORDS and not weak:
            chosen.append(at)
        at += 1
    while len(chosen) > 1 and strict and _is_participle(lowered[chosen[-1]]):
        chosen.pop()
    return frozenset(chosen if strict else chosen[:3]), strict


def _names_no_noun(lowered: list[str], start: int, kind: Kind) -> bool:
    """Whether no word of the question names what is wanted."""
    if kind in (Kind.FIND, Kind.REASON):
        # What is asked for after "why" has no name; the words after it are all its subject.
        return True
    if kind is Kind.PLACE:
        # "Where is the dentist" asks for a place, not for a dentist.
        return not PLACE_NOUNS & set(lowered[start : start + 4])
    done = lowered[start : start + 3]
    if kind is not Kind.THING or len(done) < _DONE_WORDS or done[0] not in COPULAS:
        return False
    # "What was sold in May" names no noun.
    return _is_participle(done[1]) and done[2] in PHRASE_ENDS


def _is_participle(word: str) -> bool:
    return word in _PARTICIPLES or word.endswith("ed")


def _term(
    token: _Token, at: int, *, asked: bool, anchored: bool, kept: bool = False
) -> Term | None:
    """A term of a token, None for one never looked for; ``kept``: it is looked for all the same."""
    text = token.text
    if not kept and not token.quoted and text.casefold() in STOP_WORDS and not _is_code(text, at):
        return None
    specific = token.quoted or _is_code(text, at) or _is_name(text, at)
    loose = _is_name(text, at) and not _is_code(text, at) and not token.quoted
    needle = needle_of(text, exact=specific and not loose)
    if not needle.squashed:
        return None
    weak = not specific and _is_weak(text.casefold(), asked=asked)
    weight = _PLAIN_WEIGHT
    if specific:
        weight = _SPECIFIC_WEIGHT
    elif weak:
        weight = WEAK_WEIGHT
    elif asked:
        weight = _ASKED_WEIGHT
    anchored = (anchored and not weak) or kept
    return Term(text, needle, specific, asked, weight, anchored)


def _is_unfamiliar(term: Term) -> bool:
    return not term.specific and term.text.isalpha() and not is_ordinary(term.text)


def _unfamiliar_needle(term: Term) -> Needle:
    """Parker is not Park: a word in -er is met by itself and its plural alone."""
    word = term.text.casefold()
    if not word.endswith(("er", "ers")):
        return term.needle
    other = word.removesuffix("s") if word.endswith("s") else word + "s"
    return replace(needle_of(term.text, exact=True), synonyms=frozenset({fold(other)}))


def _is_weak(word: str, *, asked: bool) -> bool:
    return word in WEAK_ADJECTIVES or (not asked and (word in WEAK_VERBS or word in CONTAINERS))


def _is_code(text: str, at: int) -> bool:
    if text.casefold() in ACRONYMS:
        return False
    if any(ch.isdigit() for ch in text):
        return True
    if at > 0 and text.isupper() and len(text) > 1:
        return True
    parts = re.split(r"[-_/:.@#]", text)
    if "-" in text and all(part.isalpha() for part in parts):
        return all(len(part) >= _CODE_PART_CHARS_MIN for part in parts)
    if _JOINED.search(text) or text.startswith(("/", "--", "__", "@", "#")):
        return True
    return bool(re.search(r"[a-z][A-Z]", text))


def _is_name(text: str, at: int) -> bool:
    general = text.casefold() in CALENDAR or text.casefold() in ACRONYMS
    return at > 0 and text[0].isupper() and len(text) > 1 and not general


def _refine(kind: Kind, terms: list[Term]) -> Kind:
    if kind is not Kind.THING:
        return kind
    for term in reversed([term for term in terms if term.asked]):
        word = term.text.casefold()
        if word in HEAD_NOUNS:
            # A cost centre is no cost.
            return kind
        if word in TIME_NOUNS:
            return Kind.TIME
        if word in PERSON_NOUNS:
            return Kind.PERSON
        if word in NUMBER_NOUNS:
            return Kind.NUMBER
    return kind


def _groups(
    tokens: list[_Token], terms: list[Term], positions: list[int]
) -> tuple[tuple[int, ...], ...]:
    """Runs of neighbouring names and identifiers: "Gearbox GX-7 Pro", "Helen Okafor"."""
    groups = [*_runs_of_names(tokens, terms, positions), *_numbered(tokens, terms, positions)]
    return tuple(groups)


def _runs_of_names(
    tokens: list[_Token], terms: list[Term], positions: list[int]
) -> Iterator[tuple[int, ...]]:
    run: list[int] = []
    for index, position in enumerate(positions):
        name_like = terms[index].specific and terms[index].text[:1].isupper()
        follows = bool(run) and positions[run[-1]] == position - 1
        if run and (not follows or tokens[position - 1].breaks_after or not name_like):
            if len(run) > 1:
                yield tuple(run)
            run = []
        if name_like:
            run.append(index)
    if len(run) > 1:
        yield tuple(run)


def _compounds(terms: list[Term], positions: list[int]) -> Iterator[tuple[int, int]]:
    """Neighbouring plain words after an article or preposition: "the backup service"."""
    for index in range(1, len(terms)):
        first, second = terms[index - 1], terms[index]
        plain = not any(term.asked or term.specific for term in (first, second))
        plain = plain and second.weight > WEAK_WEIGHT
        beside = positions[index] - positions[index - 1] == 1
        if plain and beside and first.anchored and not _is_participle(second.text.casefold()):
            yield (index - 1, index)


def _numbered(
    tokens: list[_Token], terms: list[Term], positions: list[int]
) -> Iterator[tuple[int, ...]]:
    """A bare number and the plain word beside it: "sprint 42", "17 inch"."""
    numbered: Term | None = None
    for index in range(1, len(terms)):
        first, second = terms[index - 1], terms[index]
        dated = {first.text.casefold(), second.text.casefold()} & CALENDAR
        beside = positions[index] - positions[index - 1] == 1 and not dated
        if beside and not tokens[positions[index - 1]].breaks_after:
            # "Was worker 3 killed": the number belongs to the noun before it.
            owned = first is numbered and _is_participle(second.text.casefold())
            numbered = second if second.needle.numeric and not first.specific else None
            if second.text.casefold() in WEAK_VERBS:
                # "How long did the deploy of 7.3.0 take": no name is made of them.
                continue
            if numbered is not None or (first.needle.numeric and not second.specific and not owned):
                yield (index - 1, index)

"""What a question asks: its kind, its terms, and which of them must be met.

Covers: English questions and bare search words, quoted phrases, names, identifiers. Does not
cover: time phrases, finding anything. Pure.
"""

from __future__ import annotations

import functools
import itertools
from dataclasses import dataclass, replace
from enum import StrEnum

from kernel.query.choices import Choice, choice_of, is_short_state
from kernel.query.documents import document_words
from kernel.query.groups import compounds_of, groups_of, is_past_form, is_unsaid_class
from kernel.query.inflections import all_past_forms
from kernel.query.initials import UNSAID, is_initials, known_initials, made_initials, phrases_of
from kernel.query.phrasal import is_particle, is_unsaid_after, phrasal_needle
from kernel.query.sayings import plainly, sayings_for
from kernel.query.stoppages import with_stoppages
from kernel.query.synonyms import meanings_of
from kernel.query.terms import (
    WEAK_WEIGHT,
    Term,
    Token,
    is_unfamiliar,
    term_of,
    tokens_of,
    unfamiliar_needle,
)
from kernel.query.thesaurus import verbs_for
from kernel.query.verbs import main_verb_at
from kernel.query.vocabulary import (
    ACRONYMS,
    ANCHORS,
    ARTICLES,
    AUXILIARIES,
    COPULAS,
    COSTING,
    DEGREES,
    ENDING_VERBS,
    HAPPENED,
    HEAD_NOUNS,
    IMPLIED_NOUNS,
    MEASURED_BY,
    MESSAGES,
    NUMBER_NOUNS,
    PARTICLES,
    PERSON_NOUNS,
    PHRASE_ENDS,
    PLACE_NOUNS,
    PLACED_THINGS,
    ROW_NOUNS,
    SPAN_ENDS,
    SPANS,
    STOP_WORDS,
    TIME_NOUNS,
    WEAK_ADJECTIVES,
    WEAK_VERBS,
)
from kernel.query.words import Needle, needle_of, stem_of
from kernel.store.folding import fold

__all__ = ["WEAK_WEIGHT", "Kind", "Question", "Term", "analyse"]

TERMS_MAX = 32
"""Terms beyond these are left out of a question."""
MEASURE_WEIGHT = 50
_DEGREE_WORDS = 2


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
    verb: int | None = None
    """The main verb (by index) after an auxiliary: "reach" of "how many does it reach"."""
    states: frozenset[str] = frozenset()
    """Where a state answers ("is it on or off"): those that may; else none."""
    others: tuple[Question, ...] = ()
    """What the question asks in other words."""


_MODALS = frozenset(map(fold, ("may", "can")))
"""Who is allowed to do a thing "may" do it."""
_LAST_DONE = tuple(map(fold, ("last", "latest")))
"""Before the noun of a deed: the last change tells when a thing was changed."""
_PAST_AUXILIARIES = frozenset("was were did has have had".split())
_NAME_TERMS_MIN = 2
_DONE_WORDS = 3
_DEED_ENDINGS = tuple(map(fold, ("ed", "d", "t", "en", "er", "or", "ote", "ble", "s")))
"""As folded words end."""


def analyse(text: str) -> Question:
    """Analyse a question; one without any usable term has no terms."""
    tokens = tokens_of(plainly(text))
    marked = text.rstrip().endswith("?")
    choice = choice_of([token.text for token in tokens]) if marked else None
    if choice is None:
        return _analyse(text, tokens, question_mark=marked)
    asked = [_analyse(said, tokens_of(said), question_mark=True) for said in choice.readings]
    readings = [
        replace(reading, text=text, kind=Kind.THING, states=choice.states)
        for reading in (*asked, _with_states(_analyse(text, tokens, question_mark=True), choice))
    ]
    return replace(readings[0], others=tuple(readings[1:]))


def _with_states(question: Question, choice: Choice) -> Question:
    """The question with any of the states for the one that it says: failed for passed."""
    said = frozenset(fold(word) for word in choice.states if not is_short_state(word))
    terms = tuple(
        replace(
            term, asked=False, needle=replace(term.needle, synonyms=term.needle.synonyms | said)
        )
        if term.text.casefold() in choice.states
        else term
        for term in question.terms
    )
    return replace(question, terms=terms, strict=True)


def _analyse(text: str, tokens: list[Token], *, question_mark: bool) -> Question:
    lowered = [token.text.casefold() for token in tokens]
    kind, start = _kind(lowered, question_mark=question_mark)
    measured = _is_measured(lowered, start)
    asked, strict = (frozenset[int](), False) if measured else _asked(lowered, start, kind)
    owners = [at for at, token in enumerate(tokens) if token.owns_next and at >= start]
    if owners and any(at > owners[-1] for at in asked):
        asked = frozenset(at for at in asked if at > owners[-1])
    terms, positions = _terms(tokens, lowered, kind, asked)
    if measured:
        terms = _with_measure(lowered, start - 1, terms, positions)
    if kind is not Kind.FIND:
        terms = _with_meanings(tokens, terms, positions)
        terms = with_stoppages(text, terms) if kind is Kind.REASON else terms
        terms = terms if strict else _without_modifiers(terms, kind)
    deed = _deed(lowered, start, kind, terms, positions)
    if deed is not None:
        # The delivery date tells when a thing is delivered, and not when it was.
        coming = kind is Kind.TIME and not _PAST_AUXILIARIES & set(lowered)
        needle = terms[deed].needle if coming else _verb_needle(terms[deed].needle)
        past = {"was", "were"} & set(lowered) and is_past_form(terms[deed].text.casefold())
        if kind is Kind.TIME and past:
            # What is open was opened at some time that it does not tell.
            last = tuple((word, needle.stem) for word in _LAST_DONE)
            needle = replace(needle, stem="", phrases=(*needle.phrases, *last))
        terms[deed] = replace(terms[deed], needle=needle)
    verb_at = main_verb_at(lowered)
    verb = positions.index(verb_at) if verb_at in positions else None
    return Question(
        text=text,
        kind=_refine(kind, terms),
        terms=tuple(terms),
        groups=groups_of(tokens, terms, positions),
        implied=_implied(lowered, kind),
        strict=strict,
        compounds=tuple(pair for pair in compounds_of(terms, positions) if pair[1] != verb),
        deed=deed,
        verb=verb,
    )


def _terms(
    tokens: list[Token], lowered: list[str], kind: Kind, asked: frozenset[int]
) -> tuple[list[Term], list[int]]:
    """The terms with their places among the tokens."""
    terms: list[Term] = []
    positions: list[int] = []
    for at, token in enumerate(tokens):
        before = lowered[at - 1] if at else ""
        if at and not tokens[at - 1].quoted and is_unsaid_after(before, lowered[at]):
            continue
        calling = kind is Kind.PERSON and before == "who" and lowered[at] == "called"
        term = term_of(token, at, asked=at in asked, anchored=before in ANCHORS, kept=calling)
        term = term and _with_other_words(term, lowered[at + 1 : at + 2], kind)
        if term and terms and not term.specific and term.weight > WEAK_WEIGHT:
            beside = terms[-1].specific and positions[-1] == at - 1
            classing = beside and not tokens[at - 1].breaks_after and kind is not Kind.FIND
            # "The Board meeting", but neither "the Feb sales" nor "what did Ada suggest".
            meant = terms[-1].anchored and (kind is Kind.TIME or not term.asked)
            meant = meant and term.text.casefold() not in MESSAGES
            # "When does the demo for Ada start": the verb says nothing of the name.
            verb = at == len(tokens) - 1 and bool({"did", "does", "do", "will"} & set(lowered[:at]))
            term = replace(term, classing=classing and not verb and (term.unfamiliar or meant))
        if term and len(terms) < TERMS_MAX:
            terms.append(term)
            positions.append(at)
    return terms, positions


def _with_other_words(term: Term, following: list[str], kind: Kind) -> Term:
    """The term with what a screen may say for it: nothing else for a name or an unusual word."""
    if term.specific or kind is Kind.FIND:
        return term
    word = term.text.casefold()
    if following and is_particle(word, following[0]):
        term = replace(term, needle=phrasal_needle(term.text, term.needle, following[0]))
    if is_unfamiliar(term):
        term = replace(term, unfamiliar=True, needle=unfamiliar_needle(term))
    return term


def _with_meanings(tokens: list[Token], terms: list[Term], positions: list[int]) -> list[Term]:
    """The terms with words of the same meaning and initials; those that need not be said marked."""
    plain = {at: term for at, term in zip(positions, terms, strict=True) if not term.specific}
    words = [token.text.casefold() for token in tokens]
    verb_at = main_verb_at(words)
    known = known_initials(words)
    sorts = document_words(words)
    made = made_initials([w if at in plain or w in UNSAID else "" for at, w in enumerate(words)])
    done: list[Term] = []
    for index, (term, at) in enumerate(zip(terms, positions, strict=True)):
        needle = term.needle
        beside = (index + step for step in (-1, 1) if 0 <= index + step < len(terms))
        near = frozenset(other for other in beside if abs(positions[other] - at) == 1)
        if at in plain:
            said = meanings_of(term.text) | known.get(at, frozenset())
            if at == verb_at or is_past_form(words[at]) or (at and words[at - 1] == "who"):
                said |= verbs_for(term.text)
            needle = replace(
                needle,
                synonyms=needle.synonyms | said,
                initials=made.get(at, frozenset()),
            )
        if term.text.isalpha() and (not term.specific or term.text.isupper()):
            spelled = (*phrases_of(term.text), *sayings_for(term.text))
            phrases = (*needle.phrases, *(tuple(map(_folded_stem, words)) for words in spelled))
            letters = term.text.casefold() if is_initials(term.text) else ""
            needle = replace(needle, phrases=phrases, letters=letters)
        unsaid = is_unsaid_class(terms, index, beside=near) or at in sorts
        asked = term.asked and not unsaid
        anchored = term.anchored and at not in sorts
        done.append(replace(term, needle=needle, unsaid=unsaid, asked=asked, anchored=anchored))
    return done


def _without_modifiers(terms: list[Term], kind: Kind) -> list[Term]:
    """The terms; what only says of what sort the thing asked for is need not be there.

    An HTTP status is a status, a client address an address; where the file is tells its path.
    """
    done = list(terms)
    for index, term in enumerate(terms):
        word = term.text.casefold()
        following = terms[index + 1] if index + 1 < len(terms) else None
        sort = word in ACRONYMS or word in ROW_NOUNS
        if kind is Kind.THING and term.asked and following and following.asked and sort:
            done[index] = replace(term, asked=False, unsaid=True, weight=WEAK_WEIGHT)
        if kind is Kind.PLACE and index and word in PLACED_THINGS and not term.asked:
            done[index] = replace(term, unsaid=True, weight=WEAK_WEIGHT)
    return done


def _folded_stem(word: str) -> str:
    return fold(stem_of(word))


def _is_measured(lowered: list[str], start: int) -> bool:
    """Whether an adjective after "how" names what is measured: "how heavy is the parcel"."""
    if start < _DEGREE_WORDS or lowered[start - 2] != "how":
        return False
    return (
        lowered[start - 1] in MEASURED_BY
        and lowered[start : start + 1] != []
        and (lowered[start] in AUXILIARIES)
    )


def _with_measure(
    lowered: list[str], at: int, terms: list[Term], positions: list[int]
) -> list[Term]:
    """The terms with the adjective, which the screen may say as a noun ("weight" of "heavy")."""
    nouns = MEASURED_BY[lowered[at]].split()
    needle = needle_of(lowered[at], exact=False)
    needle = replace(needle, synonyms=needle.synonyms | frozenset(map(fold, nouns)))
    measure = Term(lowered[at], needle, specific=False, asked=False, weight=MEASURE_WEIGHT)
    kept = [(p, t) for p, t in zip(positions, terms, strict=True) if p != at]
    index = sum(p < at for p, _ in kept)
    positions[:] = [p for p, _ in kept[:index]] + [at] + [p for p, _ in kept[index:]]
    return [*(t for _, t in kept[:index]), measure, *(t for _, t in kept[index:])]


def _verb_needle(needle: Needle) -> Needle:
    """Nobody has paid a payment that is due, or the net pay: only forms of what was done count."""
    verbs = frozenset(
        w
        for w in needle.synonyms
        if (w.endswith(_DEED_ENDINGS) and not w.endswith("ment"))
        or w in _folded_past_forms()
        or w in _MODALS
        or w.removeprefix(needle.stem).removesuffix("s") in PARTICLES
    )
    return replace(needle, synonyms=verbs)


@functools.cache
def _folded_past_forms() -> frozenset[str]:
    return frozenset(map(fold, all_past_forms()))


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
        plain = [at for at, term in zip(positions, terms, strict=True) if not term.specific]
        after = [at for at in plain if at > start and is_past_form(lowered[at])]
        if kind is Kind.TIME and after and lowered[after[0]] in HAPPENED:
            # When a thing was made or held is when it was.
            return None
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
    if {"did", "does", "do"} & set(lowered) and COSTING & set(lowered):
        return tuple(needle_of(noun, exact=False) for noun in IMPLIED_NOUNS["much"])
    return ()


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
    if kind is Kind.NUMBER and at > start and lowered[start - 1] == "much" and not strict:
        # "How much did Ada transfer" asks for what she transferred, and for nothing else.
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
    while len(chosen) > 1 and strict and is_past_form(lowered[chosen[-1]]):
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
    return is_past_form(done[1]) and done[2] in PHRASE_ENDS


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

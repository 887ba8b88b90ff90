"""Which words of a question stand together: names of several words, numbered things, compounds.

Covers: runs of neighbouring terms that a page must show as one. Does not cover: whether it does
(`kernel.query.ranking`). Pure.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from kernel.query.inflections import is_irregular_form
from kernel.query.terms import WEAK_WEIGHT, Term, Token
from kernel.query.vocabulary import CALENDAR, CLASS_NOUNS, PARTICIPLES, ROW_NOUNS, WEAK_VERBS

_ROWS = ROW_NOUNS | {noun + "s" for noun in ROW_NOUNS}
_CLASSES = _ROWS | CLASS_NOUNS | {noun + "s" for noun in CLASS_NOUNS}
_NUMBER_DIGITS_MIN = 4
"""A longer number tells one thing by itself: "job 73105" stands under JOBID, without the word."""

_VERSIONED = frozenset("firmware software driver app application program library package".split())
"""What has versions: the number alone may name one."""


def groups_of(
    tokens: Sequence[Token], terms: Sequence[Term], positions: Sequence[int]
) -> tuple[tuple[int, ...], ...]:
    """Runs of neighbouring terms (by index) that are one name: "Gearbox GX-7 Pro", "sprint 42"."""
    return (*_runs_of_names(tokens, terms, positions), *_numbered(tokens, terms, positions))


def is_past_form(word: str) -> bool:
    """Whether it is a participle, or a past form of an irregular verb: "set", "filed", "held"."""
    return word in PARTICIPLES or word.endswith("ed") or is_irregular_form(word)


def _runs_of_names(
    tokens: Sequence[Token], terms: Sequence[Term], positions: Sequence[int]
) -> Iterator[tuple[int, ...]]:
    run: list[int] = []
    for index, position in enumerate(positions):
        term = terms[index]
        follows = bool(run) and positions[run[-1]] == position - 1
        follows = follows and not tokens[position - 1].breaks_after
        goes_on = follows and _goes_on_in_figures(terms[run[-1]], term)
        name_like = term.specific and (term.text[:1].isupper() or goes_on)
        if run and not (follows and name_like):
            if len(run) > 1:
                yield tuple(run)
            run = []
        if name_like:
            run.append(index)
    if len(run) > 1:
        yield tuple(run)


def _goes_on_in_figures(before: Term, term: Term) -> bool:
    """Whether a number is part of the identifier before it: "NX 5529 1840 77"."""
    code = before.text.isupper() or any(map(str.isdigit, before.text))
    return code and any(map(str.isdigit, term.text))


def compounds_of(terms: Sequence[Term], positions: Sequence[int]) -> Iterator[tuple[int, int]]:
    """Neighbouring plain words after an article or preposition: "the backup service"."""
    for index in range(1, len(terms)):
        first, second = terms[index - 1], terms[index]
        plain = not any(term.asked or term.specific or term.unsaid for term in (first, second))
        plain = plain and second.weight > WEAK_WEIGHT
        beside = positions[index] - positions[index - 1] == 1
        if plain and beside and first.anchored and not is_past_form(second.text.casefold()):
            yield (index - 1, index)


def _numbered(
    tokens: Sequence[Token], terms: Sequence[Term], positions: Sequence[int]
) -> Iterator[tuple[int, ...]]:
    """A bare number and the noun beside it: "sprint 42", "17 inch"."""
    for index in range(1, len(terms)):
        first, second = terms[index - 1], terms[index]
        beside = positions[index] - positions[index - 1] == 1
        if not beside or tokens[positions[index - 1]].breaks_after:
            continue
        if _is_letter(second) and not first.specific and _is_noun(first):
            # "Platform B" is named by its letter.
            yield (index - 1, index)
            continue
        number, noun = (second, first) if second.needle.numeric else (first, second)
        if not number.needle.numeric or noun.needle.numeric or noun.unsaid:
            continue
        if noun.text.casefold() in _VERSIONED and number.text.count(".") > 1:
            # "Version 7.4.0" under a heading is that of the firmware.
            continue
        # "Was worker 3 killed": neither verbs nor names make a name with a number after them.
        if noun is second and (_is_numbered(terms, positions, index) or noun.specific):
            continue
        if _is_noun(noun) and not (noun is first and noun.specific):
            yield (index - 1, index)


def _is_letter(term: Term) -> bool:
    return len(term.text) == 1 and term.specific and term.text.isalpha()


def _is_numbered(terms: Sequence[Term], positions: Sequence[int], index: int) -> bool:
    """Whether the number before a word belongs to the noun before that."""
    owner = terms[index - 2] if index > 1 else None
    beside = owner is not None and positions[index - 1] - positions[index - 2] == 1
    return beside and owner is not None and (owner.specific or _is_noun(owner))


def _is_noun(term: Term) -> bool:
    word = term.text.casefold()
    return not (word in CALENDAR or word in WEAK_VERBS or is_past_form(word))


def is_unsaid_class(terms: Sequence[Term], index: int, *, beside: frozenset[int]) -> bool:
    """Whether a noun says of what class a thing is that the question names besides.

    ``beside``: the terms (by index) right before and after it. An identifier tells of any class,
    other words of some: a payment to the gym is a row of a list of payments.
    """
    term = terms[index]
    noun = term.text.casefold()
    done = index > 0 and index == len(terms) - 1 and terms[index - 1].specific
    if noun not in _CLASSES or (done and not term.anchored):
        # "How much did Ada transfer": that is what she did.
        return False
    if any(_tells_one_thing(terms[other]) for other in beside):
        return not term.specific
    if term.asked or term.required:
        return False
    named = any(
        not (other.asked or other is term) and other.weight > WEAK_WEIGHT for other in terms
    )
    return named and noun in _ROWS


def _tells_one_thing(term: Term) -> bool:
    """Whether it is an identifier or a long number."""
    digits = sum(map(str.isdigit, term.text))
    return (
        term.specific and bool(digits) and (digits >= _NUMBER_DIGITS_MIN or not term.needle.numeric)
    )

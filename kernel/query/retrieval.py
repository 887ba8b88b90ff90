"""Which pages may hold the answer: the index, asked term by term.

Covers: index expressions for terms, the pages that hold every specific term, a bounded
number of them by weight of the terms they hold. Does not cover: reading the pages.
"""

from __future__ import annotations

from collections.abc import Callable

from kernel.query.question import Question, Term
from kernel.query.stores import Index
from kernel.query.words import units_of
from kernel.store.folding import squash, word_parts

_STEM_CHARS_MIN = 3
_SUBSTRING_CHARS_MIN = 3


def find_blobs(
    index: Index,
    question: Question,
    *,
    texts_max: int,
    blobs_max: int | None = None,
    admits: Callable[[str], bool] | None = None,
) -> list[tuple[str, int]]:
    """Blobs worth reading with the weight of the terms they hold, best first.

    Empty when a required term is nowhere. Of equal weight, the latest read come first. Only
    blobs that ``admits`` lets pass.
    """
    weight: dict[str, int] = {}
    order: dict[str, int] = {}
    required: set[str] | None = None
    for term in question.terms:
        found = _blobs_of(index, term, texts_max=texts_max)
        found = [blob for blob in found if admits(blob)] if admits else found
        for at, blob in enumerate(found):
            weight[blob] = weight.get(blob, 0) + term.weight
            order[blob] = min(order.get(blob, at), at)
        if term.required:
            required = set(found) if required is None else required & set(found)
    kept = weight if required is None else {b: w for b, w in weight.items() if b in required}
    best = sorted(kept, key=lambda blob: (-kept[blob], order[blob], blob))[:blobs_max]
    return [(blob, kept[blob]) for blob in best]


def _blobs_of(index: Index, term: Term, *, texts_max: int) -> list[str]:
    found = list(index.blobs_matching_words(match_of(term), texts_max=texts_max))
    squashed = squash(term.text)
    if (term.required or not found) and len(squashed) >= _SUBSTRING_CHARS_MIN:
        known = set(found)
        further = index.blobs_holding(squashed, texts_max=texts_max)
        found += [blob for blob in further if blob not in known]
    return found


def match_of(term: Term) -> str:
    """The FTS5 expression for a term: its parts as a phrase, its stem, its synonyms."""
    choices = [_phrase(term.text)]
    needle = term.needle
    if len(needle.stem) >= _STEM_CHARS_MIN:
        choices.append(f'"{needle.stem}" *')
    choices += [f'"{word}"' for word in sorted(needle.synonyms) if word.isalnum()]
    return " OR ".join(choices)


def _phrase(text: str) -> str:
    parts = word_parts(text) or tuple(unit.folded for unit in units_of(text))
    return '"' + " ".join(parts) + '"'

"""The first, the second: which of several numbered things a question means.

Covers: numbers beside the noun that an ordinal word stands before ("the second parcel": Parcel 2,
2nd parcel). Does not cover: the first of a list that nobody numbered, dates. Pure.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from kernel.query.layout import Hit, PageLayout

_WORDS = "first second third fourth fifth sixth seventh eighth ninth tenth".split()
_NUMBER_OF = {word: number for number, word in enumerate(_WORDS, start=1)}
_AFTER = (
    r"\W{{0,2}}(?:no\.?|nr\.?|number)?\s*#?(?P<number>{number})(?![\w.,:/]*\d|\s?(?:%|[ap]m\b))"
)
_BEFORE = r"(?<![\w.,:/-])(?P<number>{number}(?:st|nd|rd|th))\s+$"


def ordinal_hits(layout: PageLayout, word: str, noun: Sequence[Hit]) -> list[Hit]:
    """Where the noun after an ordinal has its number beside it; none for other words."""
    number = _NUMBER_OF.get(word.casefold())
    if number is None:
        return []
    after = re.compile(_AFTER.format(number=number), re.IGNORECASE)
    before = re.compile(_BEFORE.format(number=number), re.IGNORECASE)
    found = []
    for hit in noun:
        text = layout.page.lines[hit.line].text
        told = after.match(text, hit.end) or before.search(text[: hit.start])
        if told is not None:
            start, end = told.span("number")
            piece = layout.piece_at(hit.line, start).index
            found.append(Hit(hit.line, start, end, hit.quality, piece))
    return found

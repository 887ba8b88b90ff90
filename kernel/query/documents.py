"""Words of a question for the sort of document that it asks about: "the wiki page about X".

Covers: which words name the sort of a document whose title or subject the question says besides.
Does not cover: whether the document is about that (`kernel.query.sections`, `kernel.query.unmet`),
filters by window and program (`kernel.query.places`). Pure.

A page does not call itself a page: its title says what it is about, its look what sort it is.
"""

from __future__ import annotations

from collections.abc import Sequence

_SORTS = frozenset(
    "page article document doc note memo sheet record form entry wiki post thread guide manual"
    " handbook runbook tutorial letter mail email message leaflet sign notice dialog window tab"
    " card panel section chapter".split()
)
_OF_WHAT_SORT = frozenset(
    "wiki web help intranet internal pdf word confluence notion sharepoint sticky blog shared"
    " knowledge base mail reference support team".split()
)
_ABOUT = frozenset(
    "about on titled entitled called named headed regarding concerning describing explaining"
    " covering".split()
)
_ARTICLES = frozenset("the that this our my a an".split())
_MODIFIERS_MAX = 2


def document_words(words: Sequence[str]) -> frozenset[int]:
    """The words (by index, in lower case) that say of what sort a document about something is."""
    found: set[int] = set()
    for at, word in enumerate(words[:-2]):
        if word in _SORTS and words[at + 1] in _ABOUT:
            first = at
            while first and at - first < _MODIFIERS_MAX and words[first - 1] in _OF_WHAT_SORT:
                first -= 1
            if first and words[first - 1] in _ARTICLES:
                found.update(range(first, at + 1))
    return frozenset(found)

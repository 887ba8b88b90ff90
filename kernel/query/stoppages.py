"""What does not happen was stopped: "why is the ferry not sailing?", "cancelled because of storm".

Covers: the verb that a question denies, and what a screen says of what does not happen. Does not
cover: denial in general (`kernel.query.polarity`). Pure.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from kernel.query.terms import Term
from kernel.store.folding import fold

_TAIL = (
    r"(?:\s+(?:today|tomorrow|tonight|now|yet|yesterday|at the moment|any ?more|(?:this|next)"
    r" \w+|on \w+day))*\W*$"
)
_DENIED = tuple(
    re.compile(pattern + _TAIL, re.IGNORECASE)
    for pattern in (
        r"\b(?:is|are|was|were)\b.*\bnot (?P<verb>[a-z]+ing)",
        r"\b(?:do|does|did|will|can)\b.*\bnot (?P<verb>[a-z]+)",
        r"\b(?:is|are|was|were)n['\u2019]t\b.* (?P<verb>[a-z]+ing)",
        r"\b(?:do|does|did|wo|ca)n['\u2019]t\b.* (?P<verb>[a-z]+)",
    )
)
_STOPPED = (
    "cancelled canceled suspended stopped halted closed withdrawn grounded paused postponed"
    " blocked disabled".split()
)
_STOPPED_FOLDED = frozenset(map(fold, _STOPPED))
_TELLS = re.compile(rf"\b(?:{'|'.join(_STOPPED)}|called off|out of (?:service|order))\b", re.I)


def tells_stoppage(text: str) -> bool:
    """Whether the text says that something was stopped, or does not take place."""
    return bool(_TELLS.search(text))


def denied_verb(text: str) -> str | None:
    """The verb (in lower case) of which a question says that it does not happen; None without."""
    found = (pattern.search(text) for pattern in _DENIED)
    return next((hit.group("verb").casefold() for hit in found if hit), None)


def with_stoppages(text: str, terms: Sequence[Term]) -> list[Term]:
    """The terms of a question; a verb that it denies is met by what says that it was stopped."""
    verb = denied_verb(text)
    return [
        replace(term, needle=replace(term.needle, synonyms=term.needle.synonyms | _STOPPED_FOLDED))
        if term.text.casefold() == verb and not term.specific
        else term
        for term in terms
    ]

"""Deeds that a screen tells without the verb's past form, and who may do them.

Covers: deeds told by a noun with its doer ("Last change: 27 February by Deepak Rao"), questions for
who is allowed, the roles that answer them ("Only the duty manager may ..."). Does not cover: who is
near a deed (`kernel.query.circumstances`). Pure.
"""

from __future__ import annotations

import re
from typing import Final

from kernel.query import shapes
from kernel.query.words import stem_of

_DONE_LAST: Final = re.compile(
    r"\b(?:last|latest|previous|first|final|most recent)\s+(?P<noun>[^\W\d_]+)", re.IGNORECASE
)
_BY_SOMEBODY: Final = re.compile(r"\bby\s+[@A-Z\w]", re.IGNORECASE)
_ASKS_LEAVE: Final = re.compile(
    r"\bwho\s+(?:(?:is|are|was|were)\s+(?:\w+ly\s+)?(?:allowed|permitted|authori[sz]ed|entitled)\b"
    r"|may\b|can\b|must\b|should\b|has to\b|needs to\b)",
    re.IGNORECASE,
)
_GIVES_LEAVE: Final = re.compile(
    r"\b(?:may|can|must|should|allowed|permitted|authori[sz]ed|entitled|has to|have to|needs to)\b",
    re.IGNORECASE,
)
_ROLES: Final = re.compile(
    r"\b(?:managers?|leads?|leaders?|heads?|admins?|administrators?|owners?|operators?|engineers?"
    r"|officers?|supervisors?|editors?|maintainers?|reviewers?|members?|moderators?|directors?"
    r"|developers?|doctors?|nurses?|technicians?|planners?|dispatchers?|stewards?|treasurers?"
    r"|secretar(?:y|ies)|accountants?|auditors?|teachers?|employees?|staff|team|users?|guests?"
    r"|customers?|drivers?|anyone|anybody|everyone|everybody|nobody|no one|board|committee)\b",
    re.IGNORECASE,
)


def is_told_by_its_noun(text: str, verb: str) -> bool:
    """Whether a deed is told by a noun like its verb, and by whom: "Last change: ... by Ada"."""
    stem = stem_of(verb)
    return bool(_BY_SOMEBODY.search(text)) and any(
        stem_of(found.group("noun")) == stem for found in _DONE_LAST.finditer(text)
    )


def asks_for_leave(question: str) -> bool:
    """Whether it is asked who may or must do something: then a role is a who."""
    return bool(_ASKS_LEAVE.search(question))


def gives_leave(text: str) -> bool:
    """Whether a statement says of somebody, if only of a role, that they may or must."""
    leave = _GIVES_LEAVE.search(text)
    return leave is not None and bool(_ROLES.search(text[: leave.start()]))


def is_place_like(value: str) -> bool:
    """Whether a value may be a place: no time, amount or person, and not missing."""
    told = value.strip()
    worded = any(map(str.isalpha, told)) and not told[:1].isdigit()
    person = shapes.is_person(told) or shapes.holds_person(told)
    return worded and not (person or shapes.is_time(told) or shapes.is_placeholder(told))

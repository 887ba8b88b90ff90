"""Questions that a state answers: "Is sync on or off?", "Did the build pass?".

Covers: the states that screens show for what is asked, what such a question asks in other words.
Does not cover: yes-or-no questions about anything else, finding the state. Pure.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from kernel.query.vocabulary import AUXILIARIES, PHRASE_ENDS

_SWITCH = (
    "on off enabled disabled active inactive activated deactivated yes no true false always never"
    " required optional"
)
_STATES: Final = tuple(
    frozenset(words.split())
    for words in (
        _SWITCH,
        "open opened closed reopened resolved pending done new merged fixed unresolved in-progress"
        " cancelled",
        "pass passed passing fail failed failing failure succeed succeeded success successful ok"
        " green red broken error errored aborted cancelled canceled skipped running unstable",
        "up down running stopped healthy unhealthy online offline reachable unreachable degraded"
        " available unavailable ready unready crashed exited outage operational ok",
        "paid unpaid overdue settled outstanding pending refunded partially open due",
        "done finish finished complete completed incomplete pending todo open closed running failed"
        " queued started",
        "public private internal",
        "locked unlocked",
        "signed unsigned pending",
        "approve approved unapproved rejected declined pending accepted denied",
        "confirmed unconfirmed cancelled tentative pending declined accepted",
        "delivered undelivered shipped dispatched in-transit delayed returned lost pending",
        "verified unverified pending",
        "connected disconnected",
        "encrypted unencrypted yes no on off",
        "mandatory optional required yes no",
        "valid invalid expired revoked",
        "available unavailable reserved booked occupied free taken out-of-stock sold-out",
        "delayed on-time late early cancelled",
        "resolved unresolved open closed pending fixed",
        "muted unmuted yes no on off",
        "installed uninstalled missing",
    )
)
"""Words of which one tells that it is not the others."""
_ENDS_ALONE: Final = frozenset("on off up down open in out".split())
"""States only at the end of a question: "Is the host up?", not "is it on Monday"."""
_AFTERWARDS: Final = frozenset("yet now today again already currently still or".split())
_STILL: Final = frozenset("still already currently now yet ever".split())
_WORDS_MIN: Final = 3
_OR_WORDS: Final = 2
_LABELLED_WORDS: Final = 3
_WORD = re.compile(r"[a-z]+(?:-[a-z]+)*")
_COPULA = re.compile(
    r"\b(?:is|are|was|were|be|been|stays?|remains?|turned|switched|set to|has|have|got|gets?)\s+"
    r"(?:\w+ly\s+|still\s+|now\s+|not\s+|already\s+)?$",
    re.IGNORECASE,
)
_SHORT: Final = frozenset("on off up down no yes in out new".split())
"""Words that tell no state within a sentence, unless a verb of being stands before them."""


@dataclass(frozen=True, slots=True)
class Choice:
    """A question that a state answers; ``readings``: it in other words, each asking for a value."""

    states: frozenset[str]
    readings: tuple[str, ...]


def choice_of(words: Sequence[str]) -> Choice | None:
    """The choice that the words of a question with its mark ask for; None where they ask for none.

    ``words`` are written as in the question.
    """
    lowered = [word.casefold() for word in words]
    if len(words) < _WORDS_MIN or lowered[0] not in AUXILIARIES:
        return None
    at = _state_at(lowered)
    if at is None:
        return None
    end = at + 1
    alternatives = {lowered[at]}
    if lowered[end : end + 1] == ["or"]:
        alternatives.add(lowered[end + 1] if end + 1 < len(lowered) else "not")
        end += 2
    subject = [word for word in words[1:at] if word.casefold() not in _STILL]
    rest = [word for word in words[end:] if word.casefold() not in _AFTERWARDS]
    if not subject:
        return None
    said = " ".join([*subject, *rest])
    states = frozenset[str]().union(*(group for group in _STATES if lowered[at] in group))
    return Choice(
        states=states | (alternatives - {"not"}),
        readings=(f"What is {said}?", f"What is the status of {said}?"),
    )


def _state_at(lowered: Sequence[str]) -> int | None:
    """Where the first state of the question is."""
    for at in range(2, len(lowered)):
        word, after = lowered[at], lowered[at + 1 : at + 2]
        known = any(word in group for group in _STATES)
        or_other = after == ["or"] and at + _OR_WORDS >= len(lowered) - 1
        if not known and not (or_other and _are_alternatives(lowered[at:])):
            continue
        ended = not after or after[0] in _AFTERWARDS
        if ended or (word not in _ENDS_ALONE and after[0] in PHRASE_ENDS):
            return at
    return None


def _are_alternatives(words: Sequence[str]) -> bool:
    """Whether it is two states with "or" between them."""
    return len(words) == _OR_WORDS + 1 and any(words[2] in group for group in _STATES)


def is_short_state(word: str) -> bool:
    """Whether a word is no state by itself within a sentence: "on", "up"."""
    return word in _SHORT


def tells_state(states: frozenset[str], text: str, *, labelled: bool) -> bool:
    """Whether a value is one of the states, or a sentence tells one."""
    lowered = text.casefold().replace("in progress", "in-progress").replace("on time", "on-time")
    found = list(_WORD.finditer(lowered))
    if labelled:
        return any(hit.group() in states for hit in found[:_LABELLED_WORDS])
    return any(
        hit.group() in states
        and (hit.group() not in _SHORT or _COPULA.search(lowered[: hit.start()]))
        for hit in found
    )

"""Who does what: the heads and labels that name somebody by a deed, or by having a thing.

Covers: agent nouns of verbs (drives, driven: driver), "VERBed by", heads that say who has or
minds something, ways of asking for that person. Does not cover: finding the person
(`kernel.query.row_questions`, `kernel.query.cards`). Pure.
"""

from __future__ import annotations

import functools
import re
from dataclasses import dataclass

from kernel.query.inflections import forms_of

_HOLDERS = (
    "assignee, assigned to, assigned, owner, owned by, responsible, responsible person, person"
    " responsible, lead, leader, manager, handler, handled by, agent, in charge, person in charge,"
    " keeper, planner, case worker, caseworker, dri, point person, picked up by, technician,"
    " engineer, operator, coordinator, maintainer, steward, supervisor, foreman, head"
)
HOLDER_HEADS = frozenset(" ".join(name.split()) for name in _HOLDERS.split(","))
"""Heads and labels over who has or minds a thing."""
_ACCOUNTS = frozenset(
    "user, owner, username, account, run as, submitted by, started by".split(", ")
)
_RUNNING = frozenset(
    "run runs ran running start starts started submit submits submitted launch launched own owns"
    " execute executes executed queued queue".split()
)
_HAVING = (
    r"(?:(?:being )?assigned (?:to|on)|working (?:on|at)|responsible for|in charge of"
    r"|taking care of|looking after|handling|dealing with|managing|leading|running|doing"
    r"|busy with|attending to|on|the (?:assignee|owner|handler|person responsible"
    r"|person in charge) (?:of|for|on))"
)
_HAS = (
    r"(?:works on|owns|has(?: got)?|got|handles|does|runs|leads|manages|minds|looks after"
    r"|takes care of|deals with|picked up|holds)"
)
_WHO = (
    re.compile(
        rf"who(?:'s| is| are| was)? (?:(?:currently|now|still) )?(?P<verb>{_HAVING}) (?P<what>.+)"
    ),
    re.compile(rf"who (?:(?:currently|now|still) )?(?P<verb>{_HAS}) (?P<what>.+)"),
    re.compile(
        r"(?P<verb>whose) (?:ticket|card|task|issue|job|item|story|case|bug) is (?P<what>.+)"
    ),
    re.compile(r"(?:to whom|who) (?:is|was) (?P<what>.+) (?P<verb>assigned)(?: to)?"),
)
_LOOSE = frozenset("has, has got, got, holds, does, on, owns".split(", "))
"""One may have many a thing that a title mentions."""


def is_holder(head: str) -> bool:
    """Whether a head or label, in small letters, is over who has a thing: "site lead"."""
    words = head.strip(" :.?").split()
    return " ".join(words) in HOLDER_HEADS or (bool(words) and words[-1] in HOLDER_HEADS)


@dataclass(frozen=True, slots=True)
class Having:
    """A question for who has or minds something: what that is, and the words of asking."""

    what: str
    asking: frozenset[str]
    is_loose: bool
    """Whether the verb says so little that what is had must be named in full."""


def asked_holder(text: str) -> Having | None:
    """What a question asks the holder of; None where it asks for something else.

    Reporting, reviewing, creating and approving are deeds, and no having.
    """
    bare = " ".join(text.casefold().rstrip("?!. ").split())
    for pattern in _WHO:
        found = pattern.fullmatch(bare)
        if found:
            words = re.findall(r"[^\W_]+", bare.replace(found.group("what"), " ", 1))
            return Having(found.group("what"), frozenset(words), found.group("verb") in _LOOSE)
    return None


@functools.lru_cache(maxsize=4096)
def agents_of(verb: str) -> frozenset[str]:
    """Heads that name who does it: drive, driven: driver, driven by; small letters."""
    forms = {verb, *forms_of(verb)}
    bases = {form.removesuffix(end) for form in forms for end in ("s", "es", "d", "ed", "ing", "")}
    bases |= {base + "e" for base in bases} | {
        base[:-1] + "y" for base in bases if base[-1:] == "i"
    }
    nouns = {
        noun
        for base in bases
        if len(base) > 1
        for noun in (base + "r", base + "er", base + "or", base[:-1] + "or", base + base[-1] + "er")
    }
    by = {f"{form} by" for form in forms}
    accounts = _ACCOUNTS if verb in _RUNNING else frozenset[str]()
    return frozenset(nouns | by | accounts)

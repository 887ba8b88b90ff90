"""Verbs with a particle ("backed up", "looks after"), and words that only go with another one.

Covers: which words of a question are no words of their own, and what a screen says for a verb with
its particle. Does not cover: other words of the same meaning (`kernel.query.words`). Pure.
"""

from __future__ import annotations

import functools
from dataclasses import replace
from typing import Final

from kernel.query.inflections import forms_of
from kernel.query.sayings import sayings_for
from kernel.query.synonyms import meanings_of
from kernel.query.vocabulary import MEASURED, PARTICLE_VERBS, PARTICLES, STOP_WORDS
from kernel.query.words import Needle, stem_of, synonyms_of
from kernel.store.folding import fold

_MEANT: Final = """
look after: owner
sign off: approved
hand in: submitted
run out: expire end
turn down: reject decline
turn away: reject
throw out: reject discard delete
call off: cancel
put off: postpone
push back: postpone
put back: postpone
carry out: perform execute do
set up: create configure install
drop off: deliver return
pick up: collect
hand over: transfer
hand out: distribute issue
give back: return
send back: return reject
pay back: refund repay
pay out: payout pay
sign up: register subscribe
shut down: stop shutdown
switch off: disable stop
turn off: disable stop
switch on: enable start
turn on: enable start
roll out: deploy release rollout
break down: fail breakdown
sort out: fix resolve
leave out: omit skip
take down: remove stop
take away: remove
go up: rise increase
go down: fall decrease
write off: writeoff lose
back out: withdraw
lay off: dismiss
"""
"""What a screen says for a verb with a particle."""


def is_particle(verb: str, particle: str) -> bool:
    """Whether a word only goes with the verb before it: "backed up", not "which host is up"."""
    if particle not in PARTICLES or verb in STOP_WORDS:
        return False
    return verb.endswith(("ed", "ing")) or verb in PARTICLE_VERBS


def is_unsaid_after(before: str, word: str) -> bool:
    """Whether a word is not looked for because of the one before it."""
    return is_particle(before, word) or (before == "much" and word in MEASURED)


@functools.cache
def _meant() -> dict[str, frozenset[str]]:
    """What verbs with a particle mean, by any form of the verb with its particle."""
    table: dict[str, frozenset[str]] = {}
    for line in _MEANT.strip().splitlines():
        said, _, meant = line.partition(":")
        verb, particle = said.split()
        words = frozenset(form for word in meant.split() for form in forms_of(word))
        for form in (*forms_of(verb), stem_of(verb)):
            table[f"{form} {particle}"] = words
    return table


def phrasal_needle(verb: str, needle: Needle, particle: str) -> Needle:
    """What is backed up has a backup, and who looks after a thing is its owner."""
    if not needle.stem:
        return needle
    stem = stem_of(verb)
    known = _meant()
    meant = known.get(f"{verb.casefold()} {particle}") or known.get(f"{stem} {particle}")
    said = meant or frozenset({stem + particle, stem + particle + "s"})
    others = {other for word in meant or () for other in synonyms_of(word) | meanings_of(word)}
    phrases = tuple(phrase for word in sorted(meant or ()) for phrase in sayings_for(word))
    stems = tuple(dict.fromkeys(tuple(fold(stem_of(w)) for w in phrase) for phrase in phrases))
    return replace(
        needle,
        synonyms=needle.synonyms | others | {fold(word) for word in said},
        phrases=(*needle.phrases, *stems),
    )

"""Verbs with a particle ("backed up", "looks after"), and words that only go with another one.

Covers: which words of a question are no words of their own, and what a screen says for a verb with
its particle. Does not cover: other words of the same meaning (`kernel.query.words`). Pure.
"""

from __future__ import annotations

from dataclasses import replace

from kernel.query.vocabulary import MEASURED, PARTICLE_VERBS, PARTICLES, PHRASAL_VERBS, STOP_WORDS
from kernel.query.words import Needle, stem_of, synonyms_of
from kernel.store.folding import fold


def is_particle(verb: str, particle: str) -> bool:
    """Whether a word only goes with the verb before it: "backed up", not "which host is up"."""
    if particle not in PARTICLES or verb in STOP_WORDS:
        return False
    return verb.endswith(("ed", "ing")) or verb in PARTICLE_VERBS


def is_unsaid_after(before: str, word: str) -> bool:
    """Whether a word is not looked for because of the one before it."""
    return is_particle(before, word) or (before == "much" and word in MEASURED)


def phrasal_needle(verb: str, needle: Needle, particle: str) -> Needle:
    """What is backed up has a backup, and who looks after a thing is its owner."""
    if not needle.stem:
        return needle
    stem = stem_of(verb)
    meant = PHRASAL_VERBS.get(f"{stem} {particle}")
    said = {meant} if meant else {stem + particle, stem + particle + "s"}
    others = synonyms_of(meant) if meant else frozenset()
    return replace(needle, synonyms=needle.synonyms | others | {fold(word) for word in said})

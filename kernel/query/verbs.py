"""The main verb of a question: "reach" of "how many picks per hour does Gdansk East reach".

Covers: questions with an auxiliary (do, will, can, be), by the order of English words. Does not
cover: who did a thing (the deed in `kernel.query.question`), what a verb means. Pure.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from kernel.query.inflections import forms_of, is_irregular_form
from kernel.query.ordinary import is_verb
from kernel.query.vocabulary import ANCHORS, ARTICLES, PARTICIPLES, PARTICLES, PHRASE_ENDS

_DOING: Final = frozenset(
    "do does did will would can could shall should may might must have has had".split()
)
_HAVING: Final = frozenset("has have had".split())
_BEING: Final = frozenset("is are was were".split())
_UNCHANGED: Final = frozenset("put cut set let hit shut split spent read cast cost".split())
"""Verbs whose participle looks like their base form, and others that no list has."""
_OBJECTS_AND_TIMES: Final = frozenset(
    "there me us you its their his her today yesterday tomorrow now yet already so far".split()
)
_AFTER_VERBS: Final = ARTICLES | PHRASE_ENDS | PARTICLES | _OBJECTS_AND_TIMES


def main_verb_at(words: Sequence[str]) -> int | None:
    """The place of the main verb among the words of a question, in small letters.

    None where no auxiliary comes before a verb, and where it is itself all there is to say.
    """
    start = next((at for at, word in enumerate(words) if word in _DOING | _BEING), None)
    if start is None:
        return None
    doing = words[start + 1 : start + 2]
    if start and words[start - 1] == "who" and doing and doing[0].endswith("ing"):
        return start + 1
    past = _BEING | _HAVING
    passive = words[start] in past or bool({"be", "been"} & set(words[start:]))
    for at in range(start + 2, len(words)):
        ends = at + 1 == len(words) or words[at + 1] in _AFTER_VERBS
        begins = words[at - 1] in ANCHORS | ARTICLES
        if ends and not begins and _is_verb(words[at], passive=passive):
            return at
    return None


def _is_verb(word: str, *, passive: bool) -> bool:
    if passive:
        ing = word.endswith("ing") and len(forms_of(word[:-3])) > 1
        told = word in PARTICIPLES | _UNCHANGED
        return told or word.endswith("ed") or is_irregular_form(word) or ing
    return is_verb(word)

"""Zero or O, capital I or small l, S or s: settled by what is around, where the model wavers.

Many typefaces draw the two alike, and the model then gives both some odds: on the fixture pages
the right one had at least 0.03 wherever the wrong one won, and at most 0.004 where the model was
right. A look-alike is taken only when the model gives it `ODDS_MIN` and the rest of the word is
of its kind (ERR0R, but not INC0048213).

Covers: those pairs. Does not cover: dictionaries; nothing but the levels of logs is changed that
the model was sure of.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from plugins.ocr_rapid.characters import RIVALS, Character, Reading

ODDS_MIN: Final = 0.02
NEIGHBOURS_MIN: Final = 2
"""Other letters (or digits) that a word must have to speak for one of the two."""
LEVELS: Final = frozenset({"INFO", "ERROR", "NOTICE"})
"""Levels of logs with an O: in small print the model is sure of a zero, and nothing has that name.
"""
_CONSONANTS = frozenset("bcdfghjklmnpqrstvwxz")
_AFTER_I = frozenset("dflmnrst")
"""Consonants with which words go on after an I: Idle, If, Ill, Im-, In-, Irr-, Is, It."""


def settle_confusions(characters: Reading) -> Reading:
    """``characters`` with look-alikes settled; same length, places and spaces."""
    settled = list(characters)
    for start, end in _find_runs(characters):
        for index in range(start, end):
            before = "".join(c.text for c in characters[start:index])
            after = "".join(c.text for c in characters[index + 1 : end])
            if (
                _should_swap(characters[index], before, after)
                or _is_unit(characters, index, before + after)
                or _begins_a_name(characters, index, before, characters[index + 1 : end])
            ):
                found = characters[index]
                settled[index] = replace(
                    found,
                    text=RIVALS[found.text],
                    # What is certain is the shape: the odds of both.
                    confidence=min(1.0, found.confidence + found.rival_confidence),
                )
    return tuple(settled)


def _find_runs(characters: Reading) -> Iterator[tuple[int, int]]:
    """Stretches of letters and digits: what stands between spaces and punctuation."""
    start: int | None = None
    for index, character in enumerate(characters):
        if character.text.isalnum():
            start = index if start is None else start
        elif start is not None:
            yield start, index
            start = None
    if start is not None:
        yield start, len(characters)


def _should_swap(character: Character, before: str, after: str) -> bool:
    rest = before + after
    if character.text == "0" and f"{before}O{after}" in LEVELS:
        return True
    if character.rival_confidence < ODDS_MIN or len(rest) < NEIGHBOURS_MIN:
        return False
    match character.text:
        case "0":
            # A word may hold several: B0O0. Zeros do not speak for digits here.
            return rest.replace("0", "O").isalpha()
        case "O":
            return rest.replace("O", "0").isdigit()
        case "I":
            return bool(before) and before[-1].islower() and not after[:1].isupper()
        case "l":
            return rest.isupper() and rest.isalpha()
        case _:
            return False


def _is_unit(characters: Reading, index: int, rest: str) -> bool:
    """Whether it is the S of "15 S": nothing but seconds stands alone behind a number."""
    wavers = characters[index].text == "S" and characters[index].rival_confidence >= ODDS_MIN
    earlier = "".join(c.text for c in characters[:index]).rstrip()
    return wavers and not rest and earlier[-1:].isdigit()


def _begins_a_name(characters: Reading, index: int, before: str, after: Reading) -> bool:
    """Whether it is the I of "Ibl-hub-02": no word begins with I and two such consonants."""
    following = "".join(c.text for c in after)
    parted = "".join(c.text for c in characters[index + 1 + len(after) :][:2])
    return (
        characters[index].text == "I"
        and characters[index].rival_confidence >= ODDS_MIN
        and not before
        and len(following) > 1
        and set(following[:2]) <= _CONSONANTS
        and following[0] not in _AFTER_I
        and parted[:1] in ("-", "_", ".")
        and (parted[1:].islower() or parted[1:].isdigit())
    )

"""Zero or O, capital I or small l: settled by the word around, where the model itself wavers.

Many typefaces draw the two alike, and the model then gives both some odds: on the fixture pages
the right one had at least 0.03 wherever the wrong one won, and at most 0.004 where the model was
right. A look-alike is taken only when the model gives it `ODDS_MIN` and the rest of the word is
of its kind (ERR0R, but not INC0048213).

Covers: those pairs. Does not cover: dictionaries; nothing is changed that the model was sure of.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from plugins.ocr_rapid.characters import RIVALS, Character, Reading

ODDS_MIN: Final = 0.02
NEIGHBOURS_MIN: Final = 2
"""Other letters (or digits) that a word must have to speak for one of the two."""


def settle_confusions(characters: Reading) -> Reading:
    """``characters`` with look-alikes settled; same length, places and spaces."""
    settled = list(characters)
    for start, end in _find_runs(characters):
        for index in range(start, end):
            before = "".join(c.text for c in characters[start:index])
            after = "".join(c.text for c in characters[index + 1 : end])
            if _should_swap(characters[index], before, after):
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

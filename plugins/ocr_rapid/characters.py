"""A character as the model read it: plain data between recognition and words.

Covers: the data. Does not cover: models, pixels.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, TypeAlias

RIVALS: Final = {"0": "O", "O": "0", "I": "l", "l": "I", "S": "s"}
"""Characters that look the same in many typefaces; the model's odds of the other are kept."""


@dataclass(frozen=True, slots=True)
class Character:
    """A character and the place of its middle, as a share of the crop's width.

    ``rival_confidence`` is the model's confidence in the look-alike of `RIVALS` at the same
    place; 0 where there is none.
    """

    text: str
    confidence: float
    middle: float
    rival_confidence: float = 0.0


Reading: TypeAlias = tuple[Character, ...]
"""The characters of one crop, left to right, spaces included."""

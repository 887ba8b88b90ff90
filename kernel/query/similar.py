"""Lines of like meaning, joined with the lines that hold the words.

The two lists are merged by reciprocal rank fusion (Cormack, Clarke, Buettcher 2009): a line counts
1 / (60 + its place) for each list that has it. Places are whole numbers and equal sums are ordered
by time and text, so the same stores and the same question give the same order.

Covers: what counts as alike, merging. Pure. Does not cover: vectors (`kernel.store.vectors`,
`kernel.boot.question_vector`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

LIKENESS_MIN: Final = 0.35
"""Cosine from which a line counts as alike. A choice from a handful of pairs, no measurement: with
all-MiniLM-L6-v2 rephrased sentences lay at 0.4 to 0.6, a question and its answer at 0.25 to 0.5,
unrelated lines under 0.15."""
_PLACE_OFFSET: Final = 60


@dataclass(frozen=True, slots=True)
class Alike:
    """A text whose vector is near the question's; ``likeness`` is the cosine."""

    text: str
    likeness: float


def keep_alike(found: Sequence[Alike]) -> list[Alike]:
    """Those that are alike enough, the most alike first; equal ones by their text."""
    kept = [alike for alike in found if alike.likeness >= LIKENESS_MIN]
    return sorted(kept, key=lambda alike: (-round(alike.likeness, 6), alike.text))


def fused_order(by_words: Sequence[str], by_meaning: Sequence[str]) -> list[str]:
    """All names of both lists, each once, best first; each list is in its own order.

    Of equal sums the one that holds the words is first, then the one that stands higher.
    """
    sums: dict[str, Fraction] = {}
    for names in (by_words, by_meaning):
        for place, name in enumerate(names, 1):
            sums[name] = sums.get(name, Fraction(0)) + Fraction(1, _PLACE_OFFSET + place)
    first = {name: at for at, name in enumerate(dict.fromkeys((*by_words, *by_meaning)))}
    holding = set(by_words)
    return sorted(sums, key=lambda name: (-sums[name], name not in holding, first[name]))

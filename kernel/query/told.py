"""The value of a candidate, with the places in it of the words of the question.

Covers: which words of the question stand in a value and where, how many words lie between two
places. Does not cover: what follows from it (`kernel.query.kinds`). Pure.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from kernel.query.candidates import Candidate, PageHits
from kernel.query.layout import Hit
from kernel.query.question import WEAK_WEIGHT, Question

_BETWEEN = re.compile(r"[^\W_]+(?:[.,'\u2019-][^\W_]+)*")


@dataclass(frozen=True, slots=True)
class Told:
    """A value; ``words``: places of all words of the question, ``asked``: of what is asked for."""

    text: str
    words: tuple[tuple[int, int], ...]
    asked: tuple[tuple[int, int], ...]

    @property
    def rest(self) -> str:
        """The value with the question's own words blanked out, offsets kept."""
        text = self.text
        for start, end in self.words:
            text = text[:start] + " " * (end - start) + text[end:]
        return text

    def words_between(self, first: tuple[int, int], second: tuple[int, int]) -> int:
        """How many words stand between two places of the value."""
        start, end = min(first[1], second[1]), max(first[0], second[0])
        return len(_BETWEEN.findall(self.text[start:end])) if start < end else 0


def told_by(question: Question, candidate: Candidate, hits: PageHits) -> Told:
    """The value with the places of the question's words in it."""
    value = candidate.value
    words: list[tuple[int, int]] = []
    asked: list[tuple[int, int]] = []
    at = 0
    for part in candidate.answer if len(candidate.answer) > 1 else ():
        length = part.end - part.start
        _collect(question, hits, (part.line, part.start, part.end), at, words, asked)
        at += length + 1
    if len(candidate.answer) == 1:
        part = candidate.answer[0]
        start = candidate.value_at.start if candidate.value_at else part.end - len(value)
        _collect(question, hits, (part.line, start, start + len(value)), 0, words, asked)
    return Told(value, tuple(words), tuple(asked))


def _collect(
    question: Question,
    hits: PageHits,
    span: tuple[int, int, int],
    at: int,
    words: list[tuple[int, int]],
    asked: list[tuple[int, int]],
) -> None:
    line, start, end = span
    for term, found in zip(question.terms, hits.by_term, strict=True):
        for hit in found:
            if hit.line != line or hit.start < start or hit.end > end:
                continue
            place = (hit.start - start + at, hit.end - start + at)
            if term.weight > WEAK_WEIGHT or term.asked:
                words.append(place)
            if term.asked:
                asked.append(place)


def is_in(found: Iterable[Hit], candidate: Candidate) -> bool:
    """Whether one of the hits lies in the candidate's own parts."""
    return any(
        hit.line == part.line and part.start <= hit.start < part.end
        for hit in found
        for part in (*candidate.support, *candidate.answer)
    )

"""Texts that stand beside each other as equals: no label and its value.

Covers: telling from the words of both (entries of a calendar, days, levels of a log, heads of
columns), and rows of a log by their first cell. Does not cover: geometry (`kernel.query.layout`).
Pure.
"""

from __future__ import annotations

import re

from kernel.query.layout import PageLayout, Piece
from kernel.query.vocabulary import CALENDAR
from kernel.query.words import synonyms_of
from kernel.store.folding import fold

_CLOCK_FIRST = re.compile(r"\W*(?:\d{4}-\d{2}-\d{2}\b|\d{1,2}:\d{2}\b|all day\b)", re.IGNORECASE)
_CLOCK_ALONE = re.compile(
    r"\[?(?:\d{4}-\d{2}-\d{2}[T ]?)?\d{1,2}:\d{2}(?::\d{2})?(?:[.,]\d+)?Z?\]?"
)
_LEVELS = frozenset("trace debug info notice warn warning error err fatal critical panic".split())
_HEAD_NOUNS = frozenset(
    "account action address age amount app assignee author category change city client code"
    " comment company component count country created customer date default description due"
    " duration email end env environment host id image item key kind level line location memory"
    " message mode model name node note number order owner path phone plan price priority process"
    " product project quantity qty ready region replicas restarts role room service severity size"
    " start state status subject team time title total type unit units updated use used user value"
    " version zone".split()
)
"""Single words that head columns; as values they are rare."""
_OUTCOMES = frozenset(
    "passed failed skipped cancelled canceled succeeded success failure pending running queued"
    " open closed done blocked completed ok".split()
)
"""How things ended or stand, one below the other in a list of them."""
_TAB = re.compile(r"[^\W\d_]+(?: [^\W\d_]+){0,2} \(?\d{1,4}\)?")
"""A name with its count, as tabs have it: "Files changed 9"."""
_FOLDED_DAYS = frozenset(fold(name) for name in CALENDAR)
_LIST_WORDS_MIN = 3
_ROW_CELLS_MIN = 3


def are_peers(first: str, second: str) -> bool:
    """Whether neither can be the label of the other."""
    if _is_parallel(first, second) or (_CLOCK_FIRST.match(first) and _CLOCK_FIRST.match(second)):
        return True
    one, other = (text.strip(" :[]().").casefold() for text in (first, second))
    if one in _LEVELS or other in _LEVELS:
        return True
    if one in _OUTCOMES and other in _OUTCOMES:
        return True
    if _TAB.fullmatch(first) and _TAB.fullmatch(second):
        return True
    if _is_day(one) and _is_day(other):
        return True
    return one in _HEAD_NOUNS and other in _HEAD_NOUNS


def is_head_noun(text: str) -> bool:
    """Whether it is a single word that heads columns and labels fields."""
    return text.strip(" :[]().").casefold() in _HEAD_NOUNS


def _is_day(text: str) -> bool:
    return text in CALENDAR or bool(synonyms_of(text) & _FOLDED_DAYS)


def _is_parallel(first: str, second: str) -> bool:
    """Whether two texts are of one pattern: ``SR-211``, ``SR-183``; ``test a ok``, ``test b``."""
    one, other = first.split(), second.split()
    if len(one) == len(other) >= _LIST_WORDS_MIN and one[0] == other[0] and one[0].isalpha():
        return True
    return bool(re.search(r"\d", first)) and _pattern(first) == _pattern(second)


def _pattern(text: str) -> str:
    return re.sub(r"[^\W\d_]+", "a", re.sub(r"\d+", "0", text))


def in_log_row(layout: PageLayout, piece: Piece) -> bool:
    """Whether its row begins with a time of day, as the rows of logs do."""
    row = layout.row_of(piece)
    return (
        len(row) >= _ROW_CELLS_MIN
        and row[0].index != piece.index
        and bool(_CLOCK_ALONE.fullmatch(row[0].text.strip()))
    )

"""How well a page was read, against the words that a browser laid out.

A word is found when a word read has exactly its text, letter case included, and covers at least
`COVER_SHARE` of its box; each word read counts once. Words of punctuation alone are not scored,
and words read on top of what the truth says to ignore (half hidden text) do not count as extra.

Covers: recall, precision, boxes (IoU), order, character error rate. Does not cover: engines.
"""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from contracts.text import TextPage, Word

COVER_SHARE: Final = 0.3
IGNORE_SHARE: Final = 0.4
FloatBox = tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class PageScore:
    """Counts and shares of one page.

    ``order`` is the share of neighbours in the truth that stand beside each other, in the same
    order, among the words read. ``edits`` is how many characters differ in the words of the
    truth, compared with the text read on their boxes.
    """

    found: int
    words: int
    extra: int
    edits: int
    characters: int
    overlaps: tuple[float, ...]
    order: float
    missed: tuple[str, ...]

    @property
    def recall(self) -> float:
        """Share of the truth's words that were found."""
        return self.found / self.words if self.words else 1.0

    @property
    def precision(self) -> float:
        """Share of the words read that are in the truth."""
        read = self.found + self.extra
        return self.found / read if read else 1.0

    @property
    def error_rate(self) -> float:
        """Character error rate over the words of the truth."""
        return self.edits / self.characters if self.characters else 0.0

    @property
    def overlap(self) -> float:
        """Median IoU of the boxes of the words found."""
        return statistics.median(self.overlaps) if self.overlaps else 0.0


def score_page(truth: Mapping[str, Any], page: TextPage) -> PageScore:
    """The score of ``page`` against ``truth`` (words and ignore: text and box)."""
    read = [word for line in page.lines for word in line.words]
    wanted = [w for w in truth["words"] if _is_word(w["text"])]
    ignored = [*truth["ignore"], *(w for w in truth["words"] if not _is_word(w["text"]))]
    pairs = _match(wanted, read)
    taken = set(pairs.values())
    extra = [
        word
        for index, word in enumerate(read)
        if index not in taken and _is_word(word.text) and not _is_ignored(word, ignored)
    ]
    overlaps = [_iou(wanted[i]["box"], read[j].box) for i, j in pairs.items()]
    edits = sum(
        _distance(w["text"], _text_on(w["box"], read))
        for i, w in enumerate(wanted)
        if i not in pairs
    )
    return PageScore(
        found=len(pairs),
        words=len(wanted),
        extra=len(extra),
        edits=edits,
        characters=sum(len(w["text"]) for w in wanted),
        overlaps=tuple(overlaps),
        order=_order(pairs, read),
        missed=tuple(w["text"] for i, w in enumerate(wanted) if i not in pairs),
    )


def _is_word(text: str) -> bool:
    return any(char.isalnum() for char in text)


def _match(wanted: Sequence[Mapping[str, Any]], read: Sequence[Word]) -> dict[int, int]:
    """Index of a wanted word to index of the word read, the one that covers it most."""
    by_text: dict[str, list[int]] = {}
    for index, word in enumerate(read):
        by_text.setdefault(word.text, []).append(index)
    pairs: dict[int, int] = {}
    taken: set[int] = set()
    for place, wish in enumerate(wanted):
        box: FloatBox = wish["box"]
        free = [j for j in by_text.get(wish["text"], ()) if j not in taken]
        shares = [(_shared(box, read[j].box), -j) for j in free]
        if shares and max(shares)[0] >= COVER_SHARE * _area(box):
            pairs[place] = -max(shares)[1]
            taken.add(pairs[place])
    return pairs


def _is_ignored(word: Word, ignored: Sequence[Mapping[str, Any]]) -> bool:
    area = _area(word.box)
    return any(_shared(word.box, other["box"]) > IGNORE_SHARE * area for other in ignored)


def _order(pairs: Mapping[int, int], read: Sequence[Word]) -> float:
    # Words of punctuation alone stand between words without parting them.
    rank: dict[int, int] = {}
    for index, word in enumerate(read):
        if _is_word(word.text):
            rank[index] = len(rank)
    neighbours = [(i, i + 1) for i in pairs if i + 1 in pairs]
    kept = sum(rank[pairs[b]] == rank[pairs[a]] + 1 for a, b in neighbours)
    return kept / len(neighbours) if neighbours else 1.0


def _text_on(box: FloatBox, read: Sequence[Word]) -> str:
    """What was read on ``box``: words that have most of their own box there."""
    return "".join(w.text for w in read if _shared(box, w.box) >= 0.5 * _area(w.box))


def _distance(a: str, b: str) -> int:
    """Edit distance (Levenshtein), at most the length of ``a``: missing is the worst."""
    row = list(range(len(b) + 1))
    for i, left in enumerate(a, start=1):
        previous, row[0] = row[0], i
        for j, right in enumerate(b, start=1):
            previous, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, previous + (left != right))
    return min(row[-1], len(a))


def _shared(a: FloatBox, b: FloatBox) -> float:
    width = min(a[2], b[2]) - max(a[0], b[0])
    height = min(a[3], b[3]) - max(a[1], b[1])
    return width * height if width > 0 and height > 0 else 0.0


def _area(box: FloatBox) -> float:
    return (box[2] - box[0]) * (box[3] - box[1])


def _iou(a: FloatBox, b: FloatBox) -> float:
    shared = _shared(a, b)
    return shared / (_area(a) + _area(b) - shared)

"""Which line of one page is which line of the next: pure.

Two pages that follow each other on a stream are compared; the result says for each line of the
earlier one where it stands on the later one, if it does. A line goes on when its text does,
wherever it moved to, or when the engine read the same glyphs a little differently in the same
place (*jitter*). Covers: that decision, and the movement that most moved lines share. Does not
cover: what becomes of lines over more than two pages (`kernel.store.chains`).

Jitter is narrow on purpose: blanks, look-alike punctuation, glyphs that look alike at screen size
(O and 0; l, I, 1 and |; rn and m; small and capital c, o, s, v, w, x, z), and a stroke at the end,
which is how engines read a blinking caret. Any other letter and any other digit makes another
text: 10:41 is not 10:42, and what a person types grows.
"""

from __future__ import annotations

import functools
import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from contracts.base import Box
from contracts.text import TextPage

MOVED_LINES_MIN = 3
"""So many lines must share a shift for it to be a movement of the set."""
_SAME_ROW_SHARE = 0.5
_PAIRS_MAX = 4096

_GLYPHS = str.maketrans(
    {
        "O": "0",
        "o": "0",
        "I": "1",
        "l": "1",
        "|": "1",
        "\u0131": "1",
        "C": "c",
        "S": "s",
        "V": "v",
        "W": "w",
        "X": "x",
        "Z": "z",
        **dict.fromkeys("\u2018\u2019\u201a`\u00b4\u2032", "'"),
        **dict.fromkeys("\u201c\u201d\u201e\u2033", '"'),
        **dict.fromkeys("\u2010\u2011\u2012\u2013\u2014\u2212", "-"),
        **dict.fromkeys("\u2022\u25cf\u2219\u22c5", "\u00b7"),
    }
)
_BLANKS = re.compile(r"\s+")
_BLANKS_NOT_IN_FIGURES = re.compile(r"(?<![0-9])\s+|\s+(?![0-9])")
_CARET = re.compile(r"(?<=.)\s?[lI|]$")
_RUNS = re.compile(r"([_-])\1+")


@dataclass(frozen=True, slots=True)
class Seen:
    """A line as it stands on one page."""

    text: str
    box: Box
    confidence: int


@dataclass(frozen=True, slots=True)
class Movement:
    """A shift in pixels that most of the lines that moved share, and how many do."""

    dx: int
    dy: int
    lines: int


@dataclass(frozen=True, slots=True)
class Link:
    """Line of the earlier page -> line of the later one, by index; each at most once."""

    forward: Mapping[int, int] = field(default_factory=dict)
    movement: Movement | None = None


NO_LINK = Link()


def seen_lines(page: TextPage) -> tuple[Seen, ...]:
    """The lines of a page in reading order, those without text left out, each once.

    Of two lines with the same text in the same box, which an engine may give, one is kept.
    """
    kept: dict[tuple[str, Box], Seen] = {}
    for line in page.lines:
        if not line.text.strip():
            continue
        known = kept.get((line.text, line.box))
        if known is None or known.confidence < line.confidence_permille:
            kept[line.text, line.box] = Seen(line.text, line.box, line.confidence_permille)
    return tuple(kept.values())


@functools.lru_cache(maxsize=16_384)
def jitter_key(text: str) -> str:
    """Equal for texts that an engine may have read off the same pixels."""
    plain = unicodedata.normalize("NFKC", text).strip()
    plain = _BLANKS_NOT_IN_FIGURES.sub("", _CARET.sub("", plain))
    plain = _BLANKS.sub(" ", plain).translate(_GLYPHS)
    return _RUNS.sub(r"\1", plain).replace("rn", "m").replace("vv", "w")


def link_pages(before: Sequence[Seen], after: Sequence[Seen]) -> Link:
    """Where the lines of one page stand on the next; the same pages give the same link."""
    forward: dict[int, int] = {}
    places = {(line.text, line.box): index for index, line in enumerate(after)}
    for index, line in enumerate(before):
        found = places.get((line.text, line.box))
        if found is not None:
            forward[index] = found
    if len(forward) == len(before) == len(after):
        return Link(forward)
    taken = set(forward.values())
    old = [index for index in range(len(before)) if index not in forward]
    new = [index for index in range(len(after)) if index not in taken]
    if not old or not new:
        return Link(forward)
    movement = _movement(before, after, old, new)
    for pairs in (
        _same_text(before, after, old, new, movement),
        _jittered(before, after, old, new, movement),
    ):
        for left, right in pairs:
            if left not in forward and right not in taken:
                forward[left] = right
                taken.add(right)
    return Link(forward, movement)


def _by(lines: Sequence[Seen], indexes: Iterable[int]) -> dict[str, list[int]]:
    groups: defaultdict[str, list[int]] = defaultdict(list)
    for index in indexes:
        groups[lines[index].text].append(index)
    return groups


def _movement(
    before: Sequence[Seen], after: Sequence[Seen], old: list[int], new: list[int]
) -> Movement | None:
    """The commonest shift of lines whose text stands once on each page."""
    news = _by(after, new)
    shifts: Counter[tuple[int, int]] = Counter()
    for text, left in _by(before, old).items():
        right = news.get(text, [])
        if len(left) == len(right) == 1:
            one, other = before[left[0]].box, after[right[0]].box
            shifts[other[0] - one[0], other[1] - one[1]] += 1
    if not shifts:
        return None
    (dx, dy), lines = min(shifts.items(), key=lambda item: (-item[1], item[0]))
    return Movement(dx, dy, lines) if lines >= MOVED_LINES_MIN else None


def _same_text(
    before: Sequence[Seen],
    after: Sequence[Seen],
    old: list[int],
    new: list[int],
    movement: Movement | None,
) -> Iterator[tuple[int, int]]:
    """Pairs of equal texts, best first: those that moved with the others, then the nearest."""
    news = _by(after, new)
    ranked: list[tuple[bool, int, int, int]] = []
    for text, left in _by(before, old).items():
        right = news.get(text, [])
        if len(left) * len(right) > _PAIRS_MAX:
            ranked += [(True, 0, one, other) for one, other in zip(left, right, strict=False)]
            continue
        for one in left:
            for other in right:
                distance = _distance(before[one].box, after[other].box, movement)
                apart = _distance(before[one].box, after[other].box, None)
                ranked.append((distance > 0, min(distance, apart), one, other))
    ranked.sort()
    for _, _, one, other in ranked:
        yield one, other


def _distance(one: Box, other: Box, movement: Movement | None) -> int:
    dx, dy = (movement.dx, movement.dy) if movement else (0, 0)
    return abs(other[0] - one[0] - dx) + abs(other[1] - one[1] - dy)


def _jittered(
    before: Sequence[Seen],
    after: Sequence[Seen],
    old: list[int],
    new: list[int],
    movement: Movement | None,
) -> Iterator[tuple[int, int]]:
    """Pairs of texts that look alike in one place, the best covered first."""
    shifts = [(0, 0), *([(movement.dx, movement.dy)] if movement else [])]
    keys: defaultdict[str, list[int]] = defaultdict(list)
    for index in new:
        keys[jitter_key(after[index].text)].append(index)
    ranked: list[tuple[float, int, int]] = []
    for one in old:
        for other in keys.get(jitter_key(before[one].text), ()):
            cover = max(_cover(before[one].box, after[other].box, shift) for shift in shifts)
            if cover >= _SAME_ROW_SHARE:
                ranked.append((-cover, one, other))
    ranked.sort()
    for _, one, other in ranked:
        yield one, other


def _cover(one: Box, other: Box, shift: tuple[int, int]) -> float:
    """Which share of the lower line's height both have, when they meet at all."""
    dx, dy = shift
    across = min(one[2] + dx, other[2]) - max(one[0] + dx, other[0])
    down = min(one[3] + dy, other[3]) - max(one[1] + dy, other[1])
    height = max(1, min(one[3] - one[1], other[3] - other[1]))
    return down / height if across > 0 else 0.0

"""What stands between rules of one stretch: bands, the rows of a table if it is one.

Covers: words by band, the lines they make, bands that follow each other. Does not cover: columns
and heads (`ruled`).
"""

from __future__ import annotations

import bisect
import itertools
import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Final, TypeAlias

from contracts.text import Word
from plugins.screen_state.geometry import height, middle, overlap

Span: TypeAlias = tuple[int, int]
"""From where to where something goes across."""

SLACK_PX: Final = 6
"""Rules of one table begin and end at the same places, give or take this."""

LINES_MAX: Final = 4
"""A row with more lines than that is no row of a table but a part of a page."""

BLANK_SHARE: Final = 0.55
"""Lines of one row stand nearer than this share of their height."""

PAD_HEIGHTS: Final = 2.2
"""A row leaves at most so many heights of its letters free above and below its text."""

HEAD_GAP_CHARS: Final = 1.4

OPEN_ROWS_MAX: Final = 60


@dataclass(frozen=True, slots=True)
class Band:
    """What stands between two rules: its words, by x, and the lines they make."""

    top: int
    bottom: int
    words: tuple[Word, ...]
    lines: int
    char_px: float
    starts_anew: bool
    """More than the room of a row is free above it: nothing above belongs to its table."""

    is_open: bool = False
    """No rule stands below it."""

    @property
    def words_top(self) -> int:
        """Where its text begins."""
        return min(word.box[1] for word in self.words)

    @property
    def groups(self) -> list[list[Word]]:
        """Its words, parted where more than a blank is free through all of its lines."""
        groups: list[list[Word]] = []
        reach = 0
        for word in self.words:
            if not groups or word.box[0] - reach >= HEAD_GAP_CHARS * self.char_px:
                groups.append([])
            groups[-1].append(word)
            reach = max(reach, word.box[2])
        return groups

    @property
    def group_spans(self) -> list[Span]:
        """From where to where each of its groups goes."""
        return [(group[0].box[0], max(w.box[2] for w in group)) for group in self.groups]


def find_bands(words: Sequence[Word], ys: Sequence[int]) -> list[Band]:
    """What stands above, between and below the rules, top to bottom; nothing where no text is."""
    places: dict[int, list[Word]] = {}
    for word in words:
        places.setdefault(bisect.bisect_right(ys, middle(word.box)[1]), []).append(word)
    bands: list[Band] = []
    for at in range(len(ys) + 1):
        own = places.get(at)
        if own is None:
            continue
        if at == len(ys):
            bands += _open_bands(own, ys[-1])
            continue
        band = _band(own, ys[at - 1] if at else None, ys[at])
        if band is not None:
            bands.append(band)
    return bands


def line_bands(words: Sequence[Word]) -> list[Band]:
    """Every line as a band of its own; one starts anew where it is alone or far below the other."""
    bands: list[Band] = []
    bottom: int | None = None
    for line in _lines(words):
        first, last = min(w.box[1] for w in line), max(w.box[3] for w in line)
        tall = statistics.median(height(word.box) for word in line)
        far = bottom is None or first - bottom > PAD_HEIGHTS * tall
        top = first if bottom is None or far else min(bottom, first)
        band = _made(line, (top, last + 1), 1, starts_anew=far, is_open=True)
        bands.append(band if len(band.groups) > 1 else replace(band, starts_anew=True))
        bottom = last + 1
    return bands


def _open_bands(words: Sequence[Word], top: int) -> Iterable[Band]:
    """Rows below the last rule, as far as they follow each other without more room than a row's."""
    tall = statistics.median(height(word.box) for word in words)
    room = int(PAD_HEIGHTS * tall)
    for chunk in _chunks(words, tall)[:OPEN_ROWS_MAX]:
        own = [word for line in chunk for word in line]
        first, last = min(w.box[1] for w in own), max(w.box[3] for w in own)
        if first - top > room:
            return
        yield _made(own, (top, last + 1), len(chunk), starts_anew=False, is_open=True)
        top = last + 1


def _band(words: Sequence[Word], top: int | None, bottom: int) -> Band | None:
    """The row above a rule: the last lines there, where more than a row stands above it."""
    tall = statistics.median(height(word.box) for word in words)
    chunks = _chunks(words, tall)
    own = [word for line in chunks[-1] for word in line]
    first, last = min(w.box[1] for w in own), max(w.box[3] for w in own)
    room = int(PAD_HEIGHTS * tall)
    if bottom - last > room:
        return None
    starts = top is None or len(chunks) > 1 or first - top > room
    if top is None or starts:
        top = max([first - room, 0, *(w.box[3] for c in chunks[:-1] for w in c[-1])])
    return _made(own, (top, bottom), len(chunks[-1]), starts_anew=starts)


def _made(
    words: Sequence[Word],
    place: tuple[int, int],
    lines: int,
    *,
    starts_anew: bool,
    is_open: bool = False,
) -> Band:
    chars = sum(len(word.text) for word in words) or 1
    across = sum(word.box[2] - word.box[0] for word in words)
    ordered = tuple(sorted(words, key=lambda w: w.box[0]))
    return Band(*place, ordered, lines, max(1.0, across / chars), starts_anew, is_open)


def _chunks(words: Sequence[Word], tall: float) -> list[list[list[Word]]]:
    """Lines of words, put together where they stand near each other."""
    lines = _lines(words)
    chunks: list[list[list[Word]]] = [[lines[0]]]
    for above, line in itertools.pairwise(lines):
        gap = min(w.box[1] for w in line) - max(w.box[3] for w in above)
        if gap > BLANK_SHARE * tall:
            chunks.append([])
        chunks[-1].append(line)
    return chunks


def _lines(words: Sequence[Word]) -> list[list[Word]]:
    """Words by the line they stand in, top to bottom."""
    lines: list[list[Word]] = []
    for word in sorted(words, key=lambda w: (middle(w.box)[1], w.box[0])):
        if lines:
            y0 = min(w.box[1] for w in lines[-1])
            y1 = max(w.box[3] for w in lines[-1])
            low = min(height(word.box), y1 - y0)
            if 2 * overlap(y0, y1, word.box[1], word.box[3]) >= low:
                lines[-1].append(word)
                continue
        lines.append([word])
    return lines


def runs_of(bands: Sequence[Band]) -> Iterable[list[Band]]:
    """Bands that follow each other and could be the rows of one table."""
    run: list[Band] = []
    for band in bands:
        is_row = band.lines <= LINES_MAX and len(band.groups) > 1
        joins = run and not band.starts_anew and band.top <= run[-1].bottom + SLACK_PX
        if run and not (is_row and joins):
            yield run
            run = []
        if is_row:
            run.append(band)
    if run:
        yield run

"""Words as read to lines and pages of the contracts.

Covers: clipping, offsets, spacing, pieces of one line put together, the page. Does not cover:
reading order (`plugin_host.textkit.order`), engines.
"""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from contracts.base import Box
from contracts.text import TextLine, TextPage, Word
from plugin_host.textkit.order import reading_order
from plugin_host.textkit.reading import FloatBox, LineReading, overlap_px, union_box

WORDS_PER_LINE_MAX: Final = 4096
LINES_PER_PAGE_MAX: Final = 65_536
WORD_CHARS_MAX: Final = 1024

JOIN_GAP_SHARE: Final = 0.45
"""Pieces of a row nearer than this share of their height are one line cut by the engine. A space
is 0.25 to 0.35 of the height of a line's box; table columns and flex gaps are wider."""

JOIN_OVERLAP_SHARE: Final = 0.75
"""Pieces of one line share at least this much of the lower one's height."""

PART_OVERLAP_SHARE: Final = 0.5
PART_GAP_SHARE: Final = 1.0
"""Parts of one printed line, which a frame parts, share a row and stand this near."""

JOIN_HEIGHT_RATIO: Final = 1.35
"""Pieces of one line are in one font size."""


@dataclass(frozen=True, slots=True)
class PageFacts:
    """What a page says of itself besides its lines; see `contracts.text.TextPage`."""

    blob: str
    width_px: int
    height_px: int
    engine: str
    engine_version: str
    languages: tuple[str, ...] = ()
    pixel_digest: str | None = None


def build_page(facts: PageFacts, readings: Sequence[LineReading]) -> TextPage:
    """The page of ``readings``: pieces joined, lines in reading order, boxes clipped.

    Same readings, same page, whatever their order. Words without a visible character or outside
    of the frame are left out, and lines without words.
    """
    found = [
        (line, reading.is_part)
        for reading in join_pieces(readings)
        if (line := build_line(reading, facts.width_px, facts.height_px)) is not None
    ]
    found.sort(key=lambda one: (one[0].box[1], one[0].box[0], one[0].box, one[0].text))
    lines = _in_order([line for line, _ in found], [is_part for _, is_part in found])
    return TextPage(
        blob=facts.blob,
        width_px=facts.width_px,
        height_px=facts.height_px,
        engine=facts.engine,
        engine_version=facts.engine_version,
        languages=facts.languages,
        pixel_digest=facts.pixel_digest,
        lines=tuple(lines[:LINES_PER_PAGE_MAX]),
    )


def _in_order(lines: Sequence[TextLine], is_part: Sequence[bool]) -> list[TextLine]:
    """Lines in reading order; parts of one printed line stay beside each other."""
    printed = {at: [line] for at, line in enumerate(lines) if not is_part[at]}
    for line in sorted(
        (line for at, line in enumerate(lines) if is_part[at]), key=lambda part: part.box
    ):
        left = [at for at, parts in printed.items() if _goes_on(parts[-1].box, line.box)]
        nearest = max(left, key=lambda at: (printed[at][-1].box[2], -at), default=-1 - len(printed))
        printed.setdefault(nearest, []).append(line)
    rows = list(printed.values())
    boxes = [_around(row[0].box, [word for line in row for word in line.words]) for row in rows]
    return [line for index in reading_order(boxes) for line in rows[index]]


def _goes_on(left: Box, right: Box) -> bool:
    low = min(left[3] - left[1], right[3] - right[1])
    level = overlap_px(left[1], left[3], right[1], right[3]) >= PART_OVERLAP_SHARE * low
    return level and left[0] < right[0] and right[0] - left[2] <= PART_GAP_SHARE * low


def build_line(reading: LineReading, width_px: int, height_px: int) -> TextLine | None:
    """The contract line of one reading, or None where nothing visible is left.

    Words stand in the given order, parted by one space except where a word is glued to the one
    before it. The line's confidence is the mean of its words', weighted by their length.
    """
    words: list[Word] = []
    parts: list[str] = []
    offset = 0
    for word in reading.words[:WORDS_PER_LINE_MAX]:
        text = clean_text(word.text)
        box = clip_box(word.box, width_px, height_px)
        if not text or box is None:
            continue
        if parts and not word.is_glued:
            parts.append(" ")
            offset += 1
        end = offset + len(text)
        permille = max(0, min(1000, round(word.confidence * 1000)))
        words.append(Word(text=text, box=box, confidence_permille=permille, start=offset, end=end))
        parts.append(text)
        offset = end
    line_box = clip_box(reading.box, width_px, height_px)
    if not words or line_box is None:
        return None
    chars = sum(len(word.text) for word in words)
    weighted = sum(word.confidence_permille * len(word.text) for word in words)
    return TextLine(
        text="".join(parts),
        box=_around(line_box, words),
        confidence_permille=weighted // chars,
        words=tuple(words),
    )


def clean_text(text: str) -> str:
    """``text`` composed (NFC) without control, private or unpaired code points and outer space."""
    kept = "".join(
        char
        for char in unicodedata.normalize("NFC", text[:WORD_CHARS_MAX])
        if unicodedata.category(char) not in {"Cc", "Cs", "Cn", "Co"}
    )
    return kept.strip()


def clip_box(box: FloatBox, width_px: int, height_px: int) -> Box | None:
    """``box`` grown to whole pixels and cut to the frame; None where nothing of it is inside."""
    x0 = max(0, math.floor(box[0]))
    y0 = max(0, math.floor(box[1]))
    x1 = min(width_px, math.ceil(box[2]))
    y1 = min(height_px, math.ceil(box[3]))
    if x0 >= x1 or y0 >= y1:
        return None
    return (x0, y0, x1, y1)


def join_pieces(readings: Sequence[LineReading]) -> list[LineReading]:
    """Lines with the pieces of one printed line put together, left to right.

    Two pieces are one line when they share a row, a font size, and nearly touch
    (`JOIN_GAP_SHARE`) with no wall between them; cells of a table are further apart and stay apart.
    """
    rows = sorted((r for r in readings if r.words), key=lambda r: (r.box[0], r.box[1], r.box))
    lines: list[LineReading] = []
    for piece in rows:
        top, bottom = piece.box[1], piece.box[3]
        fitting = [
            index
            for index, line in enumerate(lines)
            # Most lines stand on other rows: said here, a full page takes a fifth of the time.
            if line.box[1] < bottom and line.box[3] > top and _continues(line, piece)
        ]
        if not fitting:
            lines.append(piece)
            continue
        nearest = max(fitting, key=lambda i: (lines[i].box[2], -i))
        line = lines[nearest]
        lines[nearest] = LineReading(
            words=line.words + piece.words,
            box=union_box((line.box, piece.box)),
            is_after_wall=line.is_after_wall,
            is_part=line.is_part,
        )
    return lines


def _continues(line: LineReading, piece: LineReading) -> bool:
    # Compared with the line's last word-bearing piece: a joined line may have grown taller.
    left, right = line.box, piece.box
    heights = (left[3] - left[1], right[3] - right[1])
    low, high = min(heights), max(heights)
    if piece.is_after_wall or low <= 0 or high > low * JOIN_HEIGHT_RATIO:
        return False
    if overlap_px(left[1], left[3], right[1], right[3]) < JOIN_OVERLAP_SHARE * low:
        return False
    gap = right[0] - left[2]
    return -JOIN_GAP_SHARE * low <= gap <= JOIN_GAP_SHARE * low


def _around(box: Box, words: Sequence[Word]) -> Box:
    boxes = [box, *(word.box for word in words)]
    return (
        min(b[0] for b in boxes),
        min(b[1] for b in boxes),
        max(b[2] for b in boxes),
        max(b[3] for b in boxes),
    )

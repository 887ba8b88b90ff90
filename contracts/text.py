"""What a text stage reads from a frame: words and lines in reading order.

Covers: the result of OCR on one frame. Does not cover: intervals over time.
"""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

from contracts.base import Box, Digest, Name, Permille, Pixels, Record, Text, TextOffset


class Word(Record, frozen=True, kw_only=True, tag="word"):
    """A word as read; ``start``/``end`` are its offsets in the text of its line (code points)."""

    schema_version: Literal[1] = 1
    text: Text
    box: Box
    confidence_permille: Permille
    start: TextOffset
    end: TextOffset


class TextLine(Record, frozen=True, kw_only=True, tag="text_line"):
    """A line of text on the frame; ``text`` joins the words as they stand."""

    schema_version: Literal[1] = 1
    text: Text
    box: Box
    confidence_permille: Permille
    words: Annotated[tuple[Word, ...], msgspec.Meta(max_length=4096)]


class TextPage(Record, frozen=True, kw_only=True, tag="text_page"):
    """All text of one frame, lines in reading order, as one engine read it.

    ``pixel_digest``: `contracts.tiles.pixels_digest` of the frame as it was decoded to be read;
    None for lossy formats, whose pixels depend on who decodes them.
    """

    schema_version: Literal[1] = 1
    blob: Digest
    width_px: Pixels
    height_px: Pixels
    engine: Name
    engine_version: Name
    languages: Annotated[tuple[Name, ...], msgspec.Meta(max_length=64)] = ()
    lines: Annotated[tuple[TextLine, ...], msgspec.Meta(max_length=65_536)]
    pixel_digest: Digest | None = None

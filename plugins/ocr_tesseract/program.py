"""One call of the tesseract program, and its table of words read into line readings.

The picture goes in and the table comes out through the scratch folder, under fixed names: a
host works on one frame at a time, and nothing is written elsewhere.

Covers: the call, its errors, the table. Does not cover: preparation.
"""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import pytesseract
from pytesseract.pytesseract import run_tesseract

from plugin_host.hooks import PluginError
from plugin_host.textkit.reading import LineReading, WordReading, union_box
from plugins.ocr_tesseract.preparation import Prepared

SCREEN_DPI: Final = 96
PAGE_MODE: Final = 3
"""Fully automatic page segmentation: the best of 3, 6, 11 and 12 on the fixture pages."""

LANGUAGE: Final = re.compile(r"[A-Za-z0-9_]{1,32}(?:/[A-Za-z0-9_]{1,32})?")
WORD_LEVEL: Final = "5"
COLUMNS: Final = 12


def read_words(
    prepared: Prepared, languages: Sequence[str], scratch_dir: Path, *, timeout_s: int
) -> list[LineReading]:
    """Lines that tesseract sees on the prepared picture, in pixels of the frame.

    Raises `PluginError`: ``tesseract-missing`` (no such program), ``tesseract-failed`` (a
    language without data, a crash), ``tesseract-timeout`` (worth another attempt).
    """
    # Read by the program when it starts. More threads make it slower, by four times on 2 cores.
    os.environ["OMP_THREAD_LIMIT"] = "1"
    source, base = scratch_dir / "frame.png", scratch_dir / "frame"
    table = scratch_dir / "frame.tsv"
    prepared.image.save(source, format="PNG", compress_level=1)
    try:
        run_tesseract(
            str(source),
            str(base),
            "tsv",
            "+".join(languages),
            config=f"--psm {PAGE_MODE} --dpi {SCREEN_DPI * prepared.scale} "
            "-c tessedit_create_tsv=1",
            timeout=timeout_s,
        )
        text = table.read_text(encoding="utf-8", errors="replace")
    except pytesseract.TesseractNotFoundError as error:
        raise PluginError("tesseract-missing", "no tesseract program on PATH") from error
    except pytesseract.TesseractError as error:
        raise PluginError("tesseract-failed", str(error)[:400]) from error
    except RuntimeError as error:
        # What pytesseract raises for its timeout, and for nothing else.
        raise PluginError("tesseract-timeout", str(error), retry=True) from error
    finally:
        for path in (source, table):
            path.unlink(missing_ok=True)
    return parse_table(text, prepared.scale)


def parse_table(text: str, scale: int) -> list[LineReading]:
    """Line readings of tesseract's TSV output; rows that are not words are passed over."""
    lines: dict[tuple[str, ...], list[WordReading]] = {}
    for row in text.splitlines()[1:]:
        fields = row.split("\t")
        if len(fields) != COLUMNS or fields[0] != WORD_LEVEL or not fields[11].strip():
            continue
        left, top, width, height = (int(value) / scale for value in fields[6:10])
        word = WordReading(
            text=fields[11],
            box=(left, top, left + width, top + height),
            confidence=max(0.0, min(1.0, float(fields[10]) / 100)),
        )
        lines.setdefault(tuple(fields[1:5]), []).append(word)
    return [
        LineReading(words=tuple(words), box=union_box(tuple(word.box for word in words)))
        for words in lines.values()
    ]


def program_version() -> str:
    """The version of the tesseract program; raises `PluginError` ``tesseract-missing``."""
    try:
        return f"tesseract-{pytesseract.get_tesseract_version(cached=True)}"
    except pytesseract.TesseractNotFoundError as error:
        raise PluginError("tesseract-missing", "no tesseract program on PATH") from error

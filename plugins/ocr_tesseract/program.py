"""Calls of the tesseract program, and its tables of words read into line readings.

Pictures go in (the pages of one file) and a table comes out through the scratch folder, under
fixed names: a host works on one frame at a time, and nothing is written elsewhere. What is read
of a page does not depend on the pages before it: the dictionary that tesseract builds up from
what it read is off.

Covers: the calls, their errors, languages, the table. Does not cover: preparation.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Final

import pytesseract
from PIL import Image
from pytesseract.pytesseract import run_tesseract

from plugin_host.hooks import PluginError
from plugin_host.textkit.reading import LineReading, WordReading, union_box
from plugins.ocr_tesseract.preparation import PADDING_PX, Prepared

SCREEN_DPI: Final = 96
PAGE_MODE: Final = 6
"""One block of text: the best of 3, 6 and 7 for regions of the fixture pages."""

CALL_PIXELS_MAX: Final = 1 << 20
CALL_PAGES_MAX: Final = 64
"""Pixels and pages that one call reads, about half a second: the plugin gives way between."""

LANGUAGE: Final = re.compile(r"[A-Za-z0-9_]{1,32}(?:/[A-Za-z0-9_]{1,32})?")
WORD_LEVEL: Final = "5"
COLUMNS: Final = 12


def check_languages(languages: Sequence[str]) -> None:
    """See that the program has data for each of ``languages``.

    Raises `PluginError`: ``language-missing``, which says what to install, and
    ``tesseract-missing``.
    """
    # Tesseract's own default folder or TESSDATA_PREFIX, as when it reads.
    try:
        present = set(pytesseract.get_languages(config=""))
    except pytesseract.TesseractNotFoundError as error:
        raise PluginError("tesseract-missing", "no tesseract program on PATH") from error
    missing = [name for name in languages if name not in present]
    if missing:
        packages = " ".join(f"tesseract-ocr-{name.lower().replace('_', '-')}" for name in missing)
        raise PluginError(
            "language-missing",
            f"tesseract has no data for {', '.join(missing)}, only for "
            f"{', '.join(sorted(present))}; on Debian: apt install {packages}",
        )


def read_words(
    pages: Sequence[Prepared],
    languages: Sequence[str],
    scratch_dir: Path,
    *,
    timeout_s: int,
    step: Callable[[int, int], None] = lambda _done, _total: None,
) -> list[list[LineReading]]:
    """Lines that tesseract sees on each page, in pixels of its region; ``step`` between calls.

    Raises `PluginError`: ``tesseract-missing`` (no such program), ``tesseract-failed`` (a
    crash), ``tesseract-timeout`` (worth another attempt).
    """
    lines: list[list[LineReading]] = []
    for group in plan_calls([page.pixels.size for page in pages]):
        step(len(lines), len(pages))
        members = pages[group.start : group.stop]
        table = _call(members, languages, scratch_dir, timeout_s)
        lines.extend(parse_table(table, [page.scale for page in members]))
    return lines


def plan_calls(sizes: Sequence[int]) -> Iterator[range]:
    """Neighbouring pages to read in one call, from their sizes in pixels; each page once."""
    start = 0
    while start < len(sizes):
        stop, pixels = start + 1, sizes[start]
        while (
            stop < len(sizes)
            and stop - start < CALL_PAGES_MAX
            and pixels + sizes[stop] <= CALL_PIXELS_MAX
        ):
            pixels += sizes[stop]
            stop += 1
        yield range(start, stop)
        start = stop


def _call(
    pages: Sequence[Prepared], languages: Sequence[str], scratch_dir: Path, timeout_s: int
) -> str:
    # Read by the program when it starts. More threads make it slower, by four times on 2 cores.
    os.environ["OMP_THREAD_LIMIT"] = "1"
    source, base = scratch_dir / "frame.tif", scratch_dir / "frame"
    table = scratch_dir / "frame.tsv"
    first, *others = (Image.fromarray(page.pixels) for page in pages)
    dpi = SCREEN_DPI * pages[0].scale
    first.save(source, format="TIFF", save_all=True, append_images=others)
    try:
        run_tesseract(
            str(source),
            str(base),
            "tsv",
            "+".join(languages),
            config=f"--psm {PAGE_MODE} --dpi {dpi} "
            "-c tessedit_create_tsv=1 -c tessedit_enable_doc_dict=0",
            timeout=timeout_s,
        )
        return table.read_text(encoding="utf-8", errors="replace")
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


def parse_table(text: str, scales: Sequence[int]) -> list[list[LineReading]]:
    """Line readings of tesseract's TSV output, for each of its pages.

    Rows that are not words are passed over. ``scales`` are the pages' own (`Prepared.scale`).
    """
    found: dict[tuple[int, ...], list[WordReading]] = {}
    for row in text.splitlines()[1:]:
        fields = row.split("\t")
        if len(fields) != COLUMNS or fields[0] != WORD_LEVEL or not fields[11].strip():
            continue
        place = tuple(int(value) for value in fields[1:5])
        scale = scales[place[0] - 1]
        left, top, width, height = (int(value) / scale for value in fields[6:10])
        left, top = left - PADDING_PX, top - PADDING_PX
        word = WordReading(
            text=fields[11],
            box=(left, top, left + width, top + height),
            confidence=max(0.0, min(1.0, float(fields[10]) / 100)),
        )
        found.setdefault(place, []).append(word)
    pages: list[list[LineReading]] = [[] for _ in scales]
    for place, words in found.items():
        box = union_box(tuple(word.box for word in words))
        pages[place[0] - 1].append(LineReading(words=tuple(words), box=box))
    return pages


def program_version() -> str:
    """The version of the tesseract program; raises `PluginError` ``tesseract-missing``."""
    try:
        return f"tesseract-{pytesseract.get_tesseract_version(cached=True)}"
    except pytesseract.TesseractNotFoundError as error:
        raise PluginError("tesseract-missing", "no tesseract program on PATH") from error

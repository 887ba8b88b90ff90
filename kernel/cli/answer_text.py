"""An answer as people read it in a terminal.

Covers: the text with its citations, times on the person's clock, what was understood and what
is not read yet. Does not cover: JSON, pictures (`kernel.cli.terminal_image`). Pure.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from pathlib import Path

from contracts.answer import Answer, Citation, Claim
from kernel.query.crops import has_box
from kernel.query.wording import length_text, moment_text, span_text

_LINE_CHARS_MAX = 240
_NOTE_CHARS_MAX = 2_000

Crops = Mapping[Citation, Path | str]
"""Where the crop of a citation is, or why there is none."""


def format_answer(answer: Answer, crops: Crops, zone: dt.tzinfo | None = None) -> str:
    """The answer: what was found, then where and when it stood on the screen.

    ``zone`` is that of the reader's clock; without one only the captures' own clocks are told.
    """
    lines = []
    if not answer.claims:
        lines.append(printable(answer.answer))
    elif len(answer.claims) == 1 or answer.answer_type == "value":
        lines += [printable(answer.answer), ""]
    number = 0
    for claim in answer.claims:
        if len(answer.claims) > 1 and answer.answer_type != "value":
            lines.append(f"- {printable(claim.text)}")
        lines += _claim_lines(claim, answer, zone)
        for citation in claim.citations:
            number += 1
            lines += _citation_lines(number, citation, crops.get(citation), zone)
    return "\n".join([*lines, *_closing(answer)])


def _claim_lines(claim: Claim, answer: Answer, zone: dt.tzinfo | None) -> list[str]:
    """When the line of a claim was on screen; claims about time say so in their text."""
    first, last = claim.first_us, claim.last_us
    if first is None or last is None or answer.answer_type not in ("find", "summary"):
        return []
    lasted = f", {length_text(claim.visible_us)} in all" if claim.visible_us else ""
    times = f", {claim.amount} times" if claim.amount and claim.amount > 1 else ""
    return [f"    on screen {span_text(first, last, zone or dt.UTC)}{lasted}{times}"]


def _citation_lines(
    number: int, citation: Citation, crop: Path | str | None, zone: dt.tzinfo | None
) -> list[str]:
    cited = citation.text[citation.text_start : citation.text_end]
    where = [f"monitor {citation.monitor}", citation.app, citation.window_title]
    said = ", ".join(printable(w) for w in where if w)
    lines = [
        f"[{number}] {printable(cited) or '(the frame as a whole)'}",
        f"    seen   {citation.captured_at}  {said}",
    ]
    if zone is not None:
        here = moment_text(citation.captured_at_us, zone)
        if here != citation.captured_at[:19].replace("T", " "):
            lines.append(f"    local  {here}")
    if cited != citation.text:
        lines.append(f"    line   {printable(citation.text)}")
    if citation.source_path:
        lines.append(f"    source {printable(citation.source_path)}")
    x0, y0, x1, y1 = citation.box
    box = f"x {x0}..{x1}, y {y0}..{y1}" if has_box(citation) else "the whole frame (not read yet)"
    lines.append(f"    box    {box}  event {citation.event_id}")
    if isinstance(crop, Path):
        lines.append(f"    crop   {crop}")
    elif crop:
        lines.append(f"    crop   none: {crop}")
    return lines


def _closing(answer: Answer) -> list[str]:
    """How it was understood, and what is missing."""
    coverage = answer.coverage
    # Our own words, to their end: a command that is cut is none.
    # Without a claim the answer may say so already.
    notes = [note for note in answer.notes if answer.claims or note not in answer.answer]
    lines = [f"note: {printable(note, chars_max=_NOTE_CHARS_MAX)}" for note in notes]
    if answer.claims and coverage.processed < coverage.events:
        lines.append(f"read so far: {coverage.processed} of {coverage.events} captures")
    if coverage.processed < coverage.events:
        lines.append(
            "read the rest now with: --extract-now (what was asked about, for a bounded time)"
            " or: kernel process --until-drained"
        )
    return lines


def printable(text: str, *, chars_max: int = _LINE_CHARS_MAX) -> str:
    """The text without what a terminal would obey, cut; screens may show anything."""
    cleaned = "".join(ch if ch.isprintable() or ch == "\n" else "\ufffd" for ch in text)
    return cleaned if len(cleaned) <= chars_max else cleaned[: chars_max - 1] + "…"

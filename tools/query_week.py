"""A made-up week of captures to ask about: fixture pages and a recorded session.

Covers: reading the story (`tests/fixtures/questions_timed.json`), the text of its frames,
committing them to a data dir as a plugin would. Does not cover: asking and judging
(`tools/query_score.py`).
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import msgspec

from contracts import canonical
from contracts.text import TextLine, TextPage, Word
from kernel.store.draft import CaptureDraft

FIXTURES: Final = Path(__file__).parents[1] / "tests" / "fixtures"
STORY: Final = FIXTURES / "questions_timed.json"
KINDS: Final = FIXTURES / "questions_kinds.json"
"""Questions on subject and kind, most of them near misses, over the same week."""
_CHAR_PX: Final = 7
_LINE_PX: Final = 17
_MICROS: Final = 1_000_000


@dataclass(frozen=True, slots=True)
class Question:
    """One question of the story; ``blocks`` empty: nothing stored answers it."""

    question_id: str
    held_out: bool
    kind: str
    text: str
    contains: tuple[str, ...]
    blocks: frozenset[str]


@dataclass(frozen=True, slots=True)
class Shot:
    """One capture of the story with what is to be read on it."""

    block: str
    draft: CaptureDraft
    page: TextPage


@dataclass(frozen=True, slots=True)
class Week:
    """The story: the clock of the person, the captures in order, the questions."""

    now_us: int
    zone: str
    shots: tuple[Shot, ...]
    questions: tuple[Question, ...]


def read_week(story: Path = STORY) -> Week:
    """Read the story and lay out all its captures."""
    document = json.loads(story.read_bytes())
    session = json.loads((story.parent / "session_lines.json").read_bytes())
    shots = [
        shot
        for block in document["blocks"]
        for shot in _shots(block, session, story.parent, document["zone"])
    ]
    shots.sort(key=lambda shot: shot.draft.captured_at_us)
    return Week(
        now_us=_micros(document["now"]),
        zone=document["zone"],
        shots=tuple(shots),
        questions=read_questions(story),
    )


def read_questions(path: Path) -> tuple[Question, ...]:
    """The questions of a story, or of a file of questions about it."""
    return tuple(
        Question(
            question_id=q["id"],
            held_out=q.get("held_out", False),
            kind=q["kind"],
            text=q["question"],
            contains=tuple(q["contains"]),
            blocks=frozenset(q["blocks"]),
        )
        for q in json.loads(path.read_bytes())["questions"]
    )


def _micros(text: str) -> int:
    return int(dt.datetime.fromisoformat(text).timestamp()) * _MICROS


def _shots(
    block: dict[str, Any], session: dict[str, Any], folder: Path, zone: str
) -> Iterator[Shot]:
    start, step = _micros(block["at"]), block["every_s"] * _MICROS
    for number, (data, page) in enumerate(_frames(block, session, folder)):
        draft = CaptureDraft(
            captured_at_us=start + number * step,
            tz_name=zone,
            tz_offset_s=0,
            monotonic_ns=(start + number * step) * 1000,
            source="week",
            monitor=block["monitor"],
            app=block["app"],
            window_title=block["title"],
            media_type="image/png",
            data=data,
        )
        yield Shot(block["name"], draft, page)


def _frames(
    block: dict[str, Any], session: dict[str, Any], folder: Path
) -> Iterator[tuple[bytes, TextPage]]:
    if "page" in block:
        data = (folder / "pages" / f"{block['page']}.png").read_bytes()
        read = (folder / "pages_text" / f"{block['page']}.json").read_bytes()
        page = msgspec.json.decode(read, type=TextPage)
        for _ in range(block["frames"]):
            yield data, page
        return
    for frame in session["frames"]:
        if frame["segment"] == block["segment"]:
            lines = tuple(_line(session["texts"][at], x, y) for at, x, y in frame["lines"])
            data = canonical.digest_bytes(repr(lines).encode()).encode() + frame["name"].encode()
            yield data, _page(lines, data)


def _page(lines: tuple[TextLine, ...], data: bytes) -> TextPage:
    return TextPage(
        blob=canonical.digest_bytes(data),
        width_px=1920,
        height_px=1080,
        engine="recorded",
        engine_version="1",
        lines=lines,
    )


def _line(text: str, x: int, y: int) -> TextLine:
    """A line with an assumed width for each character."""
    words, at = [], 0
    for part in text.split():
        start = text.index(part, at)
        at = start + len(part)
        box = (x + start * _CHAR_PX, y, x + at * _CHAR_PX, y + _LINE_PX)
        words.append(Word(text=part, box=box, confidence_permille=990, start=start, end=at))
    box = (x, y, x + max(1, len(text)) * _CHAR_PX, y + _LINE_PX)
    return TextLine(text=text, box=box, confidence_permille=990, words=tuple(words))

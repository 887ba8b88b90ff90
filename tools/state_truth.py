"""What stands on the fixture pages and in the recorded session, as a browser laid it out.

Text pages made of the browser's own words and lines isolate the logic of screen states from the
reading of text. The session gives only text and place of each line: how far its ink reaches is
measured on the picture.

Covers: true pages, the true changes and actions of the session. Does not cover: scores
(`tools/state_score.py`).
"""

from __future__ import annotations

import itertools
import json
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from contracts.text import TextPage
from plugin_host.textkit.lines import PageFacts, build_page
from plugin_host.textkit.reading import LineReading, WordReading, union_box

if TYPE_CHECKING:
    from numpy.typing import NDArray

ROOT: Final = Path(__file__).resolve().parent.parent
PAGES: Final = ROOT / "tests" / "fixtures" / "pages"
TRUTH: Final = ROOT / "tests" / "fixtures" / "screen_state"
NUMBERED: Final = re.compile(r"^(\d+)(?: (.*))?$")
CODE_X: Final = 231
"""Where the lines of the session's editor begin: a number, a blank, the code."""

DOCUMENT_X: Final = 161
"""Where the lines of the session's document begin."""

BLANK_PX: Final = 13
INDENT_PX: Final = 300
"""No blank within a line is wider; code is indented after its number."""

SCRIPT: Final[Mapping[str, str]] = {
    "f00130": "Language reference - Web Browser",
    "f00200": "Team chat - #storage",
    "f00320": "Terminal - build",
    "f00885": "session.py - project - Code Editor",
    "f00886": "Language reference - Web Browser",
    "f00888": "Team chat - #storage",
    "f00889": "Language reference - Web Browser",
    "f00890": "Team chat - #storage",
    "f00891": "Language reference - Web Browser",
    "f00892": "Status board - Web Browser",
    "f00895": "Team chat - #storage",
    "f00896": "Terminal - build",
    "f00897": "Language reference - Web Browser",
}
"""The frames of the session on which another window came to the front, seen on the pictures.
Where runs of the recording meet, the switch happened in the time left out."""

Line = tuple[str, int, int]


@dataclass(frozen=True, slots=True)
class Frame:
    """A frame of the session: its name, time and visible lines as (text, x, y)."""

    name: str
    at_ms: int
    segment: str
    lines: tuple[Line, ...]


@dataclass(frozen=True, slots=True)
class TrueAction:
    """What the person did between the frame before and this one."""

    frame: str
    action: str
    text: str | None = None
    shift_y_px: int | None = None


def read_session(folder: Path) -> list[Frame]:
    """The frames of the recorded session in ``folder``, in order."""
    document = json.loads((folder / "lines.json").read_text("utf-8"))
    return [
        Frame(
            name=entry["frame"].removesuffix(".png"),
            at_ms=entry["t_ms"],
            segment=entry["segment"],
            lines=tuple((text, x, y) for text, x, y in entry["lines"]),
        )
        for entry in document["frames"]
    ]


def true_page(name: str, blob: str) -> TextPage:
    """The words of a fixture page as a text page; words of one line stand nearer than a height."""
    document = json.loads((PAGES / f"{name}.json").read_text("utf-8"))
    rows: list[list[dict[str, Any]]] = []
    # Marks without a letter are no words of the truth, but they were laid out.
    marks = [w for w in document["ignore"] if not any(c.isalnum() for c in w["text"])]
    every = sorted([*document["words"], *marks], key=lambda w: (round(w["box"][1]), w["box"][0]))
    for word in every:
        last = rows[-1][-1]["box"] if rows else None
        box = word["box"]
        near = last is not None and abs(last[1] - box[1]) <= (box[3] - box[1]) / 3
        if last is not None and near and -2 < box[0] - last[2] <= 0.6 * (box[3] - box[1]):  # noqa: PLR2004
            rows[-1].append(word)
        else:
            rows.append([word])
    readings = []
    for row in rows:
        words = tuple(WordReading(w["text"], tuple(w["box"]), 1.0) for w in row)
        readings.append(LineReading(words, union_box(tuple(word.box for word in words))))
    return build_page(_facts(blob, document["width"], document["height"]), readings)


def true_session_page(frame: Frame, grey: NDArray[np.uint8], blob: str) -> TextPage:
    """The lines of a frame as a text page; where words begin and end is measured on the ink."""
    readings = [
        reading for line in frame.lines if (reading := _measure(line, frame, grey)) is not None
    ]
    return build_page(_facts(blob, grey.shape[1], grey.shape[0]), readings)


def _facts(blob: str, width: int, height: int) -> PageFacts:
    return PageFacts(
        blob=blob, width_px=width, height_px=height, engine="truth", engine_version="1"
    )


def _measure(line: Line, frame: Frame, grey: NDArray[np.uint8]) -> LineReading | None:
    """A line with the boxes of its words: the widest gaps in its ink part them."""
    text, x, y = line
    texts = text.split()
    end = grey.shape[1]
    for _, other_x, other_y in frame.lines:
        if abs(other_y - y) <= 6 and other_x > x:  # noqa: PLR2004 - on one row
            end = min(end, other_x)
    patch = grey[y + 2 : y + 18, x:end].astype(np.int16)
    ground = int(np.median(patch[:, 2:12])) if patch.size else 0
    ink = np.flatnonzero((np.abs(patch[:, 2:] - ground) > 40).any(axis=0)) + 2  # noqa: PLR2004
    if not len(ink) or not texts:
        return None
    gaps = np.flatnonzero(np.diff(ink) > 2) + 1  # noqa: PLR2004 - between letters
    widths = np.diff(ink)[gaps - 1]
    # Long blanks after the text belong to what stands further right.
    far = gaps[widths > (INDENT_PX if NUMBERED.match(text) else BLANK_PX)]
    limit = int(far[0]) if len(far) else len(ink)
    usable = [int(g) for g in gaps if g < limit]
    usable.sort(key=lambda g: -int(ink[g] - ink[g - 1]))
    cuts = sorted(usable[: len(texts) - 1])
    bounds = [0, *cuts, limit]
    if len(bounds) - 1 != len(texts):
        texts = [text]
        bounds = [0, limit]
    words = tuple(
        WordReading(
            word, (float(x + ink[a]), float(y), float(x + ink[b - 1] + 1), float(y + 18)), 1.0
        )
        for word, a, b in zip(texts, bounds, bounds[1:], strict=False)
    )
    return LineReading(words, union_box(tuple(word.box for word in words)))


def true_actions(frames: Sequence[Frame]) -> list[TrueAction]:
    """What the person did, from the lines alone; see `SCRIPT` for windows.

    In the segment "ed" the editor's last line is typed in, in "doc" the document is scrolled.
    The chat and the terminal scroll by themselves as lines come in, and nobody types there.
    """
    actions = []
    for before, after in itertools.pairwise(frames):
        if after.name in SCRIPT:
            title = SCRIPT[after.name]
            actions.append(TrueAction(after.name, "switched_window", text=title))
        elif before.segment == after.segment == "ed":
            typed = _typed(before, after)
            if typed:
                actions.append(TrueAction(after.name, "typed", text=typed))
        elif before.segment == after.segment == "doc":
            shift = _shift(before, after)
            if shift:
                actions.append(TrueAction(after.name, "scrolled", shift_y_px=shift))
    return actions


def _typed(before: Frame, after: Frame) -> str:
    number, text = _last_code(before)
    new_number, new_text = _last_code(after)
    if new_number == number:
        return new_text.removeprefix(text) if new_text.startswith(text) else ""
    ended = dict(code_lines(after)).get(number, text)
    return ended.removeprefix(text) + "\n" + new_text


def _last_code(frame: Frame) -> tuple[int, str]:
    return max(code_lines(frame))


def code_lines(frame: Frame) -> list[tuple[int, str]]:
    """The visible rows of the editor: number and code."""
    found = []
    for text, x, _ in frame.lines:
        match = NUMBERED.match(text) if x == CODE_X else None
        if match:
            found.append((int(match[1]), match[2] or ""))
    return found


def _shift(before: Frame, after: Frame) -> int:
    place = {text: y for text, x, y in before.lines if x == DOCUMENT_X}
    ways = Counter(
        y - place[text] for text, x, y in after.lines if x == DOCUMENT_X and text in place
    )
    del ways[0]
    return max(ways, key=lambda way: ways[way]) if ways else 0


def true_changes(before: Frame, after: Frame) -> tuple[set[tuple[str, str]], set[tuple[str, int]]]:
    """Texts that changed in their place, as (before, after), and moved texts, as (text, down)."""
    olds, news = set(before.lines) - set(after.lines), set(after.lines) - set(before.lines)
    kept = {text for text, _, _ in olds} & {text for text, _, _ in news}
    old_at = {(x, y): text for text, x, y in olds}
    changed = {
        (old_at[x, y], text)
        for text, x, y in news
        if (x, y) in old_at and not {text, old_at[x, y]} & kept and _is_edit(old_at[x, y], text)
    }
    old_counts = Counter(text for text, _, _ in olds)
    new_counts = Counter(text for text, _, _ in news)
    old_y = {text: y for text, _, y in olds}
    moved = {
        (text, y - old_y[text])
        for text, _, y in news
        if old_counts[text] == 1 == new_counts[text] and y != old_y[text]
    }
    return changed, moved


def _is_edit(old: str, new: str) -> bool:
    """Whether one text is the other with something typed, or with other digits."""
    if old.startswith(new) or new.startswith(old):
        return True
    return re.sub(r"\d", "0", old) == re.sub(r"\d", "0", new)

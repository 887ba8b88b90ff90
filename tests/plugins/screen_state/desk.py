"""Drawn desktops whose text, windows and carets are known: frames with their text pages.

What is drawn is told as it is drawn, so a test says what stands where and needs no reader.
"""

from __future__ import annotations

import io
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from contracts.base import Box
from contracts.capture import CaptureEvent, Cursor
from contracts.change import Action, Delta
from contracts.screen import Element, ScreenState
from contracts.text import TextLine, TextPage, Word
from plugins.screen_state.actions import infer_actions
from plugins.screen_state.delta import diff, make_delta
from plugins.screen_state.state import FrameFacts, build_state
from plugins.screen_state.views import Moment

WIDTH, HEIGHT = 960, 600
BAR = 28
FOOT = 36
FONT = ImageFont.load_default(size=14)
CHAR = 8
TALL = 16


@dataclass
class Desk:
    """A frame while it is drawn."""

    ground: str = "#405060"
    image: Image.Image = field(init=False)
    lines: list[TextLine] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.image = Image.new("RGB", (WIDTH, HEIGHT), self.ground)

    @property
    def pen(self) -> ImageDraw.ImageDraw:
        return ImageDraw.Draw(self.image)

    def text(self, text: str, x: int, y: int, ink: str = "black") -> Box:
        """A line in a fixed pitch; returns its box."""
        words, offset = [], 0
        for part in text.split(" "):
            if part:
                left = x + offset * CHAR
                box = (left, y, left + CHAR * len(part), y + TALL)
                words.append(
                    Word(
                        text=part,
                        box=box,
                        confidence_permille=1000,
                        start=offset,
                        end=offset + len(part),
                    )
                )
                for at, char in enumerate(part):
                    self.pen.text((left + at * CHAR, y), char, fill=ink, font=FONT)
            offset += len(part) + 1
        whole = (x, y, x + CHAR * len(text), y + TALL)
        self.lines.append(
            TextLine(text=text, box=whole, confidence_permille=1000, words=tuple(words))
        )
        return whole

    def window(self, title: str, box: Box, ground: str = "white") -> None:
        """A window with a bar, over what lies there."""
        self.lines = [line for line in self.lines if not _is_under(line.box, box)]
        self.pen.rectangle((box[0], box[1], box[2] - 1, box[3] - 1), fill=ground, outline="black")
        bar = (box[0] + 1, box[1] + 1, box[2] - 2, box[1] + BAR)
        self.pen.rectangle(bar, fill="#d8d8d8")
        self.text(title, box[0] + 10, box[1] + 7)

    def button(self, text: str, x: int, y: int, fill: str = "#c0d0ff", pad: int = 12) -> Box:
        """A filled box with its text in the middle."""
        box = (x, y, x + CHAR * len(text) + 2 * pad, y + TALL + 8)
        self.pen.rectangle((box[0], box[1], box[2] - 1, box[3] - 1), fill=fill)
        self.text(text, x + pad, y + 4)
        return box

    def field(self, text: str, x: int, y: int, width: int = 300) -> Box:
        """A bordered box with its text at the left."""
        box = (x, y, x + width, y + TALL + 16)
        self.pen.rectangle((box[0], box[1], box[2] - 1, box[3] - 1), fill="white", outline="black")
        if text:
            self.text(text, x + 8, y + 8)
        return box

    def foot(self, titles: list[str], lit: str) -> dict[str, Box]:
        """A bar of windows at the bottom; the lit button is brighter."""
        self.pen.rectangle((0, HEIGHT - FOOT, WIDTH, HEIGHT), fill="#202020")
        boxes, x = {}, 10
        for title in titles:
            fill = "#909090" if title == lit else "#505050"
            boxes[title] = self.button(title, x, HEIGHT - FOOT + 6, fill)
            x = boxes[title][2] + 12
        return boxes

    def caret(self, box: Box) -> None:
        """A caret behind the text in ``box``."""
        self.pen.rectangle((box[2] + 1, box[1] - 2, box[2] + 2, box[3] + 3), fill="black")

    def page(self) -> TextPage:
        """What a perfect reader gives."""
        lines = sorted(self.lines, key=lambda line: (line.box[1], line.box[0]))
        return TextPage(
            blob="0" * 64,
            width_px=WIDTH,
            height_px=HEIGHT,
            engine="drawn",
            engine_version="1",
            lines=tuple(lines),
        )

    def pixels(self) -> NDArray[np.uint8]:
        return np.asarray(self.image)

    def png(self) -> bytes:
        buffer = io.BytesIO()
        self.image.save(buffer, "PNG")
        return buffer.getvalue()


def _is_under(box: Box, window: Box) -> bool:
    x, y = (box[0] + box[2]) // 2, (box[1] + box[3]) // 2
    return window[0] <= x < window[2] and window[1] <= y < window[3]


def event_id(number: int) -> str:
    return f"ev-{number:032x}"


def state_of(desk: Desk, number: int = 1, before: ScreenState | None = None) -> ScreenState:
    return build_state(desk.page(), desk.pixels(), FrameFacts(event_id(number), 0), before)


def capture(number: int, cursor: tuple[int, int] | None = None) -> CaptureEvent:
    return CaptureEvent(
        event_id=event_id(number),
        seq=number,
        captured_at_us=number * 500_000,
        received_at_us=number * 500_000,
        tz_name="UTC",
        tz_offset_s=0,
        monotonic_ns=number,
        source="test",
        blob="0" * 64,
        cursor=None if cursor is None else Cursor(x=cursor[0], y=cursor[1]),
    )


@dataclass(frozen=True)
class Told:
    """What two frames that follow each other give."""

    before: ScreenState
    after: ScreenState
    delta: Delta

    @property
    def actions(self) -> list[tuple[str, str | None]]:
        return [(action.action, action.text) for action in self.delta.actions]

    def only(self) -> Action:
        assert len(self.delta.actions) == 1, self.actions
        return self.delta.actions[0]


def compare(
    first: Desk,
    second: Desk,
    cursor: tuple[int, int] | None = None,
    *,
    apps: tuple[str | None, str | None] = (None, None),
    gap_us: int = 500_000,
) -> Told:
    before = state_of(first, 1)
    after = state_of(second, 2, before)
    earlier = Moment(event_id(1), 0, app=apps[0], cursor=cursor)
    later = Moment(event_id(2), gap_us, app=apps[1], cursor=cursor)
    changes = diff(before.elements, after.elements)
    actions = infer_actions(before, after, changes, earlier, later)
    return Told(before, after, make_delta(before, after, actions))


def roles(state: ScreenState, role: str) -> list[Element]:
    return [element for element in state.elements if element.role == role]


def with_text(state: ScreenState, text: str) -> Element:
    found = [element for element in state.elements if element.text == text]
    assert len(found) == 1, (text, found)
    return found[0]

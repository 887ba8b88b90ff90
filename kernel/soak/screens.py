"""Screens of five kinds of windows, drawn cheaply: a base picture is kept, small parts change.

Covers: pages with planted facts and the boxes of their lines, typing, scrolling, a moving picture,
the lock screen, PNG bytes. Does not cover: which page is shown when (`kernel.soak.script`).
The letters are Pillow's own font, so that a bare machine shows the same.
"""

from __future__ import annotations

import io
import random
from dataclasses import dataclass, field

from PIL import Image, ImageDraw, ImageFont, PngImagePlugin

from kernel.soak.facts import Fact

Box = tuple[int, int, int, int]
Colour = tuple[int, int, int]

TITLE_H, MARGIN, LINE_H, FONT_PX = 34, 24, 34, 19
BASES_MAX = 24
WORDS = (
    "the weekly review of open points moved to the next meeting because two figures were missing "
    "please check the draft before noon and send your remarks to the whole group thanks again for "
    "the quick answer about the delivery our partner confirmed the plan and asked for a short call "
    "tests pass on every branch except the old one where a warning is left for later"
).split()


@dataclass(frozen=True, slots=True)
class Look:
    """How one kind of window looks."""

    title: str
    app: str
    paper: Colour
    ink: Colour
    bar: Colour


LOOKS: dict[str, Look] = {
    "mail": Look("Inbox - Mail", "OUTLOOK.EXE", (255, 255, 255), (30, 30, 30), (0, 90, 158)),
    "table": Look("Orders - Sheet", "EXCEL.EXE", (250, 252, 250), (20, 40, 20), (33, 115, 70)),
    "terminal": Look("build@host: ~", "Terminal", (24, 24, 28), (210, 220, 210), (60, 60, 66)),
    "chat": Look("Team - Chat", "Teams.exe", (245, 245, 250), (40, 40, 60), (98, 100, 167)),
    "editor": Look("main.py - Editor", "Code.exe", (30, 30, 38), (212, 212, 220), (50, 50, 60)),
}


@dataclass(frozen=True, slots=True)
class Screen:
    """What one monitor shows; equal screens are equal pictures.

    ``scroll`` moves the page up by lines, ``typed`` characters of a remark are written at its end,
    ``moving`` numbers the picture of a video in its corner; ``locked`` hides all.
    """

    window: str
    page: int
    facts: tuple[Fact, ...]
    scroll: int = 0
    typed: int = 0
    moving: int = 0
    locked: bool = False
    mark: str = ""


@dataclass
class Painter:
    """Draws screens of one size; keeps the last bases. One thread uses it."""

    width_px: int
    height_px: int
    seed: int
    _fonts: dict[int, ImageFont.FreeTypeFont | ImageFont.ImageFont] = field(default_factory=dict)
    _bases: dict[tuple[str, int, int], Image.Image] = field(default_factory=dict)

    @property
    def rows(self) -> int:
        """Lines of text that a page has room for, less the one that is typed into."""
        return (self.height_px - TITLE_H - 2 * MARGIN) // LINE_H - 1

    def draw(self, screen: Screen) -> tuple[bytes, dict[str, Box]]:
        """The PNG and the box (x, y, width, height) of each planted line that is to be seen."""
        if screen.locked:
            return _png(self._lock(), ""), {}
        picture = self._base(screen).copy()
        drawing = ImageDraw.Draw(picture)
        look = LOOKS[screen.window]
        if screen.typed:
            text = " ".join(self._words(screen.page, 90_000))[: screen.typed]
            at = (MARGIN, self.height_px - MARGIN - LINE_H)
            drawing.text(at, text, font=self._font(FONT_PX), fill=look.ink)
        if screen.moving:
            self._move(picture, screen.moving)
        return _png(picture, screen.mark), self._boxes(screen)

    def _base(self, screen: Screen) -> Image.Image:
        key = (screen.window, screen.page, screen.scroll)
        kept = self._bases.get(key)
        if kept is None:
            kept = self._bases[key] = self._page(screen)
            while len(self._bases) > BASES_MAX:
                del self._bases[next(iter(self._bases))]
        return kept

    def _page(self, screen: Screen) -> Image.Image:
        look = LOOKS[screen.window]
        picture = Image.new("RGB", (self.width_px, self.height_px), look.paper)
        drawing = ImageDraw.Draw(picture)
        drawing.rectangle((0, 0, self.width_px, TITLE_H), fill=look.bar)
        drawing.text((12, 7), look.title, font=self._font(16), fill=(255, 255, 255))
        for row, text in enumerate(self._lines(screen)):
            at = (MARGIN, TITLE_H + MARGIN + row * LINE_H)
            drawing.text(at, text, font=self._font(FONT_PX), fill=look.ink)
        return picture

    def _lines(self, screen: Screen) -> list[str]:
        """The page's text from the row that stands at the top; facts on every third row."""
        planted = {_fact_row(index): fact.line for index, fact in enumerate(screen.facts)}
        rows = range(screen.scroll, screen.scroll + self.rows)
        return [planted.get(row) or " ".join(self._words(screen.page, row)) for row in rows]

    def _words(self, page: int, row: int) -> list[str]:
        # Few pages of filler in all: what was read once is known again, as on a real screen.
        rng = random.Random(f"words:{self.seed}:{page % 4}:{row}")  # noqa: S311 - a script
        count = max(3, self.width_px // 150)
        start = rng.randrange(len(WORDS) - count)
        return WORDS[start : start + count]

    def _boxes(self, screen: Screen) -> dict[str, Box]:
        boxes: dict[str, Box] = {}
        for index, fact in enumerate(screen.facts):
            row = _fact_row(index) - screen.scroll
            if 0 <= row < self.rows:
                top = TITLE_H + MARGIN + row * LINE_H
                left, upper, right, lower = self._font(FONT_PX).getbbox(fact.line)
                boxes[fact.fact_id] = (
                    int(MARGIN + left),
                    int(top + upper),
                    int(right - left + 0.5),
                    int(lower - upper + 0.5),
                )
        return boxes

    def _move(self, picture: Image.Image, number: int) -> None:
        """A patch without text that is another one each time."""
        side = min(self.width_px, self.height_px) // 4
        small = Image.effect_noise((side // 8, side // 8), 20 + number % 60)
        corner = (self.width_px - side - MARGIN, self.height_px - side - MARGIN)
        picture.paste(small.resize((side, side)).convert("RGB"), corner)

    def _lock(self) -> Image.Image:
        return Image.new("RGB", (self.width_px, self.height_px), (12, 40, 70))

    def _font(self, px: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
        if px not in self._fonts:
            self._fonts[px] = ImageFont.load_default(px)
        return self._fonts[px]


def _fact_row(index: int) -> int:
    return 1 + 3 * index


def _png(picture: Image.Image, mark: str) -> bytes:
    out = io.BytesIO()
    info = PngImagePlugin.PngInfo()
    if mark:
        info.add_text("Comment", mark)
    picture.save(out, "PNG", compress_level=1, pnginfo=info)
    return out.getvalue()

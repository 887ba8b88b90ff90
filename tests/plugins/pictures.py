"""Fixture pages and drawn frames for tests of text plugins."""

from __future__ import annotations

import io
import json
from typing import Any

from PIL import Image, ImageDraw, ImageFont

from tools.text_engines import PAGES

QUICK = ("06_ticket", "04_editor_dark")
"""Pages read on every run: a light form and a dark editor."""

EVERY = tuple(sorted(path.stem for path in PAGES.glob("*.png")))


def page_bytes(name: str) -> bytes:
    return (PAGES / f"{name}.png").read_bytes()


def page_truth(name: str) -> dict[str, Any]:
    truth: dict[str, Any] = json.loads((PAGES / f"{name}.json").read_text("utf-8"))
    return truth


def encode(image: Image.Image, form: str = "PNG") -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, format=form)
    return buffer.getvalue()


def draw(
    text: str, *, size: int = 28, ground: str = "white", ink: str = "black", mode: str = "RGB"
) -> Image.Image:
    """One line of text at (20, 30) on a frame of 640 x 96."""
    image = Image.new("RGB", (640, 96), ground)
    font = ImageFont.load_default(size=size)
    ImageDraw.Draw(image).text((20, 30), text, fill=ink, font=font)
    return image.convert(mode)

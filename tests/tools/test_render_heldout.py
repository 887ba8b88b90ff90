"""Pages that no threshold was tuned on, drawn with their words."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from PIL import Image

from tools import render_heldout
from tools.refresh_samples import PROGRAMS


def test_every_page_says_its_size() -> None:
    pages = sorted(render_heldout.PAGES.glob("*.html"))

    assert len(pages) >= 6
    for page in pages:
        assert render_heldout.SIZE.search(page.read_text("utf-8")), page.name


def test_a_page_is_drawn_with_the_words_that_the_browser_laid_out(tmp_path: Path) -> None:
    pytest.importorskip("PIL")
    if not any(shutil.which(name) for name in PROGRAMS):
        pytest.skip(f"none of {', '.join(PROGRAMS)} is installed (Debian: chromium)")

    assert render_heldout.main([str(tmp_path), "--only", "settings_dark"]) == 0

    truth = json.loads((tmp_path / "settings_dark.json").read_text("utf-8"))
    with Image.open(tmp_path / "settings_dark.png") as picture:
        assert picture.size == (truth["width"], truth["height"]) == (1920, 1080)
        texts = [word["text"] for word in truth["words"]]
        assert texts[:3] == ["Preferences", "General", "Accounts"]
        for word in truth["words"]:
            x0, y0, x1, y1 = (round(side) for side in word["box"])
            colours = picture.convert("RGB").crop((x0, y0, x1, y1)).getcolors(1 << 16)
            # There is ink of more than one shade on the box of a word.
            assert colours is not None
            assert len(colours) > 2, word

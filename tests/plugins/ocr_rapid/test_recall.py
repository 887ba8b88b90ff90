"""A warm memory changes the time of a reading and nothing else."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

from plugins.ocr_rapid.engine import Engine
from plugins.ocr_rapid.models import Settings
from tests.plugins.pictures import draw
from tools.text_engines import ROOT, TextEngine

SESSION = ROOT / "tests" / "fixtures" / "session_piece"
"""Parts of frames of a recorded session: a chat and a terminal, each before and after a scroll."""

LINES = ("Payment due on Friday", "Order HL-2291", "Pipeline failed", "Room 5B at 14:30", "Berth 7")


def screen(*lines: str, moved_px: int = 0) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    frame = Image.new("RGB", (640, 900), "white")
    for index, line in enumerate(lines):
        frame.paste(draw(line), (0, index * 96 - moved_px))
    return np.asarray(frame)


def test_a_changed_frame_is_read_as_if_it_were_the_first_with_less_work() -> None:
    warm = Engine(Settings())
    first: list[int] = []
    again: list[int] = []
    warm.read(screen(*LINES), lambda done, _total: first.append(done))
    after = screen(*LINES[:3], "Room 6C at 15:00", *LINES[4:])

    changed = warm.read(after, lambda done, _total: again.append(done))

    cold = Engine(Settings(recall=False))
    assert changed == cold.read(after, lambda _done, _total: None)
    assert any(word.text == "15:00" for line in changed for word in line.words)
    assert len(again) < len(first)


def test_a_scrolled_frame_is_read_without_the_models() -> None:
    engine = Engine(Settings())
    before = engine.read(screen("", *LINES), lambda _done, _total: None)
    steps: list[int] = []

    after = engine.read(screen("", *LINES, moved_px=17), lambda done, _total: steps.append(done))

    assert steps == []
    assert [[word.text for word in line.words] for line in after] == [
        [word.text for word in line.words] for line in before
    ]
    assert [line.box[1] for line in after] == [line.box[1] - 17 for line in before]


def test_a_recorded_session_says_the_same_with_and_without_a_memory(tmp_path: Path) -> None:
    frames = [path.read_bytes() for path in sorted(SESSION.glob("*.png"))]
    warm = TextEngine("ocr_rapid", tmp_path)
    cold = TextEngine("ocr_rapid", tmp_path, {"recall": False})
    steps: list[int] = []
    pages = []
    for frame in frames:
        before = len(warm.task.checkpoints)
        pages.append(warm.read(frame))
        steps.append(len(warm.task.checkpoints) - before)

    assert [cold.read(frame) for frame in frames[1::2]] == pages[1::2]
    assert [bool(page.lines) for page in pages] == [True] * 4
    # Of the terminal's seven lines two came in with the scroll.
    assert steps[3] <= steps[2] / 2

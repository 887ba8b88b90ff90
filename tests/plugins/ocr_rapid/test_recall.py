"""A warm memory changes the time of a reading and nothing else."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from plugins.ocr_rapid.engine import Engine
from plugins.ocr_rapid.models import Settings
from plugin_host.textkit.recall import Recall, key_of
from tests.plugins.pictures import draw


def screen(*lines: str) -> Image.Image:
    frame = Image.new("RGB", (640, 900), "white")
    for index, line in enumerate(lines):
        frame.paste(draw(line), (0, index * 96))
    return frame


LINES = ("Payment due on Friday", "Order HL-2291", "Pipeline failed", "Room 5B at 14:30", "Berth 7")


def test_a_changed_frame_is_read_as_if_it_were_the_first_with_less_work() -> None:
    warm = Engine(Settings())
    before, after = (
        np.asarray(screen(*LINES)),
        np.asarray(screen(*LINES[:3], "Room 6C at 15:00", *LINES[4:])),
    )
    first: list[int] = []
    again: list[int] = []
    warm.read(before, lambda done, _total: first.append(done))

    changed = warm.read(after, lambda done, _total: again.append(done))

    assert changed == Engine(Settings(recall=False)).read(after, lambda _done, _total: None)
    assert any(word.text == "15:00" for line in changed for word in line.words)
    assert len(again) < len(first)


def test_a_scrolled_line_is_known_by_its_pixels_wherever_it_stands() -> None:
    pixels = np.asarray(screen(*LINES))

    assert key_of(pixels[0:96]) == key_of(np.vstack([pixels[96:], pixels[:96]])[-96:])
    assert key_of(pixels[0:96]) != key_of(pixels[96:192])
    assert key_of(pixels[0:2, 0:4]) != key_of(pixels[0:4, 0:2])


@given(st.lists(st.tuples(st.integers(0, 20), st.integers(1, 10)), max_size=60))
def test_what_is_kept_stays_within_its_weight_and_is_the_newest(
    entries: list[tuple[int, int]],
) -> None:
    recall: Recall[int] = Recall(30)
    for number, (key, weight) in enumerate(entries):
        recall.keep(str(key), number, weight)

    newest = dict(entries)
    kept = [key for key in newest if recall.find(str(key)) is not None]
    assert sum(newest[key] for key in kept) <= 30
    assert not entries or entries[-1][0] in kept

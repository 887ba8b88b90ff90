"""Text ends at the frame of a field; what is framed in a sentence stays in it."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from plugin_host.textkit.frames import part_line
from plugin_host.textkit.lines import PageFacts, build_page
from plugin_host.textkit.reading import LineReading, WordReading
from plugin_host.textkit.regions import cut_frame

Pixels = NDArray[np.uint8]


def screen(ground: int = 255) -> Pixels:
    return np.full((200, 600, 3), ground, np.uint8)


def draw_box(frame: Pixels, box: tuple[int, int, int, int], ink: int, *, corner: int = 0) -> None:
    x0, y0, x1, y1 = box
    frame[[y0, y1 - 1], x0 + corner : x1 - corner] = ink
    frame[y0 + corner : y1 - corner, [x0, x1 - 1]] = ink


def line(*words: tuple[str, float, float], top: float = 60, foot: float = 86) -> LineReading:
    read = tuple(WordReading(text, (x0, top, x1, foot), 0.9) for text, x0, x1 in words)
    return LineReading(words=read, box=(words[0][1], top, words[-1][2], foot))


def texts(parts: list[LineReading]) -> list[str]:
    return [" ".join(word.text for word in part.words) for part in parts]


@pytest.mark.parametrize(("ground", "ink"), [(255, 118), (30, 90), (240, 0)])
@pytest.mark.parametrize("corner", [0, 2, 4])
@pytest.mark.parametrize("high", [21, 32, 44])
def test_the_frame_of_a_field_is_found(ground: int, ink: int, corner: int, high: int) -> None:
    frame = screen(ground)
    draw_box(frame, (66, 62, 243, 62 + high), ink, corner=corner)

    (found,) = cut_frame(frame).frames

    assert np.abs(np.subtract(found, (66, 62, 243, 62 + high))).max() <= 7


def test_a_filled_box_is_a_frame_and_loose_strokes_and_open_boxes_are_none() -> None:
    frame = screen()
    frame[20:44, 300:420] = 225
    frame[100:140, [50, 90, 200]] = 0  # uprights alone
    frame[150, 50:300] = 0  # a rule alone
    draw_box(frame, (400, 100, 500, 130), 0)
    frame[129, 410:500] = 255  # no foot

    assert len(cut_frame(frame).frames) == 1


FIELD = (66, 62, 243, 83)


def test_a_label_and_its_field_are_two_lines_and_the_text_ends_in_the_frame() -> None:
    label, value = part_line(
        line(("Name", 21, 61), ("Ingrid", 66, 107), ("Olsen", 106, 144)), [FIELD]
    )

    assert texts([label, value]) == ["Name", "Ingrid Olsen"]
    assert not label.is_part
    assert value.is_part
    assert value.is_after_wall
    assert value.box == (67, 63, 144, 82)


def test_what_stands_behind_a_field_is_a_line_of_its_own() -> None:
    read = line(("Size", 21, 61), ("20", 72, 90), ("GB", 250, 270))

    assert texts(part_line(read, [FIELD])) == ["Size", "20", "GB"]


def test_a_side_that_was_read_as_a_mark_is_left_out() -> None:
    read = line(("Name", 21, 60), ("|", 62, 68), ("Ingrid", 71, 103), ("Olsen", 107, 141))

    assert texts(part_line(read, [FIELD])) == ["Name", "Ingrid Olsen"]
    assert part_line(line(("]", 239, 243)), [FIELD]) == []
    assert texts(part_line(line(("a", 300, 310), ("|", 330, 334)), [FIELD])) == ["a |"]


def test_a_key_in_a_sentence_parts_nothing() -> None:
    read = line(("Press", 20, 60), ("Ctrl", 70, 100), ("to", 112, 126), ("go", 130, 148))

    assert part_line(read, [(65, 62, 105, 83)]) == [read]


def test_a_line_above_or_beside_a_field_stays_as_it_is() -> None:
    above = line(("Name", 21, 61), ("below", 66, 107), top=20, foot=44)
    beside = line(("Name", 260, 300), ("here", 305, 330))

    assert part_line(above, [FIELD]) == [above]
    assert part_line(beside, [FIELD]) == [beside]


def test_a_field_is_read_right_behind_its_label() -> None:
    rows = [("Name", "Ingrid"), ("Server", "mx1.example.org"), ("Port", "993")]
    readings = []
    for at, (label, value) in enumerate(rows):
        top = 60.0 + 35 * at
        words = ((label, 20.0, 60.0), (value, 70.0, 76.0 + 7 * len(value)))
        field = (66, int(top) + 2, 243, int(top) + 24)
        readings += part_line(line(*words, top=top, foot=top + 26), [field])
    facts = PageFacts(blob="0" * 64, width_px=600, height_px=200, engine="e", engine_version="1")

    page = build_page(facts, readings[::-1])

    assert [one.text for one in page.lines] == [text for row in rows for text in row]

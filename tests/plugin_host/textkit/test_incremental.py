"""A frame read with a memory of others says what it says alone."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from plugin_host.hooks import TaskCancelled
from plugin_host.textkit.incremental import RegionReader, Step, move_line
from plugin_host.textkit.reading import LineReading, WordReading
from plugin_host.textkit.recall import key_of
from plugin_host.textkit.regions import cut_frame

Frame = NDArray[np.uint8]
WORDS = ("glint", "berth", "quay", "Friday", "0731", "proxy", "lantern", "(ok)")


class Engine:
    """An engine whose word for a crop is the crop's own key; counts what it is asked."""

    def __init__(self, *, words_kept_max: int = 1000) -> None:
        self.asked: list[str] = []
        self.reader = RegionReader(self.read_crops, words_kept_max=words_kept_max)

    def read_crops(self, crops: Sequence[Frame], step: Step) -> list[list[LineReading]]:
        lines = []
        for done, crop in enumerate(crops):
            step(done, len(crops))
            self.asked.append(key_of(crop))
            height, width = crop.shape[:2]
            word = WordReading(text=key_of(crop), box=(0, 0, width, height), confidence=1.0)
            lines.append([LineReading(words=(word,), box=word.box)])
        return lines

    def read(self, frame: Frame) -> list[LineReading]:
        return self.reader.read(frame, lambda _done, _total: None)


def page(rows: Sequence[tuple[int, int]], *, scrolled_px: int = 0, x: int = 20) -> Frame:
    """Rows of words; each as (word, number)."""
    frame = np.full((360, 400, 3), 250, np.uint8)
    for index, (word, number) in enumerate(rows):
        at = (x, 30 + 30 * index - scrolled_px)
        text = f"{WORDS[word]} {number}"
        cv2.putText(frame, text, at, cv2.FONT_HERSHEY_SIMPLEX, 0.5, (10,) * 3, 1, cv2.LINE_AA)
    return frame


ROWS = st.lists(st.tuples(st.integers(0, len(WORDS) - 1), st.integers(0, 9)), max_size=11)


@given(st.lists(st.tuples(ROWS, st.integers(0, 120)), min_size=1, max_size=6))
@settings(max_examples=50, deadline=None)
def test_frames_read_one_after_another_say_what_each_says_alone(
    frames: list[tuple[list[tuple[int, int]], int]],
) -> None:
    warm = Engine()
    for rows, scrolled_px in frames:
        frame = page(rows, scrolled_px=scrolled_px)
        assert warm.read(frame) == Engine().read(frame)


@given(ROWS, ROWS)
@settings(max_examples=50, deadline=None)
def test_each_region_is_spliced_in_once_at_its_own_place(
    before: list[tuple[int, int]], after: list[tuple[int, int]]
) -> None:
    engine = Engine()
    engine.read(page(before))
    frame = page(after)

    lines = engine.read(frame)

    assert [(line.words[0].text, line.box) for line in lines] == [
        (key_of(region.pixels), tuple(float(v) for v in region.box))
        for region in cut_frame(frame).regions
    ]


def test_only_what_changed_is_read() -> None:
    engine = Engine()
    rows = [(i % len(WORDS), i) for i in range(10)]
    engine.read(page(rows))
    engine.asked.clear()

    engine.read(page([*rows[:4], (0, 77), *rows[5:]]))

    assert len(engine.asked) == 1


@pytest.mark.parametrize("scrolled_px", [1, 30, 73, 120])
def test_after_a_scroll_only_lines_that_came_in_or_were_cut_are_read(scrolled_px: int) -> None:
    engine = Engine()
    rows = [(i % len(WORDS), i) for i in range(10)]
    engine.read(page(rows))
    engine.asked.clear()

    engine.read(page([*rows, (1, 88)], scrolled_px=scrolled_px))

    assert 1 <= len(engine.asked) <= 3


def test_a_pane_that_scrolls_leaves_the_other_one_known() -> None:
    left, right = [(i % 8, i) for i in range(10)], [(i % 5, 90 + i) for i in range(10)]
    frames = []
    for scrolled_px in (0, 45):
        still, moving = page(left), page(right, scrolled_px=scrolled_px)
        still[:, 250:] = moving[:, :150]
        frames.append(still)
    engine = Engine()
    engine.read(frames[0])
    engine.asked.clear()

    engine.read(frames[1])

    assert len(engine.asked) <= 2


def test_a_moved_window_is_known_at_its_new_place() -> None:
    engine = Engine()
    rows = [(3, 1), (4, 2), (5, 3)]
    at_left = engine.read(page(rows))
    engine.asked.clear()

    at_right = engine.read(page(rows, x=220))

    assert engine.asked == []
    assert [move_line(line, 200, 0) for line in at_left] == at_right


def test_a_frame_seen_before_the_last_ones_is_known() -> None:
    engine = Engine()
    first = page([(0, 1), (1, 2)])
    for other in (first, page([(2, 3)]), page([(3, 4)])):
        engine.read(other)
    engine.asked.clear()

    engine.read(first)

    assert engine.asked == []


def test_with_no_memory_every_frame_is_read_in_full() -> None:
    engine = Engine(words_kept_max=0)
    frame = page([(0, 1), (1, 2), (2, 3)])

    assert engine.read(frame) == engine.read(frame)
    assert len(engine.asked) == 6


def test_regions_of_the_same_pixels_are_read_once_and_shown_wherever_they_stand() -> None:
    engine = Engine()

    lines = engine.read(page([(5, 5)] * 8))

    assert len(engine.asked) == 1
    assert len(lines) == 8
    assert {low.box[1] - high.box[1] for high, low in pairwise(lines)} == {30}


def test_a_reading_that_was_taken_back_leaves_nothing_half_known() -> None:
    engine = Engine()
    frame = page([(i, i) for i in range(6)])

    def take_back(done: int, _total: int) -> None:
        if done == 3:
            raise TaskCancelled

    with pytest.raises(TaskCancelled):
        engine.reader.read(frame, take_back)
    engine.asked.clear()

    assert engine.read(frame) == Engine().read(frame)
    assert len(engine.asked) == 6


def test_a_wall_that_comes_before_a_known_line_is_seen_though_the_line_is_not_read_again() -> None:
    engine = Engine()
    frame = page([(index, 0) for index in range(8)])
    before = engine.read(frame)
    engine.asked.clear()
    walled = frame.copy()
    walled[:, :4] = 40

    after = engine.read(walled)

    assert not engine.asked
    assert [line.words for line in after] == [line.words for line in before]
    assert {line.is_after_wall for line in before} == {False}
    assert {line.is_after_wall for line in after} == {False}, "too far away"
    near = frame.copy()
    near[:, :14] = 40
    assert {line.is_after_wall for line in engine.read(near)} == {True}
    assert not engine.asked

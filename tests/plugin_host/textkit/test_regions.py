"""Where a frame is cut: by its content, not by its place; nothing of it lost."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from contracts.base import Box
from plugin_host.textkit.regions import (
    MARGIN_PX,
    SIDE_PX_MIN,
    WALL_PX,
    cut_frame,
    find_detail,
    join_marks,
)

Frame = NDArray[np.uint8]
GROUND = 240


def blank(width: int = 640, height: int = 400) -> Frame:
    return np.full((height, width, 3), GROUND, np.uint8)


def write(frame: Frame, text: str, x: int, y: int, *, size: float = 0.5) -> None:
    cv2.putText(frame, text, (x, y), cv2.FONT_HERSHEY_SIMPLEX, size, (20, 20, 20), 1, cv2.LINE_AA)


def boxes(frame: Frame) -> list[Box]:
    return [region.box for region in cut_frame(frame).regions]


def is_inside(inner: Box, outer: Box) -> bool:
    return (
        outer[0] <= inner[0]
        and outer[1] <= inner[1]
        and inner[2] <= outer[2]
        and inner[3] <= outer[3]
    )


@st.composite
def patches(draw: st.DrawFn) -> Frame:
    """A frame with noise, bars and words at drawn places."""
    frame = blank(320, 240)
    random = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    for _ in range(draw(st.integers(0, 6))):
        x, y = draw(st.integers(0, 300)), draw(st.integers(0, 220))
        w, h = draw(st.integers(1, 160)), draw(st.integers(1, 90))
        kind = draw(st.sampled_from(["noise", "flat", "word"]))
        part = frame[y : y + h, x : x + w]
        if kind == "noise":
            part[:] = random.integers(0, 256, part.shape)
        elif kind == "flat":
            part[:] = random.integers(0, 256, 3)
        else:
            write(frame, "key glint", x, y + 12)
    return frame


@given(patches())
@settings(max_examples=60, deadline=None)
def test_every_pixel_of_detail_is_shown_by_a_region(frame: Frame) -> None:
    detail, _ = find_detail(frame)
    shown = np.zeros(detail.shape, bool)
    for region in cut_frame(frame).regions:
        x0, y0, x1, y1 = region.box
        # Shown as it is; what another region shows may be left out here.
        shown[y0:y1, x0:x1] |= (region.pixels == frame[y0:y1, x0:x1]).all(axis=2)

    hidden = (detail.astype(bool) & ~shown).astype(np.uint8)
    count, _, stats, _ = cv2.connectedComponentsWithStats(hidden, connectivity=8)
    for _, _, width, height, _ in stats[1:count]:
        assert width < SIDE_PX_MIN[0] or height < SIDE_PX_MIN[1]


@given(patches())
@settings(max_examples=40, deadline=None)
def test_regions_lie_on_the_frame_and_come_top_to_bottom(frame: Frame) -> None:
    found = cut_frame(frame).regions

    assert [(r.box[1], r.box[0]) for r in found] == sorted((r.box[1], r.box[0]) for r in found)
    for region in found:
        x0, y0, x1, y1 = region.box
        assert 0 <= x0 < x1 <= frame.shape[1]
        assert 0 <= y0 < y1 <= frame.shape[0]
        assert region.pixels.shape == (y1 - y0, x1 - x0, 3)


@given(patches(), st.integers(0, 200), st.integers(0, 300))
@settings(max_examples=40, deadline=None)
def test_what_is_moved_is_cut_the_same_way(frame: Frame, right: int, down: int) -> None:
    ground = blank(frame.shape[1] + 8, frame.shape[0] + 8)
    ground[4:-4, 4:-4] = frame
    wide = blank(ground.shape[1] + 200, ground.shape[0] + 300)
    wide[down : down + ground.shape[0], right : right + ground.shape[1]] = ground

    before, after = cut_frame(ground).regions, cut_frame(wide).regions

    assert [r.box for r in after] == [
        (x0 + right, y0 + down, x1 + right, y1 + down) for x0, y0, x1, y1 in boxes(ground)
    ]
    for one, other in zip(before, after, strict=True):
        assert np.array_equal(one.pixels, other.pixels)


@given(st.integers(0, 11), st.text("abcdefghjkmnpqr", min_size=1, max_size=12))
@settings(max_examples=30, deadline=None)
def test_a_changed_line_changes_one_region(row: int, text: str) -> None:
    before = blank()
    for number in range(12):
        write(before, f"line {number} as it was", 20, 30 + 30 * number)
    after = before.copy()
    after[30 + 30 * row - 20 : 30 + 30 * row + 8] = GROUND
    write(after, f"now {text}", 20, 30 + 30 * row)

    old = {(r.box, r.pixels.tobytes()) for r in cut_frame(before).regions}
    new = {(r.box, r.pixels.tobytes()) for r in cut_frame(after).regions}

    assert len(old) == 12
    assert len(new - old) == 1
    assert len(old - new) == 1


def test_words_of_a_line_are_one_region_and_lines_are_two() -> None:
    frame = blank()
    write(frame, "just a reminder that it", 20, 60)
    write(frame, "is still open", 20, 90)

    first, second = boxes(frame)

    assert first[2] - first[0] > 120
    assert first[3] <= second[1] + 2 * MARGIN_PX


def test_panes_beside_each_other_are_cut_at_the_wall_between() -> None:
    frame = blank()
    frame[:, 300:] = 30
    write(frame, "main pane", 215, 60)
    frame[50:70, 300:380] = np.where(frame[50:70, 300:380] == 20, 20, 30)
    cv2.putText(
        frame, "terminal", (306, 60), cv2.FONT_HERSHEY_SIMPLEX, 0.5, (230,) * 3, 1, cv2.LINE_AA
    )

    found = boxes(frame)

    assert len(found) == 2
    assert found[0][2] <= 300 + MARGIN_PX
    assert found[1][0] >= 300 - MARGIN_PX


def test_the_rules_of_a_table_are_no_detail_and_part_its_cells() -> None:
    frame = blank()
    for x in range(0, 640, 80):
        frame[:, x] = 150
    for y in range(0, 400, 25):
        frame[y] = 150
    for column in range(3):
        for row in range(4):
            write(frame, f"{row}.{column}", 20 + 80 * column, 18 + 25 * row)

    assert len(boxes(frame)) == 12


def test_a_window_over_a_line_does_not_swallow_it() -> None:
    frame = blank()
    write(frame, "a line that goes on under the window", 20, 110)
    frame[104:300, 200:600] = 255
    cv2.rectangle(frame, (200, 104), (600, 300), (90, 90, 90))
    write(frame, "Title of the window", 205, 124)
    write(frame, "its text", 210, 160)

    regions = cut_frame(frame).regions

    texts = [r for r in regions if r.box[3] - r.box[1] > 8]
    assert len(texts) == 3
    cut = min(texts, key=lambda r: r.box[0])
    assert cut.box[3] - cut.box[1] < 40


def test_what_another_region_shows_is_left_out() -> None:
    frame = blank()
    cv2.circle(frame, (200, 200), 100, (60, 60, 200), 9)
    write(frame, "inside", 170, 205)

    ring, word = cut_frame(frame).regions

    assert is_inside(word.box, ring.box)
    x0, y0 = word.box[0] - ring.box[0], word.box[1] - ring.box[1]
    x1, y1 = word.box[2] - ring.box[0], word.box[3] - ring.box[1]
    assert (ring.pixels[y0:y1, x0:x1] == GROUND).all()
    assert word.pixels.min() < 100


@pytest.mark.parametrize("text", ["iiii", "ijij"])
def test_points_of_large_letters_belong_to_their_line(text: str) -> None:
    frame = blank()
    cv2.putText(frame, text, (20, 200), cv2.FONT_HERSHEY_DUPLEX, 3, (0, 0, 0), 5, cv2.LINE_AA)

    assert len(boxes(frame)) == 1


def test_a_mark_goes_to_its_letters_and_a_neighbouring_line_does_not() -> None:
    letters, point, line = (0, 20, 200, 60), (50, 8, 56, 14), (0, 66, 200, 100)

    joined = join_marks({1: letters, 2: point, 3: line})

    assert sorted(joined) == [((0, 8, 200, 60), (1, 2)), ((0, 66, 200, 100), (3,))]


@pytest.mark.parametrize("size", [(1, 1), (1, 300), (300, 1), (2, 2), (640, 400)])
def test_a_flat_frame_of_any_size_has_no_regions(size: tuple[int, int]) -> None:
    assert cut_frame(blank(*size)).regions == ()


def test_a_gradient_is_no_detail_and_a_long_edge_is_a_wall() -> None:
    frame = blank(640, 400)
    frame[:] = np.linspace(0, 255, 640).astype(np.uint8)[None, :, None]
    frame[100 : 100 + 2 * WALL_PX, 300:302] = 255

    detail, walls = find_detail(frame)

    assert walls.any()
    # Only the wall's two short ends are left.
    assert detail.sum() < 20


@pytest.mark.parametrize("size", [0.4, 0.5, 0.7])
def test_text_right_behind_the_frame_of_a_window_has_a_wall_before_it(size: float) -> None:
    frame = blank()
    frame[:, 200:] = 30
    write(frame, "left of it", 196 - round(160 * size), 100, size=size)
    cv2.putText(
        frame, "right of it", (204, 100), cv2.FONT_HERSHEY_SIMPLEX, size, (220,) * 3, 1, cv2.LINE_AA
    )

    cut = cut_frame(frame)

    told = [(region.box[0] >= 200, cut.has_wall_before(region.box)) for region in cut.regions]
    assert set(told) == {(False, False), (True, True)}


@pytest.mark.parametrize(
    "rule",
    [(slice(90, 104), slice(198, 199)), (slice(106, 107), slice(100, 400))],
    ids=["a caret", "an underline"],
)
def test_what_is_as_high_as_a_letter_or_lies_is_no_wall_before_a_line(
    rule: tuple[slice, slice],
) -> None:
    frame = blank()
    write(frame, "glint", 202, 100)
    frame[rule] = 0

    assert not cut_frame(frame).has_wall_before((202, 88, 240, 104))

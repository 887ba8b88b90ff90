"""The script shows the same screens for the same seed, and facts are where their boxes say."""

from __future__ import annotations

import io
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageChops

from kernel.config.errors import KernelError
from kernel.soak.day import Phase, phase_at, plan_day
from kernel.soak.facts import WINDOWS, make_fact
from kernel.soak.pictures import DrawnPictures, FolderPictures
from kernel.soak.screens import Painter, Screen
from kernel.soak.script import LEAK_MARK, Pace, Script

PACE = Pace(cadence_s=0.5, change_s=2.0, heartbeat_s=10.0)


def play(seed: int, length_s: float, monitors: int) -> list[tuple[Screen | None, ...]]:
    phases = plan_day(seed, length_s)
    script = Script(seed, PACE, monitors=monitors)
    ticks = range(int(length_s / PACE.cadence_s))
    return [script.step(tick, phase_at(phases, tick * PACE.cadence_s)) for tick in ticks]


@given(st.integers(0, 1000), st.integers(1, 4))
def test_the_same_seed_shows_the_same_screens(seed: int, monitors: int) -> None:
    assert play(seed, 120.0, monitors) == play(seed, 120.0, monitors)


@given(st.integers(0, 1000))
def test_most_captures_of_a_day_are_as_the_one_before(seed: int) -> None:
    shown = [screens[0] for screens in play(seed, 300.0, 1) if screens[0] is not None]
    same = sum(before == after for before, after in pairwise(shown))
    assert same > len(shown) / 2


def test_nothing_is_captured_in_suspend_and_little_while_away() -> None:
    script = Script(1, PACE, monitors=2)
    assert script.step(0, Phase(0.0, 9.0, "active", "suspend")) == (None, None)
    away = [script.step(tick, Phase(0.0, 60.0, "idle", "coffee"))[0] for tick in range(1, 41)]
    assert sum(screen is not None for screen in away) == 2


def test_the_lock_screen_hides_all() -> None:
    (screen,) = Script(1, PACE, monitors=1).step(0, Phase(0.0, 60.0, "idle", "lock_screen"))
    assert screen is not None
    assert screen.locked
    data, boxes = Painter(320, 200, 1).draw(screen)
    assert boxes == {}
    assert Image.open(io.BytesIO(data)).getcolors() is not None


def test_so_many_pictures_are_marked_for_the_leak_as_were_asked_for() -> None:
    script, phase = Script(1, PACE, monitors=2), Phase(0.0, 60.0, "active", "burst")
    script.mark_leaks(3)
    marks = [
        screen.mark
        for tick in range(40)
        for screen in script.step(tick, phase)
        if screen is not None
    ]
    assert len({mark for mark in marks if mark.startswith(LEAK_MARK)}) == 3
    assert marks[-2:] == ["", ""]


def test_every_question_is_asked_of_one_fact_only() -> None:
    facts = [make_fact(7, number, WINDOWS[number % 5]) for number in range(2_000)]
    assert len({fact.question for fact in facts}) == len(facts)
    assert all(fact.answer in fact.line for fact in facts)
    assert facts[3] == make_fact(7, 3, WINDOWS[3])


@pytest.mark.parametrize("window", WINDOWS)
def test_a_planted_line_is_drawn_inside_its_box(window: str) -> None:
    painter = Painter(960, 540, 7)
    fact = make_fact(7, 5, window)
    with_fact, boxes = painter.draw(Screen(window, 3, (fact,)))
    without, none = painter.draw(Screen(window, 7, ()))
    assert none == {}
    x, y, width, height = boxes[fact.fact_id]
    # Pages 3 and 7 have the same filler: what differs is the fact's row alone.
    changed = difference(with_fact, without)
    assert changed is not None
    left, top, right, bottom = changed
    assert (left, top) >= (x - 1, y - 1)
    assert top >= y - 1
    assert bottom <= y + height + 8
    inside = Image.open(io.BytesIO(with_fact)).crop((x, y, x + width, y + height))
    assert len(inside.getcolors(100_000) or []) > 2, "there is text in the box"
    assert right > x + width // 2


def test_a_fact_that_was_scrolled_away_has_no_box() -> None:
    painter, fact = Painter(960, 540, 7), make_fact(7, 5, "mail")
    assert painter.draw(Screen("mail", 3, (fact,), scroll=1))[1][fact.fact_id][1] > 0
    assert painter.draw(Screen("mail", 3, (fact,), scroll=2))[1] == {}


def test_equal_screens_are_equal_bytes_and_a_video_is_another_picture_each_time() -> None:
    painter, other = Painter(640, 400, 7), Painter(640, 400, 7)
    screen = Screen("chat", 2, (make_fact(7, 1, "chat"),), typed=12)
    assert painter.draw(screen)[0] == other.draw(screen)[0]
    first = painter.draw(Screen("chat", 2, (), moving=1))[0]
    assert difference(first, painter.draw(Screen("chat", 2, (), moving=2))[0]) is not None


def test_drawn_pictures_say_what_they_show_and_are_kept_while_nothing_changes() -> None:
    pictures = DrawnPictures(Script(3, PACE, monitors=2), Painter(640, 400, 3))
    phase = Phase(0.0, 60.0, "active", "work")
    first, side = pictures.step(1, phase)
    assert first is not None
    assert side is not None
    assert len(first.facts) == 2
    assert pictures.step(2, phase)[0] is first
    assert pictures.step(4, phase)[0] is not first
    assert first.data.startswith(b"\x89PNG")


def drawn_pictures() -> DrawnPictures:
    return DrawnPictures(Script(3, PACE, monitors=1), Painter(320, 200, 3))


def test_real_screenshots_are_shown_as_they_are_with_known_pages_between(tmp_path: Path) -> None:
    for name in "ab":
        (tmp_path / f"{name}.png").write_bytes(name.encode())
    pictures = FolderPictures(tmp_path, 1, PACE, drawn_pictures())
    phase = Phase(0.0, 600.0, "active", "work")
    shown = [pictures.step(tick, phase)[0] for tick in range(600)]
    real = [picture for picture in shown if picture and picture.data in {b"a", b"b"}]
    assert {picture.data for picture in real} == {b"a", b"b"}
    assert all(picture.facts == {} for picture in real)
    known = [picture for picture in shown if picture and picture.facts]
    assert 0.2 * len(shown) < len(known) < 0.6 * len(shown)
    pictures.mark_leaks(3)
    marked = [picture for t in range(600, 700) if (picture := pictures.step(t, phase)[0])]
    assert len({picture.data for picture in marked if picture.marked}) == 3


def test_a_folder_without_screenshots_is_refused(tmp_path: Path) -> None:
    with pytest.raises(KernelError, match="no PNG file"):
        FolderPictures(tmp_path, 1, PACE, drawn_pictures())


def difference(one: bytes, other: bytes) -> tuple[int, int, int, int] | None:
    first, second = (Image.open(io.BytesIO(data)).convert("RGB") for data in (one, other))
    return ImageChops.difference(first, second).getbbox()

"""An answer in a terminal: text, progress, pictures."""

from __future__ import annotations

import base64
import re
import zoneinfo
from pathlib import Path

import msgspec
import pytest

from kernel.cli.answer_text import format_answer, printable
from kernel.cli.progress_line import progress_line
from kernel.cli.terminal_image import Way, find_way, picture_sequence
from tests.kernel.query.week import BERLIN, Desk

NEW_YORK = zoneinfo.ZoneInfo("America/New_York")


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    made = Desk.open(tmp_path)
    made.shoot("25 09:00:00", ["budget one of Lisbon", "budget two of Porto"])
    made.shoot("25 09:00:10", ["budget one of Lisbon"])
    return made


def test_lines_are_shown_with_their_time_on_the_persons_clock(desk: Desk) -> None:
    text = format_answer(desk.ask("budget yesterday"), {}, BERLIN)
    assert "- budget one of Lisbon" in text
    assert "on screen from 2025-11-25 09:00:00 to 09:00:10, 10 s in all" in text
    assert "note: “yesterday”: 2025-11-25 00:00" in text
    assert "    local  " not in text
    elsewhere = format_answer(desk.ask("budget yesterday"), {}, NEW_YORK)
    assert "    local  2025-11-25 03:00:10" in elsewhere
    desk.close()


def test_what_is_not_read_is_offered_with_a_bounded_way(desk: Desk) -> None:
    desk.shoot("26 09:00:00", ["unread"], read=False)
    text = format_answer(desk.ask("What is the wifi code?"), {}, BERLIN)
    assert "--extract-now" in text
    desk.close()


def test_a_frame_that_was_not_read_is_cited_as_a_whole(desk: Desk) -> None:
    desk.shoot("26 09:00:00", ["unread"], title="Harbour", read=False)
    text = format_answer(desk.ask("What was on screen today?"), {}, BERLIN)
    assert "    box    the whole frame (not read yet)  event ev-" in text
    assert "0..0" not in text
    desk.close()


def test_a_note_is_told_to_its_end(desk: Desk) -> None:
    answer = desk.ask("budget yesterday")
    long = "word " * 80 + "run: kernel process --until-drained reads all"
    answer = msgspec.structs.replace(answer, notes=(long,))
    assert f"note: {long}" in format_answer(answer, {}, BERLIN).splitlines()
    desk.close()


def test_long_and_hostile_text_is_cut_and_cleaned() -> None:
    assert len(printable("x" * 999)) == 240
    assert "\x1b" not in printable("\x1b[2J")


@pytest.mark.parametrize(
    ("environment", "way"),
    [
        ({"TERM": "xterm-kitty"}, "kitty"),
        ({"TERM_PROGRAM": "iTerm.app"}, "iterm"),
        ({"TERM": "foot"}, "sixel"),
        ({"TERM": "xterm-256color"}, None),
        ({"TERM": "xterm-kitty", "TMUX": "1,2"}, None),
        ({}, None),
    ],
)
def test_a_terminal_is_shown_pictures_in_its_own_way(
    environment: dict[str, str], way: Way | None
) -> None:
    assert find_way(environment, is_terminal=True) == way
    assert find_way(environment, is_terminal=False) is None


def test_the_sequences_carry_the_picture(tmp_path: Path) -> None:
    image = pytest.importorskip("PIL.Image", reason="pictures need an image library")
    path = tmp_path / "crop.png"
    picture = image.new("RGB", (90, 13), (250, 250, 250))
    picture.paste((10, 20, 200), (0, 0, 30, 13))
    picture.save(path)
    data = base64.standard_b64encode(path.read_bytes()).decode()
    kitty = picture_sequence(path, "kitty")
    assert "".join(re.findall(r";([^\x1b]*)\x1b", kitty)) == data
    assert data in picture_sequence(path, "iterm")
    sixel = picture_sequence(path, "sixel")
    assert sixel.startswith('\x1bPq"1;1;90;13')
    assert sixel.count("-") == 3
    assert "!30" in sixel
    assert sixel.endswith("\x1b\\\n")


def test_progress_is_shown_on_a_terminal_only(capsys: pytest.CaptureFixture[str]) -> None:
    progress_line()("halfway")
    assert capsys.readouterr().err == ""

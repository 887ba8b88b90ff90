"""Which windows, programs, pages or files were open."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from kernel.query.openwindows import LISTED_MAX
from tests.kernel.query.week import Desk


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    made = Desk.open(tmp_path)
    shown = [
        ("25 09:00:00", "thunderbird", "Inbox (3) - Mozilla Thunderbird", 0),
        ("25 09:10:00", "firefox", "Ferries - Mozilla Firefox", 0),
        ("25 09:20:00", "firefox", "Orders - Mozilla Firefox", 0),
        ("25 09:20:00", "slack", "crew (Channel) - Slack", 1),
        ("25 09:30:00", "soffice.bin", "levels.ods - LibreOffice Calc", 0),
        ("26 09:00:00", "code", "pump.rs - Visual Studio Code", 0),
    ]
    for when, app, title, monitor in shown:
        made.shoot(when, ["stays where it is"], app=app, title=title, monitor=monitor)
    yield made
    made.close()


@pytest.mark.parametrize(
    ("question", "first_words"),
    [
        ("Which apps were open yesterday?", "soffice.bin firefox slack thunderbird"),
        ("Which tabs did I have open yesterday?", "Orders Ferries"),
        ("Which mail program did I have open yesterday?", "thunderbird"),
        ("Which files did I have open?", "pump.rs levels.ods"),
        ("Which spreadsheet app did I use?", "soffice.bin"),
        ("Which windows did I have open on monitor 1?", "crew"),
        ("Which windows were open yesterday at 9:20?", "Orders crew"),
        ("Which windows were open yesterday at 9:23?", "Orders crew"),
        ("Which Firefox windows did I have open?", "Orders Ferries"),
        ("Which editor was I using today?", "code"),
        ("What did I have open today?", "pump.rs"),
        ("Which editor was I using yesterday?", ""),
        ("Which apps were open on Sunday?", ""),
        ("Which chat client did I use today?", ""),
        ("Which Excel windows were open?", ""),
    ],
)
def test_those_in_front_are_listed_the_newest_first(
    desk: Desk, question: str, first_words: str
) -> None:
    answer = desk.ask(question)
    assert [claim.text[1:].split()[0].rstrip("”") for claim in answer.claims] == first_words.split()
    assert all(claim.citations for claim in answer.claims)
    if not first_words:
        assert answer.state == "no_evidence"


def test_more_than_can_be_listed_are_counted(desk: Desk) -> None:
    for number in range(LISTED_MAX + 2):
        when = f"24 09:{number:02d}:00"
        desk.shoot(when, ["stays where it is"], app="firefox", title=f"Page {number} - Firefox")
    answer = desk.ask("Which tabs did I have open on Monday?")
    assert len(answer.claims) == LISTED_MAX
    assert answer.claims[0].text.startswith(f"“Page {LISTED_MAX + 1} - Firefox” was in front")
    assert any(f"{LISTED_MAX + 2} in all" in note for note in answer.notes)

"""What stands in a lane of a board is told card by card."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from kernel.query.containers import Area
from kernel.query.lanes import asks_for_a_lane, lane_meant
from kernel.query.layout import PageLayout
from kernel.query.question import analyse
from tests.kernel.query.drawn import Canvas
from tests.kernel.query.test_cards import board
from tests.kernel.query.week import Desk


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    made = Desk.open(tmp_path)
    yield made
    made.close()


def ids(question: str) -> list[str]:
    layout = PageLayout(board())
    lane = lane_meant(layout, analyse(question))
    lines = layout.page.lines
    cards = lane.cards if lane else ()
    return [lines[c.id.line].text[c.id.start : c.id.end] for c in cards]


@pytest.mark.parametrize(
    ("question", "cards"),
    [
        ("Which tickets are in doing?", ["KX-28", "KX-29"]),
        ("What is in the TODO lane?", ["KX-31", "KX-34"]),
        ("Which cards are done?", ["KX-19"]),
    ],
)
def test_the_cards_of_the_lane_that_is_named(question: str, cards: list[str]) -> None:
    assert ids(question) == cards


@pytest.mark.parametrize(
    "question",
    ["What is blocked?", "What is done about the gate?", "Which tickets are in hall B?"],
)
def test_another_lane_or_a_word_more_names_none(question: str) -> None:
    assert ids(question) == []


def test_how_many_and_who_ask_for_no_list() -> None:
    assert asks_for_a_lane(analyse("What is blocked?"))
    assert not asks_for_a_lane(analyse("How many tickets are blocked?"))
    assert not asks_for_a_lane(analyse("Who is blocked?"))
    assert not asks_for_a_lane(analyse("What is the total amount?"))
    assert not asks_for_a_lane(analyse("What is KX-31?"))


def test_every_card_is_a_claim_with_the_head_of_its_lane_cited(desk: Desk) -> None:
    desk.show("26 09:00:00", board(), app="Browser", title="Sprint 7")
    answer = desk.ask("Which tickets are in doing?")
    assert [claim.text.partition(" ")[0] for claim in answer.claims] == ["KX-28", "KX-29"]
    assert all("DOING 2" in [c.text for c in claim.citations] for claim in answer.claims)


def plain_board() -> PageLayout:
    """Lanes in boxes of their own, whose names are printed like the cards."""
    c = Canvas(width=1280, height=800)
    c.text(20, 32, "Sprint 18 board", px=20)
    areas = []
    lanes = (
        ("To do", (("KB-201 Replace banner", "Ada Moreau"), ("KB-204 Write notes", "Unassigned"))),
        ("In progress", (("KB-198 Fix export", "Henrik Solberg"),)),
        ("Done", (("KB-190 Upgrade database", "Ada Moreau"),)),
    )
    for number, (name, cards) in enumerate(lanes):
        x = 20 + 316 * number
        areas.append(Area("pane", (x, 65, x + 300, 226)))
        c.text(x + 10, 84, name)
        for at, (title, who) in enumerate(cards):
            y = 117 + 58 * at
            areas.append(Area("pane", (x + 10, y - 17, x + 290, y + 33)))
            c.block(x + 18, y, [title, who], px=13)
    return PageLayout(c.page(), tuple(areas))


@pytest.mark.parametrize(
    ("question", "cards"),
    [
        ("What is in progress?", ["KB-198"]),
        ("Which cards are in To do?", ["KB-201", "KB-204"]),
        ("What is done?", ["KB-190"]),
        ("What is blocked?", []),
        ("What is in sprint 18?", []),
    ],
)
def test_a_lanes_name_in_plain_print_opens_the_box_of_its_cards(
    question: str, cards: list[str]
) -> None:
    layout = plain_board()
    lane = lane_meant(layout, analyse(question))
    lines = layout.page.lines
    found = lane.cards if lane else ()
    assert [lines[c.id.line].text[c.id.start : c.id.end] for c in found] == cards


def test_a_lane_of_common_words_is_looked_for_by_its_name(desk: Desk) -> None:
    c = Canvas()
    c.text(20, 32, "Sprint 18 board", px=20)
    for x, name in ((40, "TO DO"), (440, "DONE")):
        c.text(x, 100, name, px=16)
    cards = ((40, "KB-201 Replace banner", "Ada Moreau"), (440, "KB-190 Upgrade", "Ada Moreau"))
    for x, title, who in cards:
        c.block(x, 150, [title, who])
    c.block(40, 260, ["KB-204 Write notes", "Unassigned"])
    desk.show("26 09:00:00", c.page(), app="Browser", title="Sprint 18")
    answer = desk.ask("Which cards are in To do?")
    assert [claim.text for claim in answer.claims] == [
        "KB-201 Replace banner \u2014 TO DO",
        "KB-204 Write notes \u2014 TO DO",
    ]

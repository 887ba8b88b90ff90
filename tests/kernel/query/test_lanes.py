"""What stands in a lane of a board is told card by card."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from kernel.query.lanes import asks_for_a_lane, lane_meant
from kernel.query.layout import PageLayout
from kernel.query.question import analyse
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

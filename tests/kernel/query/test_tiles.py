"""What the smaller line of a tile tells is asked for by its own words and the caption's."""

from __future__ import annotations

import pytest

from contracts.text import TextPage
from kernel.query.layout import PageLayout
from kernel.query.tiles import tiles_of
from tests.kernel.query.asking import best
from tests.kernel.query.drawn import Canvas


def dashboard() -> TextPage:
    c = Canvas()
    c.text(12, 18, "Ferry operations - Browser", px=13)
    tiles = (
        ("Complaints", "163", "22 open"),
        ("Mean delay", "4m 18s", "target 5m 00s"),
        ("Cancelled sailings", "37", "4 because of fog"),
        ("Passengers", "8,310", "rising"),
    )
    for number, (caption, figure, note) in enumerate(tiles):
        x = 60 + 400 * number
        c.text(x, 110, caption, px=14)
        c.text(x, 146, figure, px=30)
        c.text(x, 180, note, px=12)
    return c.page()


def test_a_tile_is_a_caption_a_figure_and_a_smaller_line_with_one() -> None:
    notes = [tile.note.text for tile in tiles_of(PageLayout(dashboard()))]
    assert notes == ["22 open", "target 5m 00s", "4 because of fog"]


@pytest.mark.parametrize(
    ("question", "told"),
    [
        ("How many complaints are open?", "22 open"),
        ("What is the target for the mean delay?", "target 5m 00s"),
        ("How many complaints are there?", "163"),
        ("How many sailings were cancelled because of fog?", "4 because of fog"),
    ],
)
def test_the_line_is_told_where_its_own_words_are_asked_for(question: str, told: str) -> None:
    answer = best(question, dashboard())
    assert answer is not None
    assert told in answer


@pytest.mark.parametrize(
    "question",
    ["What is the target for complaints?", "How many passengers are open?"],
)
def test_the_line_of_another_tile_says_nothing(question: str) -> None:
    assert best(question, dashboard()) is None


def test_of_what_is_consumed_all_that_is_told_was_used() -> None:
    c = Canvas()
    for x, caption, figure in ((60, "Energy today", "18.4 kWh"), (460, "Memory today", "8 GB")):
        c.text(x, 110, caption, px=14)
        c.text(x, 146, figure, px=30)
    assert "18.4 kWh" in (best("How much energy was used today?", c.page()) or "")
    assert best("How much memory was used today?", c.page()) is None

"""Messages, and which one was before which."""

from __future__ import annotations

import pytest

from contracts.text import TextPage
from kernel.query.layout import PageLayout
from tests.kernel.query.drawn import Canvas


def bubbles() -> TextPage:
    """Messages with their time at the end, those of others left and one's own right."""
    c = Canvas()
    c.text(400, 100, "Otto Brandt", px=13)
    c.text(400, 122, "Has anybody got a ladder? Mine is broken. 18:45")
    c.text(1300, 190, "Mine is in the shed, take it. 18:47")
    c.text(400, 260, "Thank you so much! 18:52")
    return c.page()


def thread() -> TextPage:
    """A first message, the number of its replies, and two of them."""
    c = Canvas()
    c.text(1500, 100, "Rosa Quint 09:02")
    c.text(1500, 121, "The badge readers in hall 4 beep all day.")
    c.text(1500, 160, "2 replies", px=12)
    c.text(1500, 200, "Liam Gall")
    c.text(1580, 200, "09:06", px=12)
    c.text(1500, 221, "Vendor case is 4401-7729.")
    c.text(1500, 260, "Build bot 09:15")
    c.text(1500, 281, "Firmware 3.1 is out.")
    return c.page()


def said(page: TextPage) -> list[tuple[str | None, ...]]:
    """For every message its first line, that of the one before it, and that which heads it."""
    layout = PageLayout(page)
    told = []
    for turn in layout.talk.turns:
        others = (layout.talk.before(turn), layout.talk.opener(turn))
        texts = [None if t is None else layout.pieces[t.said[0]].text for t in others]
        told.append((layout.pieces[turn.said[0]].text, *texts))
    return told


def test_bubbles_left_and_right_are_one_conversation() -> None:
    assert [text for text, *_ in said(bubbles())] == [
        "Has anybody got a ladder? Mine is broken. 18:45",
        "Mine is in the shed, take it. 18:47",
        "Thank you so much! 18:52",
    ]


def test_a_message_begins_under_its_byline_however_the_time_is_set() -> None:
    opener = "The badge readers in hall 4 beep all day."
    assert said(thread()) == [
        (opener, None, None),
        ("Vendor case is 4401-7729.", opener, opener),
        ("Firmware 3.1 is out.", "Vendor case is 4401-7729.", opener),
    ]


@pytest.mark.parametrize("line", ["The demo moved to 14:30", "Ada King took over on 1 May. 19:24"])
def test_a_sentence_that_ends_with_a_time_is_no_byline(line: str) -> None:
    c = Canvas()
    c.text(300, 100, line)
    c.text(300, 121, "And this is below it.")
    layout = PageLayout(c.page())
    assert all(turn.byline is None for turn in layout.talk.turns)

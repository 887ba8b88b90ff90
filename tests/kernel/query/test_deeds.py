"""Deeds told by their noun, who may do a thing, and where things are kept."""

from __future__ import annotations

import pytest

from contracts.text import TextPage
from kernel.query.deeds import asks_for_leave, gives_leave, is_place_like, is_told_by_its_noun
from tests.kernel.query.asking import best
from tests.kernel.query.drawn import Canvas


def office() -> TextPage:
    """A status line with the last change, a rule about who may do what, a form of a sample."""
    c = Canvas()
    c.text(12, 18, "Sample S-4410 - Registry", px=13)
    c.text(40, 100, "Sample S-4410", px=20)
    for number, (label, value) in enumerate(
        (("Storage", "Rack K-118, position D7"), ("Collected by", "Phleb. Jonas Ekwall"))
    ):
        c.right(160, 160 + 40 * number, label)
        c.text(180, 160 + 40 * number, value)
    c.text(40, 400, "Only the duty manager may declare a switchover.")
    c.text(40, 700, 'Last change: 27 February 2026 by Deepak Rao, "Answer deadline 45 minutes"')
    return c.page()


@pytest.mark.parametrize(
    ("question", "said"),
    [
        ("Who changed the answer deadline?", "Deepak Rao"),
        ("When was the answer deadline changed?", "27 February 2026"),
        ("Who is allowed to declare a switchover?", "duty manager"),
        ("Who may declare a switchover?", "duty manager"),
        ("Where is sample S-4410 stored?", "Rack K-118"),
        ("Where is sample S-4410 kept?", "Rack K-118"),
    ],
)
def test_a_deed_is_told_by_its_noun_and_leave_by_a_role(question: str, said: str) -> None:
    assert said in (best(question, office()) or "")


@pytest.mark.parametrize(
    "question",
    [
        "Who changed the payment deadline?",
        "Who deleted the answer deadline?",
        "Who declared a switchover?",
        "Who is allowed to cancel a switchover?",
        "Where was sample S-4410 collected?",
        "Where is sample S-4411 stored?",
        "Where is sample S-4410 placed in the sun?",
    ],
)
def test_another_deed_or_thing_is_not_answered(question: str) -> None:
    assert best(question, office()) is None


def test_a_noun_tells_a_deed_only_when_it_is_done_by_somebody() -> None:
    assert is_told_by_its_noun("Latest update 3 May by Ada King", "updated")
    assert not is_told_by_its_noun("Latest update 3 May", "updated")
    assert not is_told_by_its_noun("Update by Friday", "updated")


def test_who_may_is_told_by_a_role_before_the_modal() -> None:
    assert asks_for_leave("Who is authorised to sign?")
    assert not asks_for_leave("Who signed?")
    assert gives_leave("Only admins can sign.")
    assert not gives_leave("You can ask an admin.")


def test_a_place_is_no_person_time_or_amount() -> None:
    assert is_place_like("Rack K-118")
    assert not is_place_like("512 GB")
    assert not is_place_like("Ada King")
    assert not is_place_like("12 May 2026")

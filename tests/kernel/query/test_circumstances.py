"""Who, where, why: told only where a person, a place, a reason is told, and the deed named."""

from __future__ import annotations

import pytest

from contracts.text import TextPage
from kernel.query.circumstances import holds_login
from tests.kernel.query.asking import best, form, mail, stock, terminal
from tests.kernel.query.drawn import Canvas


def calendar() -> Canvas:
    c = Canvas()
    c.text(100, 100, "11:00 Eye doctor, Dr. Hahn")
    c.text(100, 200, "10:30 Fire training")
    c.text(100, 300, "09:00 Review of plans, room 4C")
    c.text(100, 400, "13:15 Coffee with Lea")
    return c


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("Where is the review of plans?", "room 4C"),
        ("With whom is the coffee?", "Lea"),
        ("When is the fire training?", "10:30"),
    ],
)
def test_what_is_told_is_found(question: str, expected: str) -> None:
    assert expected in (best(question, calendar().page()) or "")


@pytest.mark.parametrize(
    "question",
    ["Where is the eye doctor?", "Where is the fire training?", "Who leads the fire training?"],
)
def test_a_time_or_a_title_is_no_place_and_no_person(question: str) -> None:
    assert best(question, calendar().page()) is None


@pytest.mark.parametrize(
    "question",
    [
        "Who paid invoice F-3301?",
        "When was invoice F-3301 paid?",
        "Who approved invoice F-3301?",
        "Who is F-3301?",
        "Who is Orchard?",
    ],
)
def test_who_stands_near_a_thing_did_not_do_it(question: str) -> None:
    assert best(question, mail()) is None


def test_who_did_something_is_told_where_the_deed_is() -> None:
    assert "Tom Okoro" in (best("Who collected the crates?", mail()) or "")
    assert "Ines Brandt" in (best("Who sent the reminder about invoice F-3301?", mail()) or "")


def test_the_time_of_a_message_is_not_that_of_what_it_speaks_of() -> None:
    c = Canvas()
    c.block(236, 100, ["Ines Brandt", "Outing", "The outing was moved, see below"])
    c.text(735, 100, "08:14", px=12)
    assert best("When is the outing?", c.page()) is None
    assert "08:14" in (best("When did Ines Brandt write about the outing?", c.page()) or "")


def test_a_reason_is_told_of_what_is_asked_about() -> None:
    assert "disk is full" in (best("Why did the ledger give up?", terminal()) or "")
    assert best("Why did caddy give up?", terminal()) is None
    assert best("Why did valkey-main give up?", terminal()) is None


def test_a_sentence_of_what_may_be_is_no_reason() -> None:
    c = Canvas()
    c.text(100, 100, "If the parcel is missing, the depot failed to scan it.")
    assert best("Why is the parcel missing?", c.page()) is None


def test_a_label_and_a_row_name_persons() -> None:
    assert best("Who is the approver of REQ-4410?", form()) == "Approver: Tom Okoro"
    assert "Tom Okoro" in (best("Who is the keeper of AR-12?", stock()) or "")


def test_what_is_open_does_not_tell_when_it_was_opened() -> None:
    c = Canvas()
    c.text(100, 100, "The order is still open, it was due on 2 March 2025.")
    assert best("When was the order opened?", c.page()) is None
    c.text(100, 160, "The order was opened on 4 February 2025.")
    assert "4 February" in (best("When was the order opened?", c.page()) or "")


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("flag cart-v2 enabled for 25% by a.oduya", True),
        ("bao-tran requested changes at 10:27", True),
        ("paid by card", False),
        ("needs changes before Friday", False),
        ("replaced by the new pump", False),
    ],
)
def test_a_login_is_somebody_where_it_did_something(text: str, *, named: bool) -> None:
    assert holds_login(text) is named


def test_who_is_named_in_the_clause_did_it_and_not_who_wrote_the_message() -> None:
    c = Canvas()
    c.text(330, 100, "Femi Adeyemi 18:59")
    c.text(330, 121, "I bring the grill on Saturday, Dorota makes pierogi for all of us.")
    page = c.page()
    answer = best("Who brings the grill?", page)
    assert answer is not None
    assert "Femi" in answer
    told = best("Who makes pierogi?", page)
    assert told is None or "Femi" not in told


def test_a_byline_is_no_place_and_a_folder_is_one() -> None:
    c = Canvas()
    c.text(330, 100, "The driver of truck 7 was Piotr Nowak.")
    c.text(330, 121, "Anouk Verbeek 09:26")
    c.text(330, 160, "The photos of truck 7 are in the folder Claims/2026-03.")
    page = c.page()
    assert best("Where is Piotr Nowak?", page) is None
    answer = best("Where are the photos of truck 7?", page)
    assert answer is not None
    assert "Claims" in answer


def test_a_path_is_a_place_though_it_holds_words_of_the_question() -> None:
    c = Canvas()
    c.text(40, 100, "The key of the refund hook is stored in kv/payments/refund-hook and rotated.")
    c.text(40, 140, "The key of the return hook is stored with care and rotated.")
    assert "kv/" in (best("Where is the key of the refund hook stored?", c.page()) or "")
    assert best("Where is the key of the return hook stored?", c.page()) is None


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        ("What is the password of mill-4?", None),
        ("What is the office of mill-4?", "annex"),
    ],
)
def test_where_a_thing_is_kept_does_not_tell_what_it_is(question: str, answer: str | None) -> None:
    canvas = Canvas()
    canvas.text(40, 100, "The password is in the vault under mill-4.")
    canvas.text(40, 400, "The office of mill-4 is in the annex behind gate 2.")
    said = best(question, canvas.page())
    assert (said is None) if answer is None else (answer in (said or ""))


def whereabouts() -> TextPage:
    """A letter's head, an order, a calendar and a plan."""
    c = Canvas()
    c.text(12, 18, "Desk - Notes", px=13)
    c.text(100, 100, "Cc: Bjorn Aas")
    c.text(100, 160, "Placed on 18 November 2026 by Yara Haddad")
    c.text(100, 220, "10:00 - 11:30 Interview with Daniel Kowalczyk (Room Lagoon)")
    c.text(100, 280, "Ines will check the figures by Thursday.")
    c.text(100, 340, "Tom Okoro sits in room 4C.")
    c.text(100, 400, "The boiler will be repaired on Monday.")
    return c.page()


@pytest.mark.parametrize(
    "question",
    [
        "Where is Bjorn?",
        "Where is Yara Haddad?",
        "Who interviews Daniel Kowalczyk?",
        "Who will repair the boiler?",
    ],
)
def test_a_letters_head_a_date_and_a_room_name_neither_place_nor_person(question: str) -> None:
    assert best(question, whereabouts()) is None


@pytest.mark.parametrize(
    ("question", "told"),
    [
        ("Who will check the figures?", "Ines"),
        ("Where is Tom?", "4C"),
        ("Where is the interview with Daniel Kowalczyk?", "Lagoon"),
    ],
)
def test_who_will_do_a_thing_and_where_somebody_is_are_told(question: str, told: str) -> None:
    assert told in (best(question, whereabouts()) or "")

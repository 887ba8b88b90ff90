"""What a question is taken for: type of answer, window, place, and the order of readings."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.answer import Answer, Citation, Claim, Coverage, Provenance
from contracts.base import Box
from contracts.text import TextLine, TextPage
from kernel.query.plan import Plan, make_plan
from kernel.query.question import analyse
from kernel.query.refusing import is_missed, is_vague
from kernel.query.rereading import judged, shows
from kernel.query.scope import Scope
from tests.kernel.query.week import BERLIN, NOW, at, us

PLACES = (("Terminal", "deploy@web-03"), ("Slack", "Team chat - #storage"), ("Mail", None))


def plan(text: str, places: Sequence[tuple[str | None, str | None]] = PLACES) -> Plan:
    return make_plan(text, Scope(), now_us=us(NOW), zone=BERLIN, places=places)


@pytest.mark.parametrize(
    ("text", "answer_type", "subject"),
    [
        ("What is the wifi code?", "value", ""),
        ("nginx PANIC", "find", ""),
        ("When did I first see the release notes?", "when", "release notes"),
        ("When was the last time I saw Oscar?", "when", "Oscar"),
        ("When was the invoice last visible?", "when", "invoice"),
        ('When did the line "disk full" appear?', "when", '"disk full"'),
        ("How long was the build log on the screen?", "when", "build log"),
        ("What changed in the terminal yesterday?", "changed", ""),
        ("What was added to the board today?", "changed", "to the board"),
        ("How many times did I see the warning?", "count", "warning"),
        ("How many lines with ERROR were there yesterday?", "count", "ERROR"),
        ("Summarize yesterday morning", "summary", ""),
        ("What was I working on between 9 and 10?", "summary", ""),
        ("When was the payment due?", "value", ""),
        ("How long does a reconnect take?", "value", ""),
        ("How long did the outage last?", "value", ""),
        ("How long has the mill host been up?", "value", ""),
        ("How many bills are open?", "value", ""),
        ("How long was the code editor open?", "when", "code editor"),
        ("When was VLC open?", "when", "VLC"),
        ("How many restarts does redis have?", "value", ""),
        ("When does sprint 41 end?", "value", ""),
        ("What is the last change of the invoice?", "value", ""),
    ],
)
def test_a_question_has_a_type_and_a_subject(text: str, answer_type: str, subject: str) -> None:
    reading = plan(text).readings[-1]
    assert (reading.asked.answer_type, reading.asked.subject) == (answer_type, subject)


@pytest.mark.parametrize(
    ("text", "readings"),
    [
        ("What was the total yesterday?", ["window"]),
        ("What did I see at 9:30?", ["window"]),
        ("errors this morning", ["window"]),
        ("What is on 31 October?", ["words"]),
        ("Which PR should be reviewed today?", ["words"]),
        ("What was on 31 October?", ["words", "window"]),
        ("What did the mail say on Monday?", ["words", "window"]),
        ("What is the total?", ["all"]),
        ('Who wrote "see you yesterday"?', ["all"]),
    ],
)
def test_a_time_is_a_window_or_words_on_the_screen(text: str, readings: list[str]) -> None:
    made = [
        "words" if reading.literal else "all" if reading.window is None else "window"
        for reading in plan(text).readings
    ]
    assert made == readings


@pytest.mark.parametrize(
    ("text", "places"),
    [
        ("What did the error say in the terminal yesterday?", ("terminal",)),
        ("What changed in the chat?", ("chat",)),
        ("What did the mail show yesterday?", ("mail",)),
        ("What is the total in the cart?", ()),
        ("What was on the screen yesterday?", ()),
    ],
)
def test_only_what_names_a_window_is_a_place(text: str, places: tuple[str, ...]) -> None:
    assert plan(text).readings[-1].scope.places == places
    assert plan(text, ()).readings[-1].scope.places == ()


def test_time_and_place_leave_the_words_that_are_looked_for() -> None:
    reading = plan("What did the error say in the terminal yesterday before lunch?").readings[0]
    assert [term.text for term in reading.question.terms] == ["error"]
    assert (reading.scope.from_us, reading.scope.to_us) == (at("25 00:00:00"), at("25 12:00:00"))
    assert any("2025-11-25 00:00 to 12:00" in note for note in reading.notes)


@pytest.mark.parametrize(
    ("text", "near", "left"),
    [
        ("What is the level in the newest reading?", None, "What is the level?"),
        ("What is the level according to the latest screenshot?", None, "What is the level?"),
        ("What was the level in the oldest capture?", (0, 1), "What was the level?"),
        ("What is the latest version?", None, "What is the latest version?"),
    ],
)
def test_which_capture_is_to_answer_is_no_word_that_it_must_show(
    text: str, near: tuple[int, int] | None, left: str
) -> None:
    reading = plan(text).readings[-1]
    assert reading.scope.near == near
    assert reading.question.terms == analyse(left).terms


def test_the_minute_that_is_named_is_looked_at_before_those_around_it() -> None:
    very, around = plan("What was the level yesterday at 9:05?").readings
    assert (very.scope.from_us, very.scope.to_us) == (at("25 09:05:00"), at("25 09:06:00"))
    assert (around.scope.from_us, around.scope.to_us) == (at("25 09:00:00"), at("25 09:10:00"))
    assert around.scope.away_us(at("25 09:05:59")) == 0
    assert around.scope.away_us(at("25 09:04:00")) == 60_000_000
    assert around.scope.away_us(at("25 09:07:00")) > around.scope.away_us(at("25 09:04:30"))


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("What was the level yesterday at 9:05, before I changed it?", "What was the level?"),
        ("What was the level after the pump went down, yesterday at 9:05?", "What was the level?"),
        ("What was the level after the discount yesterday at 9:05?", ""),
        ("What was the level before I changed it?", ""),
        ("When is the retro supposed to take place?", "When is the retro?"),
        ("What is Ada supposed to bring?", "What is Ada bring?"),
    ],
)
def test_what_only_says_why_that_minute_is_no_word_to_be_met(text: str, left: str) -> None:
    reading = plan(text).readings[0]
    words = [term.text for term in reading.question.terms]
    assert (words == [term.text for term in analyse(left).terms]) == bool(left)


def test_a_scope_that_was_given_holds_beside_the_question() -> None:
    given_scope = Scope(from_us=at("25 08:00:00"), to_us=at("25 09:00:00"), app="Mail")
    made = make_plan("errors yesterday", given_scope, now_us=us(NOW), zone=BERLIN)
    scope = made.readings[0].scope
    assert (scope.from_us, scope.to_us, scope.app) == (
        given_scope.from_us,
        given_scope.to_us,
        "Mail",
    )
    assert scope.within(at("25 10:00:00"), at("25 11:00:00")).to_us >= at("25 10:00:00")
    assert "application Mail" in scope.describe(BERLIN)


@given(text=st.text(max_size=80))
def test_any_text_has_a_reading(text: str) -> None:
    assert plan(text).readings


def test_a_vague_noun_and_a_missed_number() -> None:
    question = analyse("What is the status of order 4711?")
    assert is_vague(question.terms[0])
    number = next(term for term in question.terms if term.text == "4711")
    assert is_missed(number, 0)
    assert not is_missed(number, 1000)


# --- pixels read again --------------------------------------------------------------------------

BOX: Box = (0, 0, 10, 10)
DIGEST = "0" * 64


def citation(text: str) -> Citation:
    return Citation(
        event_id="ev-" + "0" * 32,
        captured_at="2025-11-25T09:00:00+01:00",
        captured_at_us=1,
        source_path=None,
        monitor=0,
        app=None,
        window_title=None,
        box=BOX,
        text=text,
        text_start=0,
        text_end=len(text),
        blob=DIGEST,
        extractor="reader",
        extractor_version="1.0.0",
    )


def read(*lines: str) -> TextPage:
    return TextPage(
        blob=DIGEST,
        width_px=10,
        height_px=10,
        engine="reader",
        engine_version="1",
        lines=tuple(
            TextLine(text=line, box=BOX, confidence_permille=900, words=()) for line in lines
        ),
    )


@pytest.mark.parametrize(
    ("cited", "lines", "stands"),
    [
        ("Oskar Lindqvist", ["Assigned to Oskar Lindqvist"], True),
        ("Oskar Lindqvist", ["0skar Llndqvist"], True),
        ("Network Operations Tier 2", ["Network Operatlons Tler 2"], True),
        ("The payment was due on Friday", ["The payrnent was duc on Friday"], True),
        ("4,318.60", ["4,318.60 EUR"], True),
        ("4,318.60", ["4,378.60 EUR"], False),
        ("INV-20871 overdue by 14 days", ["INV-20877 overdue by 14 days"], False),
        ("Oskar Lindqvist", ["Helen Okafor"], False),
        ("P2", ["P3"], False),
        ("Oskar Lindqvist", [], False),
    ],
)
def test_a_crop_shows_what_is_cited_or_not(cited: str, lines: list[str], *, stands: bool) -> None:
    assert shows(citation(cited), read(*lines)) is stands


def test_claims_that_fall_are_dropped_and_told() -> None:
    good, bad = citation("Oskar Lindqvist"), citation("Helen Okafor")
    answer = Answer(
        question="q",
        state="ok",
        answer="x",
        claims=(Claim(text="a", citations=(good,)), Claim(text="b", citations=(bad,))),
        coverage=Coverage(events=1, processed=1),
        provenance=Provenance(
            method="m", contracts_lock=DIGEST, plugins_lock=DIGEST, extractors=(), claims_dropped=0
        ),
    )
    page = read("Oskar Lindqvist")
    half = judged(answer, {good: page, bad: page})
    assert (half.state, half.answer, half.provenance.claims_dropped) == ("partial", "a", 1)
    assert "1 claim fell" in half.notes[-1]
    whole = judged(msgspec.structs.replace(answer, claims=answer.claims[:1]), {good: page})
    assert (whole.state, len(whole.claims)) == ("ok", 1)
    none = judged(answer, {good: None, bad: None})
    assert (none.state, none.claims) == ("no_evidence", ())

"""Places in a question: windows by name, programs, kinds of program, monitors."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from kernel.query.places import are_programs, find_monitor, find_place, names_a_place
from kernel.query.scope import Scope
from tests.kernel.query.week import Desk

WINDOWS = [("Thunderbird", "Inbox (27)"), ("Alacritty", "deploy@web-03"), ("Code", "session.py")]


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    made = Desk.open(tmp_path)
    yield made
    made.close()


@pytest.mark.parametrize(
    ("text", "parts", "left"),
    [
        ("invoice in Thunderbird", ("Thunderbird",), "invoice"),
        ("the bucket in the inbox", ("inbox",), "the bucket"),
        ("what did the error say in the terminal?", ("Alacritty",), "what did the error say?"),
        ("what is open in the editor?", ("Code",), "what is open?"),
    ],
)
def test_a_place_is_a_window_a_program_or_a_kind_of_program(
    text: str, parts: tuple[str, ...], left: str
) -> None:
    place = find_place(text, WINDOWS)
    assert place is not None
    assert (place.parts, place.left) == (parts, left)


@pytest.mark.parametrize("text", ["sales in Berlin", "invoice INV-20871", "in Code-named things"])
def test_a_name_of_no_program_is_a_word_of_the_question(text: str) -> None:
    assert find_place(text, WINDOWS) is None
    assert not names_a_place("invoice INV-20871")


@pytest.mark.parametrize(
    ("text", "monitor", "left"),
    [
        ("what did I see on monitor 1 today?", 1, "what did I see today?"),
        ("sprint on the second monitor", 1, "sprint"),
        ("What was on monitor 1 today?", 1, "What was on the screen today?"),
        ("What did the second monitor show?", 1, "What did I see?"),
        ("Which error did my second screen show?", 1, "Which error did I see?"),
        ("What was the error on monitor 1?", 1, "What was the error?"),
        ("sprint on monitor 0 today", 0, "sprint today"),
        ("what was on display #2?", 2, "what was on the screen?"),
    ],
)
def test_a_monitor_is_named_by_its_number_or_its_place(text: str, monitor: int, left: str) -> None:
    found = find_monitor(text)
    assert found is not None
    assert (found.monitor, found.left) == (monitor, left)


def test_what_was_on_one_monitor_is_not_said_of_another(desk: Desk) -> None:
    desk.shoot("26 09:00:00", ["sprint 42 board"], monitor=1)
    desk.shoot("26 09:00:05", ["sprint 42 board", "the retro moved to Friday noon"], monitor=1)
    desk.shoot("26 09:00:10", ["release notes draft"], monitor=0)
    assert [c.text for c in desk.ask("sprint on monitor 1 today").claims] == ["sprint 42 board"]
    assert [c.text for c in desk.ask("sprint on the second monitor").claims] == ["sprint 42 board"]
    silent = desk.ask("sprint on monitor 0 today")
    assert silent.state == "no_evidence"
    assert any("monitor 0" in note for note in silent.notes)
    assert any("2025-11-26 00:00" in note for note in silent.notes)
    told = desk.ask("what did I see on monitor 1 today?")
    assert {citation.monitor for claim in told.claims for citation in claim.citations} == {1}
    both = desk.ask("sprint on monitor 0 today", scope=Scope(monitor=1))
    assert any("--monitor 1 counts" in note for note in both.notes)


def test_a_program_named_without_an_article_is_a_filter(desk: Desk) -> None:
    desk.shoot("25 09:00:00", ["invoice 4711 is due"], app="Thunderbird")
    desk.shoot("25 09:00:10", ["invoice 4712 is due"], app="Firefox")
    answer = desk.ask("invoice in Thunderbird yesterday")
    assert [claim.text for claim in answer.claims] == ["invoice 4711 is due"]


HEADLINE = "what did the error say in the terminal yesterday before lunch?"


def test_a_window_whose_captures_are_not_read_yet_is_a_place_all_the_same(desk: Desk) -> None:
    desk.shoot("25 09:00:00", ["error: the printer is on fire"], app="Firefox")
    desk.shoot("25 09:00:10", ["error: connection refused"], app="gnome-terminal", read=False)
    answer = desk.ask(HEADLINE)
    assert answer.state == "no_evidence"
    assert (answer.coverage.processed, answer.coverage.events) == (0, 1)
    assert any("“terminal”: a window of that name" in note for note in answer.notes)


def test_what_is_asked_of_a_program_that_was_never_seen_has_no_answer(desk: Desk) -> None:
    desk.shoot("25 09:00:00", ["error: the printer is on fire"], app="Firefox")
    answer = desk.ask(HEADLINE)
    assert answer.state == "no_evidence"
    assert any("no capture names a window like “terminal”" in note for note in answer.notes)


def test_where_all_windows_are_looked_at_instead_it_is_said(desk: Desk) -> None:
    desk.shoot("25 09:00:00", ["plumber 0171 5550 822"], app="Firefox")
    answer = desk.ask('"plumber" in my notes yesterday')
    assert [claim.text for claim in answer.claims] == ["plumber 0171 5550 822"]
    assert any("“notes”: all windows were looked at" in note for note in answer.notes)


@pytest.mark.parametrize("read", [True, False])
def test_a_noun_means_no_window_of_another_day(desk: Desk, *, read: bool) -> None:
    desk.shoot("24 09:00:00", ["good morning, crew"], app="Chat", title="Crew", read=read)
    desk.shoot("25 09:00:00", ["the ferry leaves at seven"], app="Firefox", title="Crew room")
    answer = desk.ask('"ferry leaves" in the chat yesterday')
    assert [claim.text for claim in answer.claims] == ["the ferry leaves at seven"]
    assert any("“chat”: all windows were looked at" in note for note in answer.notes)
    assert not any("window of that name" in note for note in answer.notes)


@pytest.mark.parametrize(
    "question", ["What changed in the chat yesterday?", "What did I read in the chat yesterday?"]
)
def test_other_windows_do_not_answer_where_only_the_place_is_asked_about(
    desk: Desk, question: str
) -> None:
    desk.shoot("24 09:00:00", ["good morning, crew"], app="Chat", title="Crew")
    desk.shoot("25 09:00:00", ["the ferry leaves at seven"], app="Firefox", title="Ferries")
    desk.shoot("25 09:00:10", ["the ferry leaves at eight"], app="Firefox", title="Ferries")
    answer = desk.ask(question)
    assert answer.state == "no_evidence"
    assert "(in windows named chat)" in answer.answer


@pytest.mark.parametrize("app", ["Firefox", None])
@pytest.mark.parametrize(
    "question",
    [
        "What changed in the chat?",
        "What changed in the chat yesterday between 08:00 and 10:00?",
        "What was new in my notes yesterday?",
        "Summarize the chat",
        "What did I read in the sheet?",
    ],
)
def test_where_no_capture_names_the_place_that_alone_is_asked_about_nothing_answers(
    desk: Desk, question: str, app: str | None
) -> None:
    desk.shoot("25 09:00:00", ["the ferry leaves at seven"], app=app)
    desk.shoot("25 09:00:10", ["the ferry leaves at eight"], app=app)
    answer = desk.ask(question)
    assert answer.state == "no_evidence"


def test_a_program_called_by_its_name_is_meant_whenever_it_was_there(desk: Desk) -> None:
    desk.shoot("24 09:00:00", ["invoice 4711 is due"], app="Thunderbird")
    desk.shoot("25 09:00:00", ["invoice 4712 is due, see Thunderbird"], app="Firefox")
    answer = desk.ask("invoice in Thunderbird yesterday")
    assert answer.state == "no_evidence"
    assert "(in windows named Thunderbird)" in answer.answer
    assert are_programs(("Thunderbird",), "invoice in Thunderbird yesterday")
    assert not are_programs(("chat",), "what was said in the chat yesterday?")
    assert not are_programs((), "invoice in Thunderbird yesterday")


@pytest.mark.parametrize(
    ("question", "scope", "said"),
    [
        ("invoice yesterday", Scope(app="Slack"), "(application Slack)"),
        ("invoice yesterday", Scope(title="Draft"), "(window Draft)"),
        ("invoice on monitor 3 yesterday", Scope(), "(monitor 3)"),
        ("invoice on 17 November", Scope(), "nothing was captured in 2025-11-17"),
    ],
)
def test_nothing_captured_is_said_of_what_was_asked_for(
    desk: Desk, question: str, scope: Scope, said: str
) -> None:
    desk.shoot("25 09:00:00", ["invoice 4711 is due"], app="Firefox", title="Inbox")
    answer = desk.ask(question, scope=scope)
    assert answer.state == "no_evidence"
    assert said in answer.answer

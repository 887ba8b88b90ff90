"""What changed, how many, what a time was about; filters, time limits, coverage, scripts."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from kernel.config.errors import KernelError
from kernel.query.answering import Limits
from kernel.query.changes import tell_changes
from kernel.query.counting import count
from kernel.query.covering import cover, unread
from kernel.query.deadline import Deadline, OutOfTime
from kernel.query.scope import Scope
from kernel.query.searching import SearchLimits, distinct, search
from kernel.query.sources import Outcome
from kernel.query.summary import summarize
from kernel.query.timeline import StoredTimeline
from kernel.query.wording import length_text, quoted, seen_times_text, span_text
from tests.kernel.query.week import BERLIN, Desk, at


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    made = Desk.open(tmp_path)
    yield made
    made.close()


# --- what changed -------------------------------------------------------------------------------


def test_lines_that_came_went_and_became_others_are_told_in_order(desk: Desk) -> None:
    desk.shoot("25 09:00:00", ["build started", "phase one", "10:00:00"])
    desk.shoot("25 09:00:10", ["build started", "phase two", "10:00:10"])
    desk.shoot("25 09:00:20", ["build started", "phase three", "10:00:20", "artefact written"])
    desk.shoot("25 09:00:30", ["", "phase three", "10:00:30", "artefact written"])
    answer = desk.ask("What changed yesterday between 9:00 and 9:01?")
    assert answer.answer_type == "changed"
    said = [claim.text for claim in answer.claims]
    assert any("changed in 2 steps: “phase one” to “phase three”" in text for text in said)
    assert any("appeared: “artefact written”" in text for text in said)
    assert any("vanished: “build started”" in text for text in said)
    assert sum("10:00:" in text.split("“", 1)[1] for text in said) == 1
    assert [claim.first_us for claim in answer.claims] == sorted(
        claim.first_us or 0 for claim in answer.claims
    )


def test_a_vanished_line_is_cited_before_and_after_it_went(desk: Desk) -> None:
    last = desk.shoot("25 09:00:00", ["the pump is running", "second line of the panel"])
    gone = desk.shoot("25 09:00:10", ["", "second line of the panel"])
    answer = desk.ask("What vanished yesterday between 9:00 and 9:01?")
    (claim,) = answer.claims
    assert [c.event_id for c in claim.citations] == [last.event_id, gone.event_id]
    assert claim.citations[0].text == "the pump is running"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("def add(first, second):", "def add(first, second): |"),
        ("the harbour of Trieste lies open", "the harb0ur of Trieste Iies open"),
        ("a long line about the harbour of Trieste", "a long line about the harbaur of Trieste"),
        ("|", "l"),
    ],
)
def test_a_caret_and_a_misread_letter_are_no_change(desk: Desk, before: str, after: str) -> None:
    desk.shoot("25 09:00:00", [before, "second line of the panel"])
    desk.shoot("25 09:00:10", [after, "second line of the panel"])
    assert desk.ask("What changed yesterday between 9:00 and 9:01?").claims == ()


def test_a_new_word_and_another_figure_are_changes(desk: Desk) -> None:
    desk.shoot("25 09:00:00", ["4 pumps of the harbour plant run", "the valve of the plant"])
    desk.shoot(
        "25 09:00:10", ["5 pumps of the harbour plant run", "the valve of the plant is open"]
    )
    said = desk.ask("What changed yesterday between 9:00 and 9:01?").answer
    assert "“4 pumps" in said
    assert "is open”" in said


def test_many_changes_are_shown_from_the_whole_time(desk: Desk) -> None:
    for second in range(50):
        lines = [
            f"note {letter * 9} of the log" for letter in map(chr, range(97, 98 + second // 2))
        ]
        desk.shoot(f"25 09:00:{second:02}", lines[-20:])
    request = desk.ask(
        "What appeared yesterday between 9:00 and 9:01?", limits=Limits(claims_max=1)
    )
    seconds = [(claim.first_us or 0) // 1_000_000 % 60 for claim in request.claims]
    assert len(seconds) == 6
    assert min(seconds) < 12
    assert max(seconds) > 38


def test_a_line_that_came_back_or_moved_is_no_change(desk: Desk) -> None:
    desk.shoot("25 09:00:00", ["release notes", "second line"])
    desk.shoot("25 09:00:10", ["another window entirely"])
    desk.shoot("25 09:00:20", ["release notes", "second line"])
    desk.shoot("25 09:00:30", ["", "release notes", "second line"])
    answer = desk.ask("What vanished yesterday between 9:00 and 9:01?")
    assert [claim.text for claim in answer.claims if "release notes" in claim.text] == []


@pytest.mark.parametrize(
    ("question", "kinds"),
    [
        ("What appeared yesterday between 9:00 and 9:01?", {"appeared"}),
        ("What disappeared yesterday between 9:00 and 9:01?", {"vanished"}),
        ("What changed yesterday between 9:00 and 9:01?", {"appeared", "vanished"}),
        ("What changed today?", set()),
    ],
)
def test_only_what_is_asked_for_is_told(desk: Desk, question: str, kinds: set[str]) -> None:
    desk.shoot("25 09:00:00", ["left of the old", "", "stays where it is"])
    desk.shoot("25 09:00:10", ["", "right of the new", "stays where it is"])
    answer = desk.ask(question)
    found = {kind for kind in ("appeared", "vanished") for c in answer.claims if kind in c.text}
    assert found == kinds


def test_the_state_before_is_that_of_the_frame_before_the_window_when_it_is_near(
    desk: Desk,
) -> None:
    desk.shoot("25 08:59:50", ["waiting for approval"])
    desk.shoot("25 09:00:10", ["approved by Mira Koch"])
    reading = desk.reading("What changed yesterday between 9:00 and 9:01?")
    outcome = tell_changes(reading, desk.sources())
    assert any("waiting for approval" in claim.text for claim in outcome.claims)
    assert not any("taken for the state before" in note for note in outcome.notes)


# --- how many -----------------------------------------------------------------------------------


def test_lines_are_counted_once_and_each_is_cited(desk: Desk) -> None:
    desk.shoot("25 09:00:00", ["ERROR one lost", "INFO fine", "ERROR two lost"])
    desk.shoot("25 09:00:10", ["ERROR one lost", "ERROR three lost"])
    answer = desk.ask("How many lines with ERROR were in the terminal yesterday?")
    (claim,) = answer.claims
    assert (answer.answer_type, claim.amount) == ("count", 3)
    assert len(claim.citations) == 3


def test_times_on_screen_are_counted(desk: Desk) -> None:
    for number, lines in enumerate((["call Oscar"], ["call Oscar"], ["lunch"], ["call Oscar"])):
        desk.shoot(f"25 09:00:{number}0", lines)
    answer = desk.ask("How many times did I see Oscar?")
    assert [claim.amount for claim in answer.claims] == [2]
    outcome = count(desk.reading("How many times did I see Oscar today?"), desk.sources())
    assert outcome.claims == []


# --- summaries ----------------------------------------------------------------------------------


def test_a_summary_has_the_telling_lines_of_every_window_and_no_chrome(desk: Desk) -> None:
    bar = "File Edit View Insert Format"
    desk.shoot("25 09:00:00", [bar, "Quarterly forecast for Lisbon office"], app="Sheets")
    desk.shoot("25 09:05:00", [bar, "Meeting with Dr. Wójcik about turbines"], app="Mail")
    desk.shoot("25 09:10:00", [bar, "Draft of the licence agree"], app="Writer")
    desk.shoot("25 09:10:10", [bar, "Draft of the licence agreement for Brenner"], app="Writer")
    answer = desk.ask("What was I doing yesterday morning?")
    said = [claim.text for claim in answer.claims]
    assert answer.answer_type == "summary"
    assert said == [
        "Quarterly forecast for Lisbon office",
        "Meeting with Dr. Wójcik about turbines",
        "Draft of the licence agreement for Brenner",
    ]
    assert any("Sheets" in note for note in answer.notes)
    empty = summarize(desk.reading("Summarize last week"), desk.sources())
    assert empty.claims == []


# --- filters ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("scope", "found"),
    [
        (Scope(), {"one", "two", "three"}),
        (Scope(app="term"), {"one"}),
        (Scope(title="inbox"), {"two"}),
        (Scope(monitor=1), {"three"}),
        (Scope(app="term", monitor=1), set()),
        (Scope(from_us=at("25 10:00:00")), {"two", "three"}),
        (Scope(to_us=at("25 10:00:00")), {"one"}),
        (Scope(places=("inbox", "term")), {"one", "two"}),
    ],
)
def test_filters_leave_out_other_windows_monitors_and_times(
    desk: Desk, scope: Scope, found: set[str]
) -> None:
    desk.shoot("25 09:00:00", ["budget one"], app="Terminal")
    desk.shoot("25 10:00:00", ["budget two"], app="Mail", title="Inbox (3)")
    desk.shoot("25 11:00:00", ["budget three"], app="Sheets", monitor=1)
    answer = desk.ask("budget", scope=scope)
    assert {claim.text.split()[1] for claim in answer.claims} == found
    assert answer.coverage.events == sum(scope.admits(event) for event in desk.events)
    timeline = StoredTimeline(desk.derived.intervals)
    assert {line.text.split()[1] for line in timeline.during(scope, limit_rows=9)} == found


def test_a_place_in_the_question_is_a_filter_only_when_a_window_has_that_name(desk: Desk) -> None:
    desk.shoot("25 09:00:00", ["total 12 EUR"], app="Terminal")
    desk.shoot("25 10:00:00", ["total 13 EUR"], app="Mail")
    texts = [claim.text for claim in desk.ask("total in the terminal yesterday").claims]
    assert texts == ["total 12 EUR"]


# --- limits -------------------------------------------------------------------------------------


def test_what_was_found_before_the_time_was_over_is_shown_as_partial(desk: Desk) -> None:
    for number in range(6):
        desk.shoot(f"25 09:00:0{number}", [f"Total amount: {number}1.50 EUR"])
    clock = iter(range(1000))
    limits = Limits(time_limit_s=9, now_s=lambda: float(next(clock)))
    answer = desk.ask("What is the total amount?", limits=limits)
    assert answer.state == "partial"
    assert any("time limit of 9 s" in note for note in answer.notes)
    with pytest.raises(KernelError) as caught:
        desk.ask("What is the total amount?", limits=Limits(time_limit_s=-1.0))
    assert caught.value.code == "query-timeout"


def test_a_deadline_is_over_when_its_time_is() -> None:
    now = [0.0]
    deadline = Deadline(5.0, lambda: now[0])
    deadline.check()
    now[0] = 5.1
    with pytest.raises(OutOfTime):
        deadline.check()


def test_a_search_that_runs_out_of_time_says_so(desk: Desk) -> None:
    desk.shoot("25 09:00:00", ["Total amount: 1.50 EUR"])
    question = desk.reading("What is the total amount?").question
    deadline = Deadline(-1.0, lambda: 0.0)
    result = search(desk.evidence, desk.derived, question, Scope(), SearchLimits(), deadline)
    assert (result.found, result.cut) == ([], True)
    whole = search(
        desk.evidence, desk.derived, question, Scope(), SearchLimits(), Deadline(9.0, lambda: 0.0)
    )
    assert len(distinct(whole.found)) >= 1


# --- coverage -----------------------------------------------------------------------------------


def test_coverage_is_that_of_the_asked_window(desk: Desk) -> None:
    desk.shoot("25 09:00:00", ["read yesterday"])
    first = desk.shoot("26 09:00:00", ["not read yet"], read=False)
    second = desk.shoot("26 09:00:10", ["nor is this"], read=False)
    answer = desk.ask("What is the wifi code I saw today?")
    assert answer.state == "no_evidence"
    assert (answer.coverage.processed, answer.coverage.events) == (0, 2)
    assert "0 of 2 captures have been read, 0 %" in answer.answer
    assert desk.ask("read yesterday").state == "ok"
    today = Scope(from_us=at("26 00:00:00"))
    assert cover(desk.evidence, desk.derived, today).events == 2
    assert unread(desk.evidence, desk.derived, today, limit=9) == [second.blob, first.blob]


def test_a_window_without_any_capture_is_said_to_be_empty(desk: Desk) -> None:
    desk.shoot("25 09:00:00", ["read yesterday"])
    assert "nothing was captured in 2025-11-17" in desk.ask("invoices last week").answer


# --- scripts and misreadings --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("line", "query"),
    [
        ("会議は午後三時から第二会議室", "会議"),
        ("会議は午後三時から第二会議室", "三時"),
        ("会議は午後三時から第二会議室", "第二会議室"),
        ("季度报告已提交给王经理", "报告"),
        ("季度报告已提交给王经理", "王"),
        ("プリンタのトナーを交換", "トナー"),
        ("서버 점검은 금요일", "점검"),
        ("Ref INV-20871 open", "lNV-2O871"),
        ("Modern kernel panic", "Modem"),
        ("Night Train Variations", "NightTrain"),
        ("Gebühr überfällig", "gebuhr"),
    ],
)
def test_words_are_found_in_other_scripts_and_as_engines_misread_them(
    desk: Desk, line: str, query: str
) -> None:
    desk.shoot("25 09:00:00", [line, "something else"])
    answer = desk.ask(query)
    assert [claim.text for claim in answer.claims] == [line]


@pytest.mark.parametrize(
    ("line", "query"),
    [
        ("会議は午後三時から", "議会"),
        ("季度报告已提交", "告报"),
        ("total 4,318.60", "318.60"),
        ('pattern "i" is converted', "LIS"),
    ],
)
def test_characters_in_another_order_or_parts_of_numbers_are_not_found(
    desk: Desk, line: str, query: str
) -> None:
    desk.shoot("25 09:00:00", [line])
    assert desk.ask(query).claims == ()


# --- wording ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "one frame"),
        (0.5, "less than a second"),
        (59, "59 s"),
        (100, "1 min 40 s"),
        (3600, "1 h"),
        (90_061, "1 d 1 h"),
    ],
)
def test_a_length_of_time_is_said_in_its_two_largest_units(seconds: float, text: str) -> None:
    assert length_text(int(seconds * 1_000_000)) == text


@pytest.mark.parametrize(
    ("seen_s", "unseen_s", "times", "text"),
    [
        (0, 0, 1, "one frame"),
        (0, 0, 2, "one frame each, 2 times"),
        (70, 0, 1, "1 min 10 s"),
        (70, 0, 2, "1 min 10 s in all, 2 times"),
    ],
)
def test_how_long_is_said_with_how_often(seen_s: int, unseen_s: int, times: int, text: str) -> None:
    assert seen_times_text(seen_s * 1_000_000, unseen_s * 1_000_000, times) == text


def test_a_span_names_the_second_day_only_when_it_is_another() -> None:
    first = at("25 09:00:00")
    assert span_text(first, first, BERLIN) == "at 2025-11-25 09:00:00"
    assert span_text(first, at("25 10:00:00"), BERLIN) == "from 2025-11-25 09:00:00 to 10:00:00"
    assert span_text(first, at("26 10:00:00"), BERLIN).endswith("to 2025-11-26 10:00:00")
    assert len(quoted("x" * 500)) < 200


def test_a_claim_that_does_not_verify_is_counted_and_left_out(desk: Desk) -> None:
    import msgspec

    desk.shoot("25 09:00:00", ["budget one"])
    (claim,) = desk.ask("budget").claims
    forged = msgspec.structs.replace(
        claim,
        citations=(msgspec.structs.replace(claim.citations[0], first_us=5),),
    )
    outcome = Outcome()
    assert outcome.add(claim, desk.sources())
    assert not outcome.add(forged, desk.sources())
    assert (len(outcome.claims), outcome.dropped) == (1, 1)
    assert list(outcome.extractors()) == ["ocr_rapidocr 1.0.0"]

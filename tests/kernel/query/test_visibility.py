"""When lines were on screen: exact to the frame, cited on their first and last frame."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path

import pytest

from contracts.answer import Answer
from kernel.query.citing import verify_claim
from kernel.query.question import analyse
from kernel.query.scope import Scope
from kernel.query.sightings import clipped, find_sightings, frame_after, frame_before, stretches_of
from kernel.query.visibility import find_lines, says_state, tell_when
from kernel.query.words import parts_holding
from tests.kernel.query.week import Desk, at

ERROR = "ERROR backup failed: disk full"


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    """An error that is there twice yesterday, and once today under another name."""
    made = Desk.open(tmp_path)
    made.shoot("25 09:00:00", ["$ make backup", "copying files"])
    made.shoot("25 09:00:10", ["$ make backup", "copying files", ERROR])
    made.shoot("25 09:00:20", ["$ make backup", "copying files", ERROR])
    made.shoot("25 09:00:30", ["$ make test", "all passed"])
    made.shoot("25 09:00:40", ["$ make test", ERROR])
    made.shoot("25 09:00:50", ["$ ls", "notes.txt"])
    made.shoot("26 10:00:00", ["$ ls", "WARN disk at 91 %"])
    yield made
    made.close()


def edges(answer: Answer) -> list[tuple[int | None, int | None]]:
    return [(claim.first_us, claim.last_us) for claim in answer.claims]


def test_a_line_is_found_with_its_first_and_last_frame(desk: Desk) -> None:
    answer = desk.ask("disk full")
    assert answer.answer_type == "find"
    assert edges(answer) == [(at("25 09:00:10"), at("25 09:00:40"))]
    (claim,) = answer.claims
    assert claim.text == ERROR
    assert claim.amount == 2
    assert claim.visible_us == 10_000_000
    cited = {citation.event_id for citation in claim.citations}
    assert cited == {desk.events[1].event_id, desk.events[4].event_id}
    assert verify_claim(claim, desk.evidence, desk.derived) is None


@pytest.mark.parametrize(
    ("question", "first", "last"),
    [
        ("When did I first see the backup error?", "25 09:00:10", "25 09:00:20"),
        ("When did I last see the backup error?", "25 09:00:40", "25 09:00:40"),
        ("When did the warning appear?", "26 10:00:00", "26 10:00:00"),
    ],
)
def test_first_and_last_are_told_to_the_frame(
    desk: Desk, question: str, first: str, last: str
) -> None:
    answer = desk.ask(question)
    assert answer.answer_type == "when"
    assert edges(answer) == [(at(first), at(last))]


def test_every_stretch_is_a_claim_and_says_from_when_to_when(desk: Desk) -> None:
    answer = desk.ask("When was the backup error on the screen?")
    assert edges(answer) == [
        (at("25 09:00:10"), at("25 09:00:20")),
        (at("25 09:00:40"), at("25 09:00:40")),
    ]
    assert "from 2025-11-25 09:00:10 to 09:00:20 (10 s)" in answer.answer


def test_the_frame_around_is_named_when_a_line_appeared_or_vanished(desk: Desk) -> None:
    appeared = desk.ask("When did I first see the backup error?").answer
    vanished = desk.ask("When did I last see the backup error?").answer
    assert "the frame before, at 2025-11-25 09:00:00, does not show it" in appeared
    assert "gone from the frame at 2025-11-25 09:00:50" in vanished


def test_what_was_not_read_does_not_count_as_not_showing_it(desk: Desk) -> None:
    desk.shoot("26 10:00:10", ["nobody has read this"], read=False)
    assert "has not been read" in desk.ask("When did I last see WARN?").answer


def test_how_long_adds_the_stretches(desk: Desk) -> None:
    (claim,) = desk.ask("How long was the backup error visible?").claims
    assert claim.visible_us == 10_000_000
    assert "10 s in all, 2 times" in claim.text


@pytest.mark.parametrize(
    ("question", "found"),
    [
        ("disk full yesterday between 9:00 and 9:01", True),
        ("disk full yesterday before 9:00:10", False),
        ("disk full yesterday after 9:00:41", False),
        ("disk full today", False),
        ("disk today", True),
        ("When did I see disk full today?", False),
        ("How long was disk full visible last week?", False),
    ],
)
def test_only_what_lies_in_the_window_is_told(desk: Desk, question: str, *, found: bool) -> None:
    answer = desk.ask(question)
    assert bool(answer.claims) is found
    assert answer.from_us is not None
    for claim in answer.claims:
        for citation in claim.citations:
            assert answer.to_us is not None
            assert answer.from_us <= citation.captured_at_us < answer.to_us


def test_a_window_that_cuts_a_line_cites_frames_inside_it(desk: Desk) -> None:
    scope = Scope(from_us=at("25 09:00:15"), to_us=at("25 09:00:35"))
    answer = desk.ask("disk full", scope=scope)
    assert edges(answer) == [(at("25 09:00:20"), at("25 09:00:20"))]
    (sighting,) = find_sightings(desk.sources().timeline, desk.reading("disk full").question, scope)
    first, first_us, last, last_us = clipped(sighting.line, scope, desk.evidence)
    assert (first, last) == (desk.events[2].event_id, desk.events[2].event_id)
    assert first_us == last_us == at("25 09:00:20")


def test_a_long_pause_between_two_frames_ends_a_stretch(tmp_path: Path) -> None:
    desk = Desk.open(tmp_path)
    for when in ("25 17:59:50", "25 18:00:00", "26 09:00:00", "26 09:00:10"):
        desk.shoot(when, ["status: nominal"])
    answer = desk.ask("When was nominal on the screen?")
    assert edges(answer) == [
        (at("25 17:59:50"), at("25 18:00:00")),
        (at("26 09:00:00"), at("26 09:00:10")),
    ]
    desk.close()


def test_neighbouring_frames_are_those_of_the_same_monitor(desk: Desk) -> None:
    desk.shoot("26 10:00:05", ["another screen"], monitor=1)
    stream = ("test", 0)
    before = frame_before(desk.evidence, stream, at("26 10:00:00"))
    assert before is not None
    assert before.event_id == desk.events[5].event_id
    assert frame_after(desk.evidence, stream, at("26 10:00:00")) is None


def test_newest_first_and_best_first_are_two_orders(desk: Desk) -> None:
    best = [claim.text for claim in desk.ask("disk").claims]
    newest = [claim.text for claim in desk.ask("disk", order="newest").claims]
    assert newest == ["WARN disk at 91 %", ERROR]
    assert set(best) == set(newest)


def test_more_lines_than_wanted_are_told_of(desk: Desk) -> None:
    sources = desk.sources(claims_max=1)
    outcome = find_lines(desk.reading("disk"), sources)
    assert len(outcome.claims) == 1
    assert any("2 different lines" in note for note in outcome.notes)


def test_nothing_seen_is_nothing_told(desk: Desk) -> None:
    outcome = tell_when(desk.reading("When did I see unicorns?"), desk.sources())
    assert outcome.claims == []


def test_stretches_are_in_order_and_do_not_overlap(desk: Desk) -> None:
    sightings = find_sightings(desk.sources().timeline, desk.reading("disk").question, Scope())
    stretches = stretches_of(sightings, Scope(), desk.evidence)
    assert all(a.last_us < b.first_us for a, b in itertools.pairwise(stretches))


@pytest.mark.parametrize(
    ("asked", "span"),
    [
        ("connecti", "connecti"),
        ('"connecti"', "connecti"),
        ("onnection", "onnection"),
        ("E_DB_UNREACH", "E_DB_UNREACH"),
        ("unreachab", "UNREACHAB"),
        ("OV-208", None),
        ("INV-2087", None),
        ("INV-20872", None),
        ("0871", None),
        ("conn", "conn"),
        ("con", None),
        ("erefusedz", None),
    ],
)
def test_one_word_is_found_within_a_longer_one_and_no_figure_is_continued(
    desk: Desk, asked: str, span: str | None
) -> None:
    desk.shoot("25 09:00:00", ["error: connection refused E_DB_UNREACHABLE", "INV-20871 is open"])
    answer = desk.ask(asked)
    if span is None:
        assert answer.state == "no_evidence"
        return
    (claim,) = answer.claims
    cited = claim.citations[0]
    assert cited.text[cited.text_start : cited.text_end] == span
    assert any("part of a longer word" in note for note in answer.notes)


def test_a_word_that_stands_by_itself_is_not_looked_for_within_others(desk: Desk) -> None:
    desk.shoot("25 09:00:00", ["parking is free", "the park is closed"])
    answer = desk.ask("park")
    assert all("part of a longer word" not in note for note in answer.notes)


@pytest.mark.parametrize(
    ("term", "text", "parts"),
    [
        ("hom", "the chorn homes", ["horn", "hom"]),
        ("GX-7", "GX-70 and XGX-7", ["GX-7"]),
        ("318.60", "4,318.60", []),
        ("lool", "21001", []),
        ("n ref", "connection refused", ["n ref"]),
    ],
)
def test_parts_of_words_are_given_by_their_place_in_the_line(
    term: str, text: str, parts: list[str]
) -> None:
    assert [text[s.start : s.end] for s in parts_holding(term, text)] == parts


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("node-07 unhealthy, rolled back", True),
        ("host node-07 is now unhealthy", True),
        ("node-07 node-08 unhealthy", False),
        ("unhealthy hosts: node-07", False),
        ("node-07 was up when the whole of it went unhealthy", False),
    ],
)
def test_what_a_thing_became_is_said_of_it_and_of_no_other(text: str, *, says: bool) -> None:
    assert says_state(text, analyse("node-07 unhealthy")) is says


def test_when_it_became_so_is_when_it_was_first_seen_so(tmp_path: Path) -> None:
    desk = Desk.open(tmp_path)
    desk.shoot("25 09:00:00", ["pump-4 starting", "pump-5 idle"])
    desk.shoot("25 09:00:10", ["pump-4 idle", "pump-5 idle"])
    (claim,) = desk.ask("When did pump-4 become idle on the screen?").claims
    assert claim.first_us == at("25 09:00:10")
    assert desk.ask("When did pump-6 become idle on the screen?").claims == ()
    desk.close()


@pytest.mark.parametrize(
    ("question", "said"),
    [
        ("Until when was the orders page open?", "was last seen in front at 2025-11-25 09:00:10"),
        ("Since when was the orders page open?", "was first seen in front at 2025-11-25 09:00:00"),
        ("When did the orders page disappear?", "was last seen in front at 2025-11-25 09:00:10"),
    ],
)
def test_a_page_is_its_window_not_a_line_that_speaks_of_it(
    tmp_path: Path, question: str, said: str
) -> None:
    desk = Desk.open(tmp_path)
    desk.shoot("25 09:00:00", ["pump 4"], title="Orders - Firefox")
    desk.shoot("25 09:00:10", ["pump 5"], title="Orders - Firefox")
    desk.shoot("25 09:00:20", ["the orders page is down"], title="Chat")
    (claim,) = desk.ask(question).claims
    assert said in claim.text
    desk.close()


@pytest.mark.parametrize(
    ("question", "seen"),
    [
        ("When did I first see Klarna?", True),
        ("When did I first see the pump?", False),
        ("When did I first see Shipments?", False),
    ],
)
def test_a_name_is_met_wherever_it_stands_and_a_noun_is_not(
    tmp_path: Path, question: str, *, seen: bool
) -> None:
    desk = Desk.open(tmp_path)
    desk.shoot(
        "25 09:00:00",
        ["Payments by Klarna are switched off for all shipments with a pump until Monday morning"],
    )
    answer = desk.ask(question)
    assert [c.first_us for c in answer.claims] == ([at("25 09:00:00")] if seen else [])
    desk.close()

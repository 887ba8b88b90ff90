"""What stands beside each other as equals is no label with its value."""

from __future__ import annotations

import pytest

from contracts.text import TextPage
from kernel.query.layout import PageLayout
from kernel.query.nearness import LEVEL_OWN, LEVEL_PAGE, level_of
from kernel.query.peers import are_peers, in_log_row
from kernel.query.question import analyse
from kernel.query.ranking import find_hits, rank
from tests.kernel.query.drawn import Canvas
from tests.kernel.query.memory import text_page


def log() -> TextPage:
    c = Canvas()
    rows = [
        ["09:01:12", "INFO", "scheduler", "tick 4 done"],
        ["09:01:15", "WARN", "storage", "slow write"],
        ["09:01:19", "INFO", "storage", "flush ok"],
        ["09:02:00", "ERROR", "network", "peer lost"],
    ]
    c.rows([100, 260, 380, 560], 200, 26, rows)
    return c.page()


def one_row_table() -> TextPage:
    c = Canvas()
    rows = [["Name", "Owner", "State", "Region"], ["billing", "Kim Park", "running", "Porto"]]
    c.rows([100, 300, 500, 760], 200, 34, rows)
    return c.page()


def rows_without_a_head() -> TextPage:
    c = Canvas()
    rows = [
        ["alpha", "nova", "Kim", "up"],
        ["beta", "orion", "Lee", "down"],
        ["gamma", "vega", "Sam", "up"],
    ]
    c.rows([100, 300, 500, 760], 200, 34, rows)
    return c.page()


def said(page: TextPage, question: str) -> list[str]:
    return [scored.candidate.text for scored in rank(PageLayout(page), analyse(question))]


@pytest.mark.parametrize(
    ("question", "glued"),
    [
        ("What is the Standup?", "Flight"),
        ("What is the Sprint planning?", "Dentist"),
        ("What is the Roadmap sync?", "Board prep"),
        ("What is MON?", "TUE"),
    ],
)
def test_entries_and_days_of_a_calendar_are_not_glued(question: str, glued: str) -> None:
    assert not any(glued in text for text in said(text_page("08_calendar"), question))


@pytest.mark.parametrize(
    "question",
    ["What is INFO?", "What is the scheduler's state?", "What is the state of the storage?"],
)
def test_levels_and_components_of_a_log_are_no_labels(question: str) -> None:
    glued = [text for text in said(log(), question) if ": " in text or "\u2014" in text]
    assert glued == []


def test_the_message_of_a_component_in_a_log_is_still_told() -> None:
    assert "network: peer lost" in said(log(), "What is the network?")


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("Who is the owner of billing?", "Kim Park"),
        ("What is the state of billing?", "running"),
        ("What is the region of billing?", "Porto"),
        ("What is the state?", "running"),
        ("Who is the owner?", "Kim Park"),
    ],
)
def test_a_table_of_one_row_is_read_down_not_across(question: str, expected: str) -> None:
    best = said(one_row_table(), question)[0]
    assert expected in best
    assert not any(f"{head}: {other}" in best for head, other in (("Owner", "State"),))


@pytest.mark.parametrize(
    "question", ["What is the state of gamma?", "What is the host of beta?", "What is the owner?"]
)
def test_the_first_row_of_data_is_no_head(question: str) -> None:
    assert said(rows_without_a_head(), question) == []


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("09:15 Standup", "08:30 Flight"),
        ("MON", "TUE"),
        ("Friday", "SAT"),
        ("INFO", "storage"),
        ("Owner", "State"),
        ("SR-211", "SR-183"),
    ],
)
def test_peers_are_told_by_their_words(first: str, second: str) -> None:
    assert are_peers(first, second)
    assert are_peers(second, first) or first == "INFO"


@pytest.mark.parametrize(
    ("first", "second"),
    [("Owner", "Kim Park"), ("State", "In Progress"), ("Opened", "09:15"), ("Day", "Monday")],
)
def test_a_label_and_its_value_are_no_peers(first: str, second: str) -> None:
    assert not are_peers(first, second)


def test_a_row_that_begins_with_a_time_is_a_row_of_a_log() -> None:
    layout = PageLayout(log())
    pieces = {piece.text: piece for piece in layout.pieces}
    assert in_log_row(layout, pieces["scheduler"])
    assert not in_log_row(layout, pieces["09:01:12"])
    table = PageLayout(one_row_table())
    assert not any(in_log_row(table, piece) for piece in table.pieces)


def test_the_nearest_occurrence_counts_and_far_ones_count_little() -> None:
    layout = PageLayout(log())
    question = analyse("network peer")
    hits = find_hits(layout, question)
    candidates = rank(layout, question)
    assert candidates
    own = level_of(layout, hits.by_term[0], candidates[0].candidate)
    assert LEVEL_PAGE < own <= LEVEL_OWN
    assert level_of(layout, (), candidates[0].candidate) == 0


def test_tabs_with_counts_and_outcomes_are_peers() -> None:
    assert are_peers("Checks 6", "Files changed 9")
    assert are_peers("failed", "passed")
    assert not are_peers("Milestone", "Sprint 41")
    assert not are_peers("Deploy", "failed")

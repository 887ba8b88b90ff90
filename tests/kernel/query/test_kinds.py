"""A value is told only where it is of the kind that is asked for, beside what it is of."""

from __future__ import annotations

import pytest

from contracts.text import TextPage
from kernel.query.kinds import asked_kind
from kernel.query.question import analyse
from tests.kernel.query.asking import best, form, mail, stock, terminal
from tests.kernel.query.drawn import Canvas


@pytest.mark.parametrize(
    ("question", "kind"),
    [
        ("What is the amount of invoice F-3301?", "amount"),
        ("What is the phone number of Ines?", "phone"),
        ("What is the port number of caddy?", "port"),
        ("How much does the crate cost?", "money"),
        ("How old is valkey?", "age"),
        ("What is the budget review about?", None),
        ("Which email mentions the crates?", None),
        ("What is the colour of the pipe?", "colour"),
    ],
)
def test_the_noun_or_the_how_of_a_question_names_the_kind(question: str, kind: str | None) -> None:
    assert asked_kind(analyse(question)) == kind


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("What is the sum of invoice F-3301?", "912.40"),
        ("What is the size of spare-parts.pdf?", "310 KB"),
    ],
)
def test_a_value_of_the_kind_is_told(question: str, expected: str) -> None:
    assert expected in (best(question, mail()) or "")


def test_a_length_of_time_is_no_amount() -> None:
    c = Canvas()
    c.text(100, 100, "Invoice F-3301 amount late by 9 days")
    assert best("What is the amount of invoice F-3301?", c.page()) is None


def test_a_version_stands_right_behind_what_it_is_the_version_of() -> None:
    assert best("What is the version of uvloop?", terminal()) == "uvloop 0.19.2"
    c = Canvas()
    c.text(100, 100, "The uvloop loop has been replaced, see the notes of 0.19.2 below")
    assert best("What is the version of uvloop?", c.page()) is None


def test_a_number_counts_what_stands_beside_it() -> None:
    c = Canvas()
    c.text(100, 100, "Status: on the way, 4 stops before you.")
    c.text(100, 300, "312 of 320 crates are packed")
    assert "4 stops" in (best("How many stops are before me?", c.page()) or "")
    assert "312" in (best("How many crates are packed?", c.page()) or "")
    assert best("How many letters are packed?", c.page()) is None


def test_a_number_beside_a_name_is_no_count_of_something_unsaid() -> None:
    c = Canvas()
    c.text(100, 100, "ledger.py")
    c.text(190, 100, "7")
    c.text(100, 300, "BACKLOG 3")
    assert best("How many lines does ledger.py have?", c.page()) is None
    assert "3" in (best("How many tickets are in the backlog?", c.page()) or "")


@pytest.mark.parametrize(
    "question",
    [
        "What is the email address of Tom Okoro?",
        "How old is Ines Brandt?",
        "How heavy is the copper pipe?",
        "What is the temperature of mill-2?",
        "How much does the copper pipe cost?",
    ],
)
def test_nothing_of_another_kind_is_told(question: str) -> None:
    assert best(question, mail(), stock(), terminal(), form()) is None


def log_in_columns() -> TextPage:
    """A log with its time, service and message in columns, lines right under each other."""
    c = Canvas()
    rows = [
        ["2025-03-04 06:02:49", "[label-hub]", "spooler stopped: no space left on /var/labels now"],
        [
            "2025-03-04 06:02:55",
            "[label-hub]",
            "queue handed over to node lbl-07, 412 labels pending",
        ],
        ["2025-03-04 06:03:01", "[yard]", "heartbeat of 101 tags seen in 54 ms by the receiver"],
        [
            "2025-03-04 06:03:04",
            "[export]",
            "rejected transfer TRF-9 as reference number is missing",
        ],
    ]
    c.rows([200, 400, 520], 120, 17, rows, px=11)
    return c.page()


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("How many labels are pending on node lbl-07?", "412 labels pending"),
        ("Why did the label-hub spooler stop?", "no space left"),
        ("Why was transfer TRF-9 rejected?", "reference number is missing"),
    ],
)
def test_a_line_of_a_log_tells_of_itself_whatever_its_columns(question: str, expected: str) -> None:
    answer = best(question, log_in_columns())
    assert answer is not None
    assert expected in answer
    assert "heartbeat" not in answer


@pytest.mark.parametrize(
    "question",
    [
        "How many nodes are pending?",
        "How many labels are pending on node lbl-08?",
        "How many tags are pending?",
        "Why did the yard receiver stop?",
    ],
)
def test_a_line_of_a_log_tells_nothing_of_the_next_one(question: str) -> None:
    assert best(question, log_in_columns()) is None


def test_how_many_did_tells_not_which_one_did() -> None:
    c = Canvas()
    c.text(40, 100, "Checks: 5 passed, 1 failed", px=16)
    rows = [["unit-tests", "passed", "3m 51s"], ["contract-tests", "failed", "6m 08s"]]
    c.rows([40, 240, 400], 140, 26, rows)
    assert best("Which check failed?", c.page()) == "contract-tests \u2014 failed"
    assert best("How many checks failed?", c.page()) == "Checks: 5 passed, 1 failed"


def pytest_output() -> TextPage:
    """A test run in a terminal: what failed, and how many."""
    c = Canvas()
    for at, line in enumerate(
        [
            "deploy@kiln03:~$ pytest -q",
            "FAILED tests/test_hive.py::test_weight - AssertionError: 41.7 != 42.0",
            "FAILED tests/test_api.py::test_login - TimeoutError: no answer in 5 s",
            "2 failed, 118 passed, 3 skipped in 47.31s",
            "deploy@kiln03:~$ ls",
            "notes.txt  tests",
        ]
    ):
        c.text(20, 60 + 24 * at, line)
    return c.page()


@pytest.mark.parametrize(
    "question",
    ["How many tests failed?", "How many tests passed?", "How many tests were skipped?"],
)
def test_the_number_of_what_came_out_stands_beside_the_word(question: str) -> None:
    assert best(question, pytest_output()) == "2 failed, 118 passed, 3 skipped in 47.31s"


@pytest.mark.parametrize(
    "question", ["How many invoices passed?", "How many orders failed?", "How many pods failed?"]
)
def test_a_tally_is_of_what_is_named_around_it(question: str) -> None:
    assert best(question, pytest_output()) is None


def test_a_head_says_what_was_done_to_the_things_of_its_table() -> None:
    c = Canvas()
    rows = [
        ["Plan", "New", "Active", "Cancelled"],
        ["Maple", "120", "2,400", "44"],
        ["Birch", "81", "1,950", "37"],
    ]
    c.rows([100, 300, 500, 700], 120, 30, rows)
    assert "44" in (best("How many customers cancelled the Maple plan?", c.page()) or "")

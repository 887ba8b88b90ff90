"""Rows that are so, or are not, are told one by one; nothing where no table tells it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from contracts.text import TextPage
from kernel.query.layout import PageLayout
from kernel.query.listing import asks_for_a_list, rows_meant
from kernel.query.question import analyse
from tests.kernel.query.drawn import Canvas
from tests.kernel.query.memory import text_page
from tests.kernel.query.week import Desk

COLUMNS = [60, 260, 460, 660]
ROWS = [
    ["Host", "Zone", "State", "Backup"],
    ["web-01", "ams", "running", "yes"],
    ["web-02", "fra", "stopped", "never"],
    ["db-01", "ams", "running", "no"],
    ["db-02", "fra", "draining", "yes"],
]


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    made = Desk.open(tmp_path)
    yield made
    made.close()


def hosts() -> TextPage:
    canvas = Canvas()
    canvas.rows(COLUMNS, 120, 30, ROWS)
    return canvas.page()


def named(page: TextPage, question: str) -> list[str] | None:
    meant = rows_meant(PageLayout(page), analyse(question))
    return None if meant is None else [piece.text for piece in meant.names]


@pytest.mark.parametrize(
    ("question", "names"),
    [
        ("Which hosts are running?", ["web-01", "db-01"]),
        ("Which host is not running?", ["web-02", "db-02"]),
        ("Which hosts aren't in fra?", ["web-01", "db-01"]),
        ("Which host has never been backed up?", ["web-02", "db-01"]),
        ("Which hosts have been backed up?", ["web-01", "db-02"]),
    ],
)
def test_the_rows_of_which_it_holds_are_named(question: str, names: list[str]) -> None:
    assert named(hosts(), question) == names


@pytest.mark.parametrize(
    "question",
    [
        "Which hosts are paused?",
        "Which host is not paused?",
        "Which invoices are running?",
        "Which invoice is not running?",
        "Which host was never painted?",
    ],
)
def test_no_row_is_named_where_no_table_tells_of_it(question: str) -> None:
    assert not named(hosts(), question)


def test_the_pod_that_is_not_running_is_the_one_whose_status_differs() -> None:
    page = text_page("05_terminal")
    assert named(page, "Which pod is not running?") == ["billing-api-6d4b75cb6d-x9k2m"]


def test_one_value_of_one_row_is_no_list() -> None:
    assert asks_for_a_list(analyse("Which pods are running?"))
    assert asks_for_a_list(analyse("Which pod is not running?"))
    assert not asks_for_a_list(analyse("Which pod is running?"))
    assert not asks_for_a_list(analyse("How many pods are running?"))
    assert not asks_for_a_list(analyse("Which pods are there?"))


def test_every_row_is_a_claim_with_its_name_and_its_cell_cited(desk: Desk) -> None:
    desk.show("26 09:00:00", hosts(), app="Sheet", title="Hosts")
    answer = desk.ask("Which hosts are not running?")
    assert [claim.text for claim in answer.claims] == [
        "web-02 \u2014 State: stopped",
        "db-02 \u2014 State: draining",
    ]
    assert [[c.text for c in claim.citations] for claim in answer.claims] == [
        ["web-02", "stopped"],
        ["db-02", "draining"],
    ]
    assert desk.ask("Which hosts are not paused?").state == "no_evidence"

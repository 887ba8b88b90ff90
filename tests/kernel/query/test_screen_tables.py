"""Cells and rows of tables as a stored screen state has them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from contracts import canonical
from contracts.base import Box, ElementId
from contracts.derivation import DerivationKey
from contracts.screen import Element, Role, ScreenState
from contracts.text import TextPage
from kernel.query.containers import Area
from kernel.query.layout import PageLayout
from kernel.query.question import analyse
from kernel.query.ranking import rank
from kernel.query.screen_tables import part_of, table_under, tables_of
from kernel.store.frames import NOWHERE
from tests.kernel.query.drawn import Canvas
from tests.kernel.query.memory import TIMING
from tests.kernel.query.week import Desk

XS = (100, 380, 520, 700)
ROWS = (
    ("NAME", "READY", "STATUS", "AGE"),
    ("billing-api", "0/1", "CrashLoop", "3d"),
    ("billing-worker", "1/1", "Running", "5d"),
    ("redis-master", "1/1", "Running", "41d"),
)


def page() -> TextPage:
    c = Canvas()
    c.text(100, 170, "$ kubectl get pods")
    c.rows(list(XS), 200, 26, [list(row) for row in ROWS])
    return c.page()


def element(number: int, role: Role, box: Box, **values: object) -> Element:
    identity: ElementId = f"el-{number:016x}"
    return Element(
        element_id=identity,
        role=role,
        role_standing="derived",
        box=box,
        **values,  # type: ignore[arg-type]
    )


def state(event_id: str = "ev-" + "0" * 32, *, blob: str = "0" * 64) -> ScreenState:
    """A table element with its cells, where the page has them."""
    lines = {line.text: line.box for line in page().lines}
    table = element(1, "table", (100, 190, 800, 290))
    cells = []
    for row, texts in enumerate(ROWS):
        for column, text in enumerate(texts):
            x, y = XS[column], 190 + 26 * row
            box = lines[text] if text not in ("1/1", "Running") else (x, y, x + 60, y + 20)
            cells.append(
                element(
                    10 + 10 * row + column,
                    "cell",
                    box,
                    parent=table.element_id,
                    text=text,
                    text_standing="observed",
                    row=row,
                    column=column,
                )
            )
    return ScreenState(
        event_id=event_id,
        blob=blob,
        monitor=0,
        width_px=1920,
        height_px=1080,
        elements=(table, *cells),
        extractor="screen_state",
        extractor_version="1.0.0",
    )


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    made = Desk.open(tmp_path)
    event = made.show("25 09:00:00", page())
    key = DerivationKey(
        input_digest=event.blob,
        stage="state",
        plugin_id="screen_state",
        plugin_version="1.0.0",
        config_digest="0" * 64,
    )
    record = canonical.encode(state(event.event_id, blob=event.blob))
    made.derived.commit_record(key, event.event_id, record, TIMING)
    (stream,) = made.derived.active_streams()
    (frame,) = made.derived.frames_following(stream, NOWHERE, limit=2)
    made.derived.settle_frame("state", frame, key)
    yield made
    made.close()


def test_a_table_has_heads_and_rows() -> None:
    (table,) = tables_of(state())
    assert (table.head, table.rows) == (0, [1, 2, 3])
    assert table.first_cell(2).text == "billing-worker"


def test_every_cell_is_found_on_the_page_in_its_own_row() -> None:
    drawn = page()
    (table,) = tables_of(state())
    for (row, _), cell in table.cells.items():
        part = part_of(drawn, cell)
        assert part is not None
        line = drawn.lines[part.line]
        assert line.text[part.start : part.end] == cell.text
        assert abs(line.box[1] - (190 + 26 * row)) < 13


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("What is the status of billing-worker?", "Running"),
        ("What is the age of redis-master?", "41d"),
        ("What is the status of billing-api?", "CrashLoop"),
    ],
)
def test_a_row_and_a_head_meet_in_a_cell(question: str, expected: str) -> None:
    best = rank(PageLayout(page()), analyse(question), tables_of(state()))[0]
    assert best.candidate.value == expected


def test_rows_under_a_caption_are_counted_and_each_is_cited(desk: Desk) -> None:
    (claim,) = desk.ask("How many pods were shown in the terminal yesterday?").claims
    assert claim.amount == 3
    assert [c.text[c.text_start : c.text_end] for c in claim.citations] == [
        "billing-api",
        "billing-worker",
        "redis-master",
    ]


def test_rows_are_named_by_the_column_whose_head_was_asked_for() -> None:
    (table,) = tables_of(state())
    head = table.cells[0, 2].box
    assert [cell.text for cell in table.named_cells(head)] == ["CrashLoop", "Running", "Running"]
    del table.cells[2, 2]
    assert [cell.text for cell in table.named_cells(head)] == ["CrashLoop", "Running"]
    above = (100, 160, 300, 180)
    assert [cell.text for cell in table.named_cells(above)] == [row[0] for row in ROWS[1:]]


def test_lines_with_a_word_are_no_rows_of_a_table(desk: Desk) -> None:
    (claim,) = desk.ask("How many lines with redis-master were there yesterday?").claims
    assert claim.amount == 1


def test_what_stands_elsewhere_is_no_caption() -> None:
    tables = tables_of(state())
    assert table_under(tables, (100, 160, 300, 180)) is tables[0]
    assert table_under(tables, (100, 60, 300, 80)) is None
    assert table_under(tables, (1200, 160, 1400, 180)) is None


def test_no_cell_stands_under_the_head_of_a_table_that_has_ended() -> None:
    c = Canvas()
    rows = [["Item", "Qty", "Unit price"], ["Tent", "1", "249.00"], ["Mat", "2", "39.50"]]
    c.rows([30, 134, 195], 112, 30, rows)
    c.rows([30, 195], 212, 30, [["Subtotal", "288.50"], ["Shipping", "6.90"]])
    layout = PageLayout(c.page(), (Area("table", (20, 98, 315, 190)),))
    (best, *_) = rank(layout, analyse("How much is the shipping?"))
    assert best.candidate.text == "Shipping: 6.90"
    (best, *_) = rank(layout, analyse("What is the unit price of the mat?"))
    assert best.candidate.value == "39.50"

"""The cell that a question asks for, where every word of it is said by row and heads."""

from __future__ import annotations

import pytest

from contracts.screen import Element
from contracts.text import TextPage
from kernel.query.layout import PageLayout
from kernel.query.question import analyse
from kernel.query.ranking import rank
from kernel.query.screen_tables import ScreenTable
from tests.kernel.query.asking import best
from tests.kernel.query.drawn import Canvas


def fleet() -> TextPage:
    c = Canvas()
    c.text(12, 18, "Fleet of the northern depot - Sheets", px=13)
    c.rows(
        [100, 220, 400, 600, 720, 900, 1080],
        120,
        30,
        [
            ["Vehicle", "Plate", "Driver", "Load kg", "From", "To", "Site lead"],
            ["V-31", "NX 48 210", "Ines Brandt", "2,300", "Husum", "Ghent", "Ola Berg"],
            ["V-32", "NX 48 211", "Tom Okoro", "1,150", "Venlo", "Lyon", "Mia Roth"],
            ["V-40", "PT 03 977", "Lea Novak", "980", "Basel", "Porto", "Ola Berg"],
        ],
    )
    return c.page()


@pytest.mark.parametrize(
    ("question", "told"),
    [
        ("What is the plate of the vehicle driven by Tom Okoro?", "NX 48 211"),
        ("Which vehicle is driven by Lea Novak?", "V-40"),
        ("Who drives V-31?", "Ines Brandt"),
        ("Who drives the vehicle with plate NX 48 211?", "Tom Okoro"),
        ("What is the load of V-40?", "980"),
        ("Where does V-32 go?", "Lyon"),
        ("Who is in charge of V-32?", "Mia Roth"),
    ],
)
def test_row_and_head_are_told_by_other_words_than_their_own(question: str, told: str) -> None:
    answer = best(question, fleet())
    assert answer is not None
    assert told in answer


@pytest.mark.parametrize(
    "question",
    [
        "What is the plate of the vehicle driven by Tom Novak?",
        "Who drives NX 48 212?",
        "Who washed V-31?",
        "What is the colour of the vehicle driven by Tom Okoro?",
        "What is the load of V-40 per week?",
        "Who is in charge of V-33?",
        "Who is in charge of NX 48 211?",
    ],
)
def test_a_word_that_nothing_says_leaves_it_unanswered(question: str) -> None:
    assert best(question, fleet()) is None


def test_the_noun_after_which_is_a_head_and_its_verb_says_who_does_it() -> None:
    c = Canvas()
    jobs = [["JOB", "NAME", "USER"], ["771215", "photo", "lucia"], ["771220", "dedup", "orla"]]
    c.rows([100, 240, 400], 120, 30, jobs)
    assert "lucia" in (best("Which user runs job 771215?", c.page()) or "")
    assert "orla" in (best("Who started job 771220?", c.page()) or "")
    assert best("Which user runs job 771251?", c.page()) is None
    assert best("Who approved job 771220?", c.page()) is None


def test_of_two_readings_of_a_row_the_finer_one_is_told() -> None:
    c = Canvas()
    rows = [
        ["Contractor", "Trade", "Since", "Open jobs", "SLA met Manager"],
        ["Oxley Gas", "Boilers", "2019", "7", "99.1% Priya Roth"],
        ["Hale Lifts", "Lifts", "2021", "12", "94.0% Tom Okoro"],
    ]
    c.rows([100, 400, 600, 700, 900], 120, 30, rows)
    page = c.page()
    cells = {}
    for row, texts in enumerate(rows):
        last = texts[-1].split(maxsplit=1) if row else ["SLA met", "Manager"]
        for column, text in enumerate([*texts[:-1], *last]):
            line = next(one for one in page.lines if text in one.text)
            words = [w for w in line.words if w.text in text.split()]
            cells[row, column] = Element(
                element_id=f"el-{10 * row + column:016x}",
                role="cell",
                role_standing="derived",
                box=(words[0].box[0], line.box[1], words[-1].box[2], line.box[3]),
                text=text,
                text_standing="observed",
                row=row,
                column=column,
            )
    table = ScreenTable(box=(90, 100, 1200, 200), cells=cells, head=0)
    question = analyse("Who is responsible for Oxley Gas?")
    (first, *_) = rank(PageLayout(page), question, [table])
    assert first.candidate.value == "Priya Roth"


def balances() -> TextPage:
    """What there is of each kind of leave, over requests of the same kinds."""
    c = Canvas()
    c.rows(
        [60, 300, 420, 540],
        100,
        32,
        [
            ["Leave balance", "Entitled", "Taken", "Remaining"],
            ["Annual leave", "28.0", "6.5", "18.5"],
            ["Study leave", "5.0", "1.0", "4.0"],
            ["Shared disk", "50 GB", "30 GB", "20 GB"],
        ],
    )
    c.rows(
        [60, 300, 420, 540],
        400,
        32,
        [
            ["Request", "Type", "From", "Status"],
            ["LR-7731", "Annual leave", "30 March", "Approved"],
            ["LR-7744", "Annual leave", "13 July", "Pending"],
        ],
    )
    return c.page()


@pytest.mark.parametrize(
    ("question", "value"),
    [
        ("How many days of annual leave are left?", "18.5"),
        ("How many days of annual leave are remaining?", "18.5"),
        ("How many days of annual leave are still available?", "18.5"),
        ("How many days of study leave are left?", "4.0"),
        ("How many days of annual leave have been taken?", "6.5"),
    ],
)
def test_what_is_left_stands_under_a_head_that_says_so(question: str, value: str) -> None:
    assert (best(question, balances()) or "").endswith(f": {value}")


@pytest.mark.parametrize(
    "question",
    [
        "How many days of sick leave are left?",
        "How many days of the shared disk are left?",
        "How many hours of annual leave are left?",
        "How many requests of annual leave are left?",
    ],
)
def test_what_no_row_or_unit_tells_is_not_left(question: str) -> None:
    assert best(question, balances()) is None

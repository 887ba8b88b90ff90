"""What sort of document a question asks about need not stand on it; what it is about must."""

from __future__ import annotations

import pytest

from kernel.query.containers import Area
from kernel.query.documents import document_words
from kernel.query.layout import PageLayout
from kernel.query.question import analyse
from kernel.query.ranking import rank
from tests.kernel.query.drawn import Canvas


@pytest.mark.parametrize(
    ("question", "words"),
    [
        ("who owns the wiki page about connecting the kiln", {"wiki", "page"}),
        ("when was the note on the audit changed", {"note"}),
        ("who wrote the page", set()),
        ("which page is about the kiln", set()),
        ("who printed page about", set()),
    ],
)
def test_the_sort_of_a_document_is_told_before_its_subject(question: str, words: set[str]) -> None:
    said = question.split()
    assert {said[at] for at in document_words(said)} == words


def wiki() -> Canvas:
    canvas = Canvas()
    canvas.text(300, 80, "Firing the Brandol K-40", px=30)
    canvas.text(
        300, 112, "Owned by Sven Aalto. Last edited by Hanne Vogt on 4 February 2026.", px=12
    )
    canvas.block(
        300,
        150,
        [
            "The K-40 is the main kiln of the works, and talks Modbus to the line computer,",
            "always.",
        ],
    )
    return canvas


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        ("Who owns the wiki page about firing the Brandol K-40?", "Sven Aalto"),
        ("When was the page about firing the Brandol K-40 last edited?", "4 February 2026"),
        ("Who last edited the help article on firing the Brandol K-40?", "Hanne Vogt"),
        ("Who owns the wiki page about firing the Brandol K-50?", ""),
        ("Who owns the wiki page about cleaning the glazing cabin?", ""),
    ],
)
def test_a_page_is_asked_for_by_its_title(question: str, answer: str) -> None:
    pane = Area("pane", (280, 40, 1800, 900))
    found = rank(PageLayout(wiki().page(), (pane,)), analyse(question))
    assert answer in (found[0].candidate.text if found else "")
    assert bool(answer) == bool(found)


def test_a_title_is_no_label_of_the_text_below_it() -> None:
    layout = PageLayout(wiki().page(), (Area("pane", (280, 40, 1800, 900)),))
    found = rank(layout, analyse("What is the Brandol K-40?"))
    assert not any(scored.candidate.text.startswith("Firing the Brandol K-40:") for scored in found)

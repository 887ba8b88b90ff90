"""Numbered things that a question names by their order."""

from __future__ import annotations

import pytest

from kernel.query.layout import PageLayout
from kernel.query.ordinals import ordinal_hits
from kernel.query.words import needle_of
from tests.kernel.query.asking import best
from tests.kernel.query.drawn import Canvas


def numbered(line: str, word: str, noun: str) -> list[str]:
    c = Canvas()
    c.text(80, 100, line)
    layout = PageLayout(c.page())
    hits = ordinal_hits(layout, word, layout.find(needle_of(noun, exact=False)))
    return [line[hit.start : hit.end] for hit in hits]


@pytest.mark.parametrize(
    ("line", "word", "told"),
    [
        ("Parcel 1 of 2: delivered on 27 August", "first", ["1"]),
        ("Parcel #2 is on its way", "second", ["2"]),
        ("The 3rd parcel is late", "third", ["3rd"]),
        ("Parcel 1 of 2: delivered", "second", []),
        ("Parcel 12 of 20: delivered", "first", []),
        ("Parcel 1.5 kg", "first", []),
        ("Parcel 2: delivered", "blue", []),
    ],
)
def test_the_number_beside_the_noun_is_the_ordinal(line: str, word: str, told: list[str]) -> None:
    assert numbered(line, word, "parcel") == told


def test_the_numbered_thing_answers_and_another_one_does_not() -> None:
    c = Canvas()
    c.text(80, 100, "Parcel 1 of 2: DHL 0034, delivered on 27 August to neighbour Frau Kessler")
    c.text(80, 128, "Parcel 2 of 2: expected between 9 and 12 September, carrier Swiftbox")
    page = c.page()
    answer = best("Which neighbour got the first parcel?", page)
    assert answer is not None
    assert "Kessler" in answer
    assert best("Which neighbour got the second parcel?", page) is None
    answer = best("Which carrier brings the second parcel?", page)
    assert answer is not None
    assert "Swiftbox" in answer

"""Nouns for the same thing: each line can be used, and no word stands for its other."""

from __future__ import annotations

import pytest

from kernel.query.samenouns import MAY_BE, SAME_NOUNS
from kernel.query.synonyms import meanings_of
from kernel.store.folding import fold


def lines(data: str) -> list[list[str]]:
    return [line.replace(":", " ").split() for line in data.strip().splitlines()]


def test_every_line_names_at_least_two_words_and_none_twice() -> None:
    for data in (SAME_NOUNS, MAY_BE):
        for words in lines(data):
            assert len(words) == len(set(words)) >= 2, words
    asked = [words[0] for words in lines(MAY_BE)]
    assert len(asked) == len(set(asked))


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ("luggage", "baggage"),
        ("manufacturer", "brand"),
        ("employee", "staff"),
        ("alarms", "alerts"),
        ("fee", "rate"),
    ],
)
def test_a_thing_goes_by_another_name(asked: str, said: str) -> None:
    assert fold(said) in meanings_of(asked)


@pytest.mark.parametrize(
    ("asked", "other"),
    [
        ("errors", "failures"),
        ("passport", "id"),
        ("tag", "label"),
        ("landlord", "tenant"),
        ("buyer", "vendor"),
        ("departure", "arrival"),
        ("warning", "error"),
        ("phone", "email"),
        ("sender", "recipient"),
        ("gross", "net"),
    ],
)
def test_what_stands_beside_a_thing_is_no_name_of_it(asked: str, other: str) -> None:
    assert fold(other) not in meanings_of(asked)
    assert fold(asked) not in meanings_of(other)

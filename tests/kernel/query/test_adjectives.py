"""Adjectives have others of the same meaning, never contrary ones."""

from __future__ import annotations

import pytest

from kernel.query.adjectives import adjectives_for
from kernel.store.folding import fold


@pytest.mark.parametrize(
    ("asked", "said"),
    [("recent", "last"), ("urgent", "critical"), ("cheapest", "lowest"), ("upcoming", "next")],
)
def test_an_adjective_has_others(asked: str, said: str) -> None:
    assert fold(said) in adjectives_for(asked)


@pytest.mark.parametrize(
    ("word", "contrary"),
    [
        ("open", "closed"),
        ("active", "inactive"),
        ("cheapest", "highest"),
        ("next", "previous"),
        ("gross", "net"),
        ("public", "private"),
        ("successful", "failed"),
        ("internal", "external"),
        ("minor", "major"),
        ("full", "empty"),
    ],
)
def test_no_adjective_stands_for_its_contrary(word: str, contrary: str) -> None:
    assert fold(contrary) not in adjectives_for(word)
    assert fold(word) not in adjectives_for(contrary)

"""Words that screens say for those of a question."""

from __future__ import annotations

import pytest

from kernel.query.synonyms import meanings_of
from kernel.store.folding import fold


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ("kept", "keep"),
        ("owe", "outstanding"),
        ("certificate", "cert"),
        ("suppliers", "vendor"),
        ("expiry", "expires"),
        ("renewed", "renewal"),
        ("phone", "mobile"),
        ("deleted", "removed"),
    ],
)
def test_what_means_the_same_is_known_in_its_forms(asked: str, said: str) -> None:
    assert fold(said) in meanings_of(asked)


@pytest.mark.parametrize(
    ("asked", "other"),
    [
        ("mobile", "phone"),
        ("customs", "customer"),
        ("resolution", "resolve"),
        ("start", "end"),
        ("buyer", "seller"),
        ("turbine", "engine"),
    ],
)
def test_what_only_sounds_or_looks_near_is_another_word(asked: str, other: str) -> None:
    assert fold(other) not in meanings_of(asked)

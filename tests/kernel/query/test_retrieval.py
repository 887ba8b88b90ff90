"""Which pages are read for a question."""

from __future__ import annotations

from dataclasses import dataclass, field

from hypothesis import given
from hypothesis import strategies as st

from kernel.query.question import analyse
from kernel.query.retrieval import find_blobs, match_of
from kernel.store.derived import DerivedStore
from kernel.store.folding import squash, word_parts
from tests.kernel.query.memory import TIMING, key_of
from tests.kernel.store.test_derived import page_of, store


@dataclass
class Lists:
    """An index with given answers."""

    words: dict[str, tuple[str, ...]]
    substrings: dict[str, tuple[str, ...]] = field(default_factory=dict)

    def blobs_matching_words(self, match: str, *, texts_max: int) -> tuple[str, ...]:
        return next((b for w, b in self.words.items() if w in match), ())[:texts_max]

    def blobs_holding(self, squashed: str, *, texts_max: int) -> tuple[str, ...]:
        return self.substrings.get(squashed, ())[:texts_max]


def blobs(index: Lists, text: str) -> list[str]:
    return [blob for blob, _ in find_blobs(index, analyse(text), texts_max=100, blobs_max=2)]


def test_pages_without_a_specific_term_are_not_read() -> None:
    index = Lists({"p0rt": ("a", "b"), "acme": ("b",)})
    assert blobs(index, "Which port does ACME use?") == ["b"]
    assert blobs(index, "Which port does UMBRELLA use?") == []


def test_pages_with_more_of_the_question_come_first_and_only_so_many() -> None:
    index = Lists({"p0rt": ("a", "b", "c"), "server": ("c",)})
    assert blobs(index, "Which port does the server use?") == ["c", "a"]


def test_a_name_glued_to_something_is_found_as_a_substring() -> None:
    index = Lists({"p0rt": ("a",)}, {"r0man0": ("a",)})
    assert blobs(index, "Which port did Romano use?") == ["a"]


def test_every_expression_is_one_that_the_index_understands(store: DerivedStore) -> None:
    page = page_of('say "NEAR" AND (x) OR * ^ col:1 - 東京', blob="a" * 64)
    store.commit_page(key_of(page), page, TIMING)
    for text in ('"NEAR"', "AND-1", "x1*", "col:1", "東京", "a^2", "NOT OR"):
        for term in analyse(f"find {text}").terms:
            store.blobs_matching_words(match_of(term), texts_max=5)


@given(st.text(min_size=1, max_size=30))
def test_folding_twice_changes_nothing_and_parts_join_to_the_squashed_form(text: str) -> None:
    assert squash(squash(text)) == squash(text)
    assert "".join(word_parts(text)) == squash(text)


__all__ = ["store"]

"""Lines of like meaning: which count, and how two orders become one."""

from __future__ import annotations

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from kernel.query.answering import Request, ask
from kernel.query.similar import LIKENESS_MIN, Alike, fused_order, keep_alike
from kernel.query.timeline import StoredTimeline
from tests.kernel.query.memory import LOCKS
from tests.kernel.query.week import BERLIN, NOW, Desk, us

names = st.lists(st.sampled_from("abcdefghij"), unique=True)


@given(names, names)
def test_every_name_of_both_lists_is_there_once(words: list[str], meaning: list[str]) -> None:
    merged = fused_order(words, meaning)
    assert sorted(merged) == sorted({*words, *meaning})
    assert merged == fused_order(words, meaning)


@given(names)
def test_one_list_alone_keeps_its_order(some: list[str]) -> None:
    assert fused_order(some, []) == some
    assert fused_order([], some) == some
    assert fused_order(some, some) == some


@given(names, names)
def test_a_name_that_is_before_another_in_both_lists_stays_before_it(
    words: list[str], meaning: list[str]
) -> None:
    merged = fused_order(words, meaning)
    both = [name for name in words if name in meaning]
    for one in both:
        for other in both:
            if words.index(one) < words.index(other) and meaning.index(one) < meaning.index(other):
                assert merged.index(one) < merged.index(other)


def test_of_two_that_are_first_in_one_list_each_the_one_with_the_words_is_first() -> None:
    assert fused_order(["words"], ["alike"]) == ["words", "alike"]
    assert fused_order(["only", "both"], ["both"]) == ["both", "only"]


def test_what_is_not_alike_enough_is_left_out_and_equals_are_ordered_by_text() -> None:
    found = [Alike("far", LIKENESS_MIN - 0.01), Alike("b", 0.5), Alike("a", 0.5), Alike("c", 0.9)]
    assert [alike.text for alike in keep_alike(found)] == ["c", "a", "b"]


def test_lines_of_like_meaning_are_cited_and_said_to_be_that(tmp_path: Path) -> None:
    desk = Desk.open(tmp_path)
    desk.shoot("25 09:00:00", ["A feline rests on a rug", "The cat food is sold out"])
    alike = (Alike("A feline rests on a rug", 0.6), Alike("never on any screen", 0.5))

    def answer(text: str, *alike: Alike) -> list[str]:
        request = Request(text, us(NOW), BERLIN, alike=alike)
        found = ask(
            desk.evidence,
            desk.derived,
            request,
            locks=LOCKS,
            timeline=StoredTimeline(desk.derived.intervals),
        )
        assert all(claim.citations for claim in found.claims)
        told = any("alike in meaning" in note for note in found.notes)
        assert told == ("A feline rests on a rug" in found.answer)
        return [claim.text for claim in found.claims]

    assert answer("find cat") == ["The cat food is sold out"]
    assert answer("find cat", *alike) == ["The cat food is sold out", "A feline rests on a rug"]
    assert answer("find kitten") == []
    assert answer("find kitten", *alike) == ["A feline rests on a rug"]
    assert answer("find kitten", alike[1]) == []
    desk.close()

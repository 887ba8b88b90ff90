"""Terms and their initials."""

from __future__ import annotations

import pytest

from kernel.query.initials import is_initials, known_initials, made_initials, phrases_of
from kernel.query.question import analyse
from kernel.query.words import spans_in


def found(question: str, text: str) -> list[str]:
    terms = analyse(question).terms
    return [text[s.start : s.end] for term in terms for s in spans_in(term.needle, text)]


@pytest.mark.parametrize(
    ("question", "text", "said"),
    [
        ("What is our NPS?", "Net promoter score (519 replies)", "Net promoter score"),
        ("What is the NPS of Ada?", "Net Promoter Score", "Net Promoter Score"),
        ("What is the process id of caddy?", "caddy started, PID 411", "PID"),
        ("How long was the garbage collection pause?", "[gc] pause 18 ms", "gc"),
        ("What is the QZB of pump P-7?", "Quality zone bonus: 4", "Quality zone bonus"),
        ("What is the mean waiting time of the clinic?", "MWT 14 min", "MWT"),
    ],
)
def test_initials_and_what_they_stand_for_are_one(question: str, text: str, said: str) -> None:
    assert said in found(question, text)


@pytest.mark.parametrize(
    ("question", "text"),
    [
        ("What is our QZB?", "never quit; zinc blocks"),
        ("What is our QZB?", "Quality bonus"),
        ("What is the mean waiting time of the clinic?", "the mwt file"),
        ("What is the PR of Ada?", "Plain rice"),
    ],
)
def test_other_words_are_not_meant_by_initials(question: str, text: str) -> None:
    assert found(question, text) == []


def test_known_initials_have_any_length_and_made_ones_three_letters() -> None:
    assert phrases_of("gc")[0] == ("garbage", "collection")
    assert phrases_of("table") == ()
    assert known_initials(["the", "process", "id"]).keys() == {1, 2}
    assert made_initials(["mean", "time"]) == {}
    assert is_initials("SLA")
    assert not is_initials("Sla")
    assert not is_initials("PR")

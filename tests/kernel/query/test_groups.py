"""Which words of a question stand together."""

from __future__ import annotations

import pytest

from kernel.query.groups import is_past_form
from kernel.query.question import analyse


@pytest.mark.parametrize(
    ("text", "groups"),
    [
        ("Why is parcel NX 5529 1840 77 held?", [["NX", "5529", "1840", "77"]]),
        ("Which seal is on container MSKU 448120-3?", [["MSKU", "448120-3"]]),
        ("Which category is Shell Station 2281 filed under?", [["Shell", "Station"]]),
        ("How many nodes does job 73105 run on?", []),
        ("Who fixed the tap in room 12?", [["room", "12"]]),
        ("Was worker 3 killed?", [["worker", "3"]]),
        ("How long did the deploy of 7.3.0 take?", []),
        ("Why must firmware 7.4.0 not be used?", []),
    ],
)
def test_numbers_make_names_with_nouns_and_codes_alone(text: str, groups: list[list[str]]) -> None:
    question = analyse(text)
    assert [[question.terms[i].text for i in group] for group in question.groups] == groups


@pytest.mark.parametrize(
    ("text", "unsaid"),
    [
        ("How many nodes does job 73105 run on?", ["job"]),
        ("What is the reference of the payment to the gym?", ["payment"]),
        ("When does contract K-2023-771 end?", ["contract"]),
        ("How much did Ada King transfer to me?", []),
        ("What is the status of the print service?", []),
        ("What is the notice period of contract K-2023-771?", ["contract"]),
    ],
)
def test_what_a_row_is_need_not_be_said(text: str, unsaid: list[str]) -> None:
    assert [term.text for term in analyse(text).terms if term.unsaid] == unsaid


def test_past_forms_are_regular_or_not() -> None:
    assert all(map(is_past_form, ["filed", "held", "set", "written"]))
    assert not any(map(is_past_form, ["file", "hold", "table"]))

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from tools.pipeline_manifest import Box, Query
from tools.pipeline_score import count, cover_share, judge

WORDS = {"a": [("137", (10.0, 10.0, 40.0, 20.0)), ("else", (90.0, 10.0, 120.0, 20.0))]}
EVENTS = {"e1": "a", "e2": "b"}
QUERY = Query(question="Code?", frame=("a",), answer_contains=("137",), evidence=("137",))
NOTHING = Query(question="Nothing?", expect_none=True)


def answer(*citations: tuple[str, list[int]], text: str = "It was 137.") -> dict[str, Any]:
    claim = {"text": text, "citations": [{"event_id": e, "box": box} for e, box in citations]}
    return {"state": "ok", "answer": text, "claims": [claim]}


SILENT: dict[str, Any] = {"state": "no_evidence", "answer": "No evidence.", "claims": []}


def test_an_answer_on_the_right_place_is_right() -> None:
    judged = judge(QUERY, answer(("e1", [8, 8, 42, 22])), EVENTS, WORDS)
    assert judged.right
    assert not judged.false_claim


def test_a_citation_of_another_frame_or_place_is_not_right() -> None:
    for citation in (("e2", [8, 8, 42, 22]), ("e1", [88, 8, 122, 22]), ("?", [8, 8, 42, 22])):
        judged = judge(QUERY, answer(citation), EVENTS, WORDS)
        assert (judged.found, judged.cited, judged.right) == (True, False, False)


def test_one_right_citation_among_others_is_enough() -> None:
    both = answer(("e1", [88, 8, 122, 22]), ("e1", [8, 8, 42, 22]))
    assert judge(QUERY, both, EVENTS, WORDS).right


def test_a_part_that_is_missing_is_not_found_however_well_cited() -> None:
    judged = judge(QUERY, answer(("e1", [8, 8, 42, 22]), text="It was 1."), EVENTS, WORDS)
    assert (judged.found, judged.cited) == (False, True)
    assert not judge(QUERY, SILENT, EVENTS, WORDS).found


def test_boxes_of_the_manifest_must_be_covered() -> None:
    query = Query(question="Where?", boxes=((100.0, 100.0, 200.0, 120.0),))
    assert judge(query, answer(("e2", [95, 95, 205, 125])), EVENTS, {}).right
    assert not judge(query, answer(("e2", [95, 95, 150, 125])), EVENTS, {}).right


def test_a_claim_where_nothing_answers_is_a_false_one() -> None:
    assert judge(NOTHING, SILENT, EVENTS, WORDS).right
    claimed = judge(NOTHING, answer(("e1", [8, 8, 42, 22])), EVENTS, WORDS)
    assert claimed.false_claim
    assert not claimed.right


def test_the_score_counts_each_kind() -> None:
    judged = [
        judge(QUERY, answer(("e1", [8, 8, 42, 22])), EVENTS, WORDS),
        judge(QUERY, answer(("e2", [8, 8, 42, 22])), EVENTS, WORDS),
        judge(QUERY, SILENT, EVENTS, WORDS),
        judge(NOTHING, SILENT, EVENTS, WORDS),
        judge(NOTHING, answer(("e1", [8, 8, 42, 22])), EVENTS, WORDS),
    ]
    score = count(judged)
    assert (score.asked, score.found, score.cited) == (3, 2, 1)
    assert (score.negatives, score.false_claims) == (2, 1)
    assert (score.recall, score.citation_precision) == (2 / 3, 0.5)
    assert list(score.missed) == [judged[1], judged[2], judged[4]]


edges = st.floats(0, 1000)


@given(st.tuples(edges, edges, edges, edges), st.tuples(edges, edges, edges, edges))
def test_a_covered_share_is_a_share(box: Box, place: Box) -> None:
    assert 0.0 <= cover_share(box, place) <= 1.0 + 1e-9
    if place[2] > place[0] and place[3] > place[1]:
        assert cover_share(place, place) > 0.999

"""One honest word: never healthy while something is known to be wrong."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel.observe.check import Check, worst
from kernel.observe.verdict import Facts, Verdict, judge


def facts(**changes: object) -> Facts:
    values: dict[str, object] = {
        "running": True,
        "problems": (),
        "paused": "",
        "heavy_allowed": True,
        "heavy_reason": "",
        "waiting": 0,
        "in_hand": 0,
    }
    return Facts(**{**values, **changes})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({"running": False}, "stopped"),
        ({"running": False, "problems": ("the journal is damaged",)}, "degraded"),
        ({"text_off": True, "waiting": 3}, "capturing only"),
        ({"text_off": True}, "capturing only"),
        ({"text_off": True, "problems": ("the inbox is dead",)}, "degraded"),
        ({}, "recording"),
        ({"in_hand": 1}, "processing"),
        ({"waiting": 3}, "processing"),
        ({"waiting": 3, "heavy_allowed": False}, "capturing only"),
        ({"paused": "paused by the person"}, "paused"),
        ({"problems": ("the inbox is dead",)}, "degraded"),
        ({"problems": ("the inbox is dead",), "in_hand": 2}, "degraded"),
    ],
)
def test_word_follows_from_the_facts(changes: dict[str, object], word: str) -> None:
    assert judge(facts(**changes)).word == word


@given(
    st.builds(
        Facts,
        running=st.booleans(),
        problems=st.lists(st.text(min_size=1), min_size=1).map(tuple),
        paused=st.text(),
        heavy_allowed=st.booleans(),
        heavy_reason=st.text(),
        waiting=st.integers(0),
        in_hand=st.integers(0),
        text_off=st.booleans(),
        note=st.text(),
    )
)
def test_with_a_problem_nothing_is_called_healthy_whether_a_kernel_runs_or_not(some: Facts) -> None:
    verdict = judge(some)
    assert not verdict.is_healthy
    assert all(problem in verdict.reason for problem in some.problems)


def test_worst_check_decides() -> None:
    fine, odd, bad = Check("a", "ok", ""), Check("b", "warn", ""), Check("c", "fail", "")
    assert worst([fine]) == "ok"
    assert worst([fine, odd]) == "warn"
    assert worst([odd, bad, fine]) == "fail"


def test_stopped_is_not_unhealthy() -> None:
    assert Verdict("stopped", "").is_healthy


def test_text_that_is_off_is_told_and_never_called_processing() -> None:
    verdict = judge(facts(text_off=True, waiting=3))
    assert 'pipeline.text_plugin = "none"' in verdict.reason
    assert "3 captures wait unread" in verdict.reason


def test_a_note_that_explains_why_nothing_begins_is_part_of_the_reason() -> None:
    verdict = judge(facts(waiting=1, heavy_allowed=False, heavy_reason="unknown", note="blind"))
    assert verdict.reason == "1 tasks wait: unknown; blind"

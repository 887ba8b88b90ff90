"""What a time limit leaves: all that was found by then, and word that it is not all."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import pytest

from contracts.answer import Answer
from kernel.config.errors import KernelError
from kernel.query.answering import Limits
from kernel.query.deadline import OutOfTime
from kernel.query.sources import Outcome
from tests.kernel.query.week import Desk

LIMITS = (*range(1, 60), *range(60, 400, 7), 10_000)


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    made = Desk.open(tmp_path_factory.mktemp("store"))
    for second in range(0, 40, 4):
        lines = [f"note {chr(97 + second // 4) * 6} about the harbour pump", "stays as it is here"]
        made.shoot(f"25 09:00:{second:02}", ["the pump", "", *lines] if second % 8 else lines)
    made.shoot("25 09:01:00", [], app="VLC", title="film.mkv")
    yield made
    made.close()


def asked(desk: Desk, question: str, limit: int) -> Answer | None:
    """The answer on a clock that goes on whenever somebody looks at it; None out of time."""
    clock = itertools.count()
    limits = Limits(time_limit_s=limit, now_s=lambda: float(next(clock)))
    try:
        return desk.ask(question, limits=limits)
    except KernelError as error:
        if error.code != "query-timeout":
            raise
        return None


@pytest.mark.parametrize(
    "question",
    [
        "harbour pump",
        "What changed yesterday between 9:00 and 9:02?",
        "When was the pump on the screen?",
        "What was I doing yesterday?",
    ],
)
def test_what_was_found_in_time_is_the_answer_and_it_is_said(desk: Desk, question: str) -> None:
    whole = desk.ask(question)
    assert (whole.state, len(whole.claims) > 1) == ("ok", True)
    partial = 0
    for limit in LIMITS:
        answer = asked(desk, question, limit)
        if answer is None:
            continue
        assert {claim.text for claim in answer.claims} <= {claim.text for claim in whole.claims}
        if len(answer.claims) < len(whole.claims):
            partial += 1
            assert answer.state == "partial"
            assert any(f"the time limit of {limit} s" in note for note in answer.notes)
    assert partial


def test_only_time_that_is_over_is_forgiven() -> None:
    def end(error: Exception) -> None:
        raise error

    outcome = Outcome()
    with outcome.until_over():
        end(OutOfTime())
    assert outcome.cut
    with pytest.raises(ValueError, match="another"), outcome.until_over():
        end(ValueError("another"))

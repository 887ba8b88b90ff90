"""What becomes of a task that failed or was lost."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from kernel.pipeline.retries import RetryPolicy, after_error, after_loss, after_memory

POLICY = RetryPolicy(attempts_max=3, deaths_max=2, retry_base_s=1.0, retry_max_s=300.0)


def test_error_that_another_try_cannot_mend_is_given_up_at_once() -> None:
    assert after_error(attempts=1, retry=False, policy=POLICY).kind == "give_up"


def test_error_is_tried_again_with_a_growing_delay_and_given_up_at_the_limit() -> None:
    fates = [after_error(attempts=n, retry=True, policy=POLICY) for n in (1, 2, 3)]
    assert [fate.kind for fate in fates] == ["retry", "retry", "give_up"]
    assert [fate.delay_s for fate in fates[:2]] == [1.0, 2.0]


def test_task_in_flight_at_two_host_deaths_is_quarantined() -> None:
    assert after_loss(deaths=1, policy=POLICY).kind == "retry"
    assert after_loss(deaths=2, policy=POLICY).kind == "quarantine"


def test_a_task_whose_host_is_ended_for_memory_again_and_again_is_quarantined() -> None:
    fates = [after_memory(losses=n, policy=POLICY) for n in (1, 2, 3)]
    assert [fate.kind for fate in fates] == ["retry", "retry", "quarantine"]
    assert [fate.delay_s for fate in fates[:2]] == [1.0, 2.0]


@given(st.integers(1, 1_000), st.booleans(), st.integers(1, 20))
def test_no_task_is_tried_for_ever(attempts: int, retry: bool, most: int) -> None:  # noqa: FBT001 - drawn
    policy = RetryPolicy(attempts_max=most)
    fate = after_error(attempts=attempts, retry=retry, policy=policy)
    assert fate.kind == "give_up" or attempts < most
    assert 0.0 <= fate.delay_s <= policy.retry_max_s

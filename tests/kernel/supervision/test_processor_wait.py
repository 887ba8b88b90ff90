"""How waiting for a processor is told from sleeping and computing: pure."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel.supervision.processor_wait import ThreadTimes, WaitMeter

S = 1_000_000_000


def times(run_s: float, wait_s: float, turns: int, *, runnable: bool) -> ThreadTimes:
    return ThreadTimes(int(run_s * S), int(wait_s * S), turns, runnable)


def waited(*looks: tuple[float, ThreadTimes]) -> list[Any]:
    """What a meter says of one thread at these times."""
    meter = WaitMeter(0.0)
    return [pytest.approx(meter.take({7: found}, now_s)) for now_s, found in looks]


def test_time_in_the_queue_counts_once() -> None:
    looks = (1.0, times(0.1, 0.5, 3, runnable=False)), (2.0, times(0.2, 1.2, 5, runnable=True))
    assert waited(*looks) == [0.5, 0.7]


def test_one_that_sleeps_does_not_wait() -> None:
    asleep = times(0.1, 0.5, 3, runnable=False)
    assert waited((1.0, asleep), (2.0, asleep), (9.0, asleep))[1:] == [0.0, 0.0]


def test_one_that_computes_does_not_wait() -> None:
    looks = [(float(n), times(0.9 * n, 0.0, 1, runnable=True)) for n in range(1, 6)]
    assert waited(*looks) == [0.0] * 5


def test_one_that_never_gets_its_turn_waits_though_nothing_is_counted_yet() -> None:
    hungry = times(0.1, 0.5, 3, runnable=True)
    assert waited((1.0, hungry), (2.0, hungry), (5.0, hungry)) == [0.5, 1.0, 3.0]


def test_what_was_guessed_is_not_counted_again_when_its_turn_comes() -> None:
    hungry = times(0.1, 0.5, 3, runnable=True)
    # It was in the queue since 0.8 s; at 5.5 s its turn came.
    served = times(0.2, 0.5 + 4.7, 4, runnable=False)
    assert waited((1.0, hungry), (5.0, hungry), (6.0, served)) == [0.5, 4.0, 0.7]


def test_sleep_before_it_woke_is_no_waiting() -> None:
    asleep, woken = times(0.1, 0.0, 3, runnable=False), times(0.1, 0.0, 3, runnable=True)
    assert waited((1.0, asleep), (9.0, asleep), (10.0, woken), (11.0, woken)) == [
        0.0,
        0.0,
        1.0,
        1.0,
    ]


def test_of_several_threads_the_longest_waiting_counts_and_never_more_than_time_passed() -> None:
    meter = WaitMeter(0.0)
    idle, hungry = times(0.1, 0.0, 1, runnable=False), times(0.1, 3.0, 1, runnable=False)
    assert meter.take({1: idle, 2: hungry}, 2.0) == 2.0
    assert meter.take({1: idle, 2: hungry}, 4.0) == 0.0


def test_lateness_of_the_watcher_stands_in_where_nothing_is_counted() -> None:
    meter = WaitMeter(0.0)
    meter.note_late(1.5)
    assert meter.take({}, 4.0) == 1.5
    assert meter.take({}, 5.0) == 0.0
    assert meter.taken_at_s == 5.0


looks = st.lists(
    st.tuples(st.floats(0.0, 5.0), st.floats(0.0, 1.0), st.floats(0.0, 1.0), st.booleans()),
    max_size=30,
)


@given(looks)
def test_never_more_is_counted_than_passed_and_never_less_than_nothing(
    steps: list[tuple[float, float, float, bool]],
) -> None:
    meter = WaitMeter(0.0)
    now_s = run_s = wait_s = 0.0
    for turns, (passed_s, run_share, wait_share, runnable) in enumerate(steps):
        run_s, wait_s = run_s + passed_s * run_share, wait_s + passed_s * wait_share
        now_s += passed_s
        found = meter.take({1: times(run_s, wait_s, turns, runnable=runnable)}, now_s)
        assert 0.0 <= found <= passed_s + 1e-9

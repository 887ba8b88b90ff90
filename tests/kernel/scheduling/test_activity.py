"""The rule over observations: unknown, stale or contradictory means active."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel.scheduling.activity import (
    Activity,
    ActivityMonitor,
    ActivityVerdict,
    combine,
    observed,
    unknown,
)
from kernel.scheduling.clock import ClockReading, suspended_s
from kernel.scheduling.power import is_too_hot

NOW_S = 1_000.0
IDLE_AFTER_S = 300.0


def verdict(*observations: tuple[Activity, bool]) -> ActivityVerdict:
    return combine(observations, now_s=NOW_S, idle_after_s=IDLE_AFTER_S)


def at(source: str, idle_s: float, age_s: float = 0.0) -> Activity:
    return observed(source, idle_s, NOW_S - age_s)


@pytest.mark.parametrize(
    ("observations", "idle_s", "word"),
    [
        ([], None, "no source"),
        ([(at("x11", 400), True)], 400.0, "400 s ago"),
        ([(at("x11", 2), True)], 2.0, "2 s ago"),
        ([(at("x11", 400, age_s=10.1), True)], None, "stale"),
        ([(at("x11", 400, age_s=-1.0), True)], None, "stale"),
        ([(unknown("x11", NOW_S, "gone"), True)], None, "gone"),
        ([(at("a", 400), True), (at("b", 500), True)], 400.0, "400 s ago"),
        ([(at("a", 400), True), (unknown("b", NOW_S, "gone"), True)], None, "gone"),
        ([(at("a", 400), True), (at("b", 3), True)], 3.0, "contradictory"),
        ([(at("a", 400), True), (at("hint", 0), False)], 400.0, "400 s ago"),
        ([(at("hint", 400), False)], 400.0, "400 s ago"),
        ([(at("hint", float("nan")), False)], None, "no sense"),
    ],
)
def test_the_rule(
    observations: list[tuple[Activity, bool]], idle_s: float | None, word: str
) -> None:
    found = verdict(*observations)
    assert found.idle_s == idle_s
    assert word in found.reason


activities = st.builds(
    lambda source, idle_s, age_s: observed(source, idle_s, NOW_S - age_s),
    st.sampled_from(["a", "b", "c"]),
    st.floats(-10, 2_000),
    st.floats(-5, 30),
)


@given(st.lists(st.tuples(activities, st.booleans()), max_size=4))
def test_idle_needs_every_deciding_source_to_be_fresh_and_to_agree(
    observations: list[tuple[Activity, bool]],
) -> None:
    found = verdict(*observations)
    if found.idle_s is None or found.idle_s < IDLE_AFTER_S:
        return
    precise = [activity for activity, is_precise in observations if is_precise]
    for activity in precise or [activity for activity, _ in observations]:
        assert activity.idle_s is not None
        assert activity.idle_s >= IDLE_AFTER_S
        assert 0 <= NOW_S - activity.observed_s <= 10


class FakeProvider:
    """A provider that answers what the test sets."""

    def __init__(self, name: str, *, works: bool) -> None:
        self.name = name
        self.precise = True
        self.why_not: str | None = "" if works else "not here"
        self.idle_s: float | None = 400.0
        self.probes = 0
        self.closed = False

    def probe(self) -> str | None:
        self.probes += 1
        return self.why_not

    def read(self, now_s: float) -> Activity:
        if self.idle_s is None:
            return unknown(self.name, now_s, "silent")
        return observed(self.name, self.idle_s, now_s)

    def close(self) -> None:
        self.closed = True


def test_a_source_that_appears_counts_from_the_next_poll_on_and_one_that_is_silent_at_once() -> (
    None
):
    here, missing = FakeProvider("here", works=True), FakeProvider("missing", works=False)
    clock = [0.0]
    monitor = ActivityMonitor([missing, here], now_s=lambda: clock[0], idle_after_s=IDLE_AFTER_S)
    for _ in range(29):
        assert monitor.poll().source == "here"
    assert here.probes == 1, "what worked once is not asked again"
    assert monitor.describe() == {"missing": "not here", "here": ""}

    missing.why_not, missing.idle_s = None, None
    assert monitor.poll().idle_s is None, "nothing known of it yet: it may be the one that sees"
    assert monitor.describe()["missing"] == "no answer yet"

    missing.why_not, missing.idle_s = "", 1.0
    clock[0] = 0.1
    assert monitor.poll().idle_s == 1.0
    monitor.close()
    assert here.closed
    assert missing.closed


def test_sleep_is_seen_by_boot_time_or_by_a_jump_of_utc() -> None:
    before = ClockReading(100.0, 500.0, 1_000_000_000)

    def later(monotonic_s: float, boottime_s: float, utc_s: float) -> float:
        after = ClockReading(100 + monotonic_s, 500 + boottime_s, 1_000_000_000 + int(utc_s * 1e6))
        return suspended_s(before, after)

    assert later(1, 1, 1) == 0.0
    assert later(1, 3_601, 3_601) == 3_600.0
    assert later(1, 1, 3_601) == 3_600.0
    assert later(1, 1, -3_600) == 0.0
    assert later(1, 1, 3) == 0.0


@pytest.mark.parametrize(
    ("current_c", "critical_c", "hot"),
    [(90.0, 100.0, False), (95.0, 100.0, True), (90.0, None, False), (20.0, 0.0, False)],
)
def test_heat_is_judged_against_the_sensors_own_critical_point(
    current_c: float, critical_c: float | None, *, hot: bool
) -> None:
    assert is_too_hot(current_c, critical_c) == hot

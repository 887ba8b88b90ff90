"""Which of the pool's events become acts in the ledger."""

from __future__ import annotations

from kernel.boot.audit import act_of, act_of_drop
from kernel.supervision.control import Drop
from kernel.supervision.pool_events import (
    HostDied,
    HostReady,
    HostStarved,
    PluginQuarantined,
    ProtocolViolation,
    TaskLost,
    TaskSucceeded,
)


def test_crash_and_leaving_are_told_apart() -> None:
    crashed = act_of(HostDied("h1", "p", "killed by signal 9", crashed=True, lived_s=1.0))
    left = act_of(HostDied("h1", "p", "nothing to do", crashed=False, lived_s=1.0))
    assert crashed is not None
    assert left is not None
    assert (crashed.act, left.act) == ("host-crashed", "host-left")
    assert crashed.detail["cause"] == "killed by signal 9"


def test_rubbish_on_the_control_socket_is_on_record_with_its_count() -> None:
    act = act_of_drop(Drop("frame-count", "2 frames", 10))
    assert (act.act, act.subject) == ("protocol-violation", "control")
    assert act.detail == {"code": "frame-count", "detail": "2 frames", "count": "10"}


def test_quarantine_names_the_plugin_and_every_cause() -> None:
    act = act_of(PluginQuarantined("p", ("first", "second")))
    assert act is not None
    assert (act.subject, act.detail) == ("p", {"cause_1": "first", "cause_2": "second"})


def test_sandbox_level_of_every_host_is_on_record() -> None:
    act = act_of(HostReady("h1", "p", "m", 0.1, 5, "A", ()))
    assert act is not None
    assert act.detail["sandbox_level"] == "A"


def test_a_host_that_was_spared_because_it_waited_for_a_processor_is_on_record() -> None:
    act = act_of(HostStarved("h1", "p", 12.34, count=10))
    assert act is not None
    assert (act.act, act.subject) == ("host-starved", "h1")
    assert act.detail == {"plugin": "p", "waited_s": "12.3", "count": "10"}


def test_violation_and_lost_task_are_acts_and_a_result_is_none() -> None:
    violation = act_of(ProtocolViolation("h1", "p", "garbage", "x" * 5_000, 10))
    assert violation is not None
    assert len(violation.detail["detail"]) <= 2_000
    lost = act_of(TaskLost("h1", "p", "t-1", "died", blame=True))
    assert lost is not None
    assert lost.detail["blamed"] == "true"
    assert act_of(TaskSucceeded("h1", "p", "t-1", b"", 1, 1)) is None

"""The life of one host: alarms, the stop ladder, clocks that stand still."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from kernel.supervision import lifecycle as lc

LIMITS = lc.Limits(
    start_timeout_s=60.0,
    beat_timeout_s=5.0,
    task_timeout_s=120.0,
    cancel_grace_s=2.0,
    term_grace_s=2.0,
    kill_grace_s=5.0,
    drain_timeout_s=30.0,
)


def feed(host: lc.Host, *events: tuple[lc.Event, float]) -> tuple[lc.Host, list[lc.Instruction]]:
    """Feed (event, time) pairs and collect all instructions."""
    instructions: list[lc.Instruction] = []
    for event, now_s in events:
        host, new = lc.step(host, event, now_s, LIMITS)
        instructions += new
    return host, instructions


def ready_host() -> lc.Host:
    host = lc.new_host("h1-00000000", "demo", 0.0, LIMITS)
    host, _ = feed(host, (lc.HelloAccepted(), 1.0), (lc.BecameReady("m"), 2.0))
    return host


def busy_host() -> lc.Host:
    host, _ = feed(ready_host(), (lc.Assigned("t-1"), 3.0))
    return host


def test_host_that_never_says_hello_is_terminated_then_killed() -> None:
    host = lc.new_host("h1-00000000", "demo", 0.0, LIMITS)
    host, done = feed(host, (lc.Ticked(), 59.9), (lc.Ticked(), 60.0))
    assert done == [lc.Terminate()]
    host, done = feed(host, (lc.Ticked(), 61.9), (lc.Ticked(), 62.0), (lc.Ticked(), 67.0))
    assert done == [lc.Kill(), lc.Kill()]
    _, done = feed(host, (lc.Exited(), 67.1))
    assert done == [lc.ReportDeath("not ready in time", crashed=True)]


def test_host_without_progress_is_cancelled_terminated_killed_and_its_task_blamed() -> None:
    host = busy_host()
    beats = [(lc.Beaten(), 3.0 + second) for second in range(121)]
    host, done = feed(host, *beats, (lc.Ticked(), 123.0))
    assert done == [lc.SendCancel("t-1"), lc.SendDrain()]
    host, done = feed(host, (lc.Ticked(), 125.0), (lc.Ticked(), 127.0))
    assert done == [lc.Terminate(), lc.Kill()]
    _, done = feed(host, (lc.Exited(), 127.1))
    cause = "no progress before the deadline"
    assert done == [lc.Requeue("t-1", cause, blame=True), lc.ReportDeath(cause, crashed=True)]


def test_thread_that_gives_no_way_gives_its_task_back_once_and_its_slot_only_when_it_ends() -> None:
    beats = [(lc.Beaten(), 3.0 + second) for second in range(121)]
    host, _ = feed(
        busy_host(), *beats, (lc.Ticked(), 123.0), (lc.Ticked(), 125.0), (lc.Ticked(), 127.0)
    )
    cause = "no progress before the deadline"
    host, done = feed(host, (lc.GaveNoWay(), 127.0), (lc.GaveNoWay(), 132.0))
    assert done == [lc.Requeue("t-1", cause, blame=True)]
    assert host.state == "draining"
    host, done = feed(host, (lc.Exited(), 500.0))
    assert done == [lc.ReportDeath(cause, crashed=True)]


def test_progress_moves_the_deadline_out_and_beats_do_not() -> None:
    host = busy_host()
    host, done = feed(
        host, (lc.Progressed("t-1"), 100.0), (lc.Beaten(), 124.0), (lc.Ticked(), 124.0)
    )
    assert done == []
    assert host.alarm_at_s == 220.0
    host, done = feed(host, (lc.Beaten(), 219.0), (lc.Ticked(), 220.0))
    assert done == [lc.SendCancel("t-1"), lc.SendDrain()]


def test_silent_main_loop_goes_straight_to_term_because_a_cancel_would_not_be_read() -> None:
    host = busy_host()
    _, done = feed(host, (lc.Ticked(), host.beat_by_s or 0.0))
    assert done == [lc.Terminate()]


def test_clocks_of_a_frozen_host_stand_still() -> None:
    host = busy_host()
    beat_by_s, alarm_at_s = host.beat_by_s, host.alarm_at_s
    assert beat_by_s is not None
    host, done = feed(host, (lc.Froze(), 4.0), (lc.Ticked(), 4_000.0), (lc.Thawed(), 4_004.0))
    assert done == []
    assert host.beat_by_s == beat_by_s + 4_000.0
    assert host.alarm_at_s == alarm_at_s + 4_000.0


def test_waiting_for_a_processor_moves_both_deadlines_out_and_only_so_far() -> None:
    host, done = feed(busy_host(), (lc.Waited(4.0), 7.0), (lc.Ticked(), 8.9))
    assert done == []
    assert (host.beat_by_s, host.alarm_at_s) == (8.0 + 3.0, 123.0 + 4.0)
    host, _ = feed(host, (lc.Waited(1e6), 9.0))
    assert host.beat_by_s == 2.0 + lc.PATIENCE * LIMITS.beat_timeout_s
    assert host.alarm_at_s == 3.0 + lc.PATIENCE * LIMITS.task_timeout_s
    again, _ = feed(host, (lc.Waited(1e6), 9.5))
    assert again == host
    assert not lc.is_late(host, host.beat_by_s - 0.1)
    assert lc.is_late(host, host.beat_by_s)
    _, done = feed(host, (lc.Ticked(), host.beat_by_s))
    assert done == [lc.Terminate()]


def test_who_beats_and_gets_on_may_wait_anew() -> None:
    host, _ = feed(busy_host(), (lc.Waited(1e6), 9.0), (lc.Beaten(), 10.0))
    assert (host.beat_by_s, host.beat_lent_s) == (15.0, 0.0)
    host, _ = feed(host, (lc.Progressed("t-1", 7.0), 11.0), (lc.Waited(2.0), 12.0))
    assert (host.alarm_at_s, host.beat_by_s) == (20.0, 18.0)


def test_one_that_is_told_to_leave_is_not_waited_for_because_it_waits() -> None:
    host, _ = feed(busy_host(), (lc.StopRequested("memory", now=True), 5.0))
    assert feed(host, (lc.Waited(9.0), 6.0))[0] == host
    frozen, _ = feed(busy_host(), (lc.Froze(), 4.0))
    assert feed(frozen, (lc.Waited(9.0), 6.0))[0] == frozen
    assert not lc.is_late(host, 1e9)
    assert not lc.is_late(frozen, 1e9)


def test_freezing_twice_counts_the_pause_once() -> None:
    host = busy_host()
    alarm_at_s = host.alarm_at_s
    host, _ = feed(host, (lc.Froze(), 10.0), (lc.Froze(), 20.0), (lc.Thawed(), 30.0))
    assert host.alarm_at_s == alarm_at_s + 20.0


def test_frozen_host_that_must_stop_is_thawed_first() -> None:
    host, _ = feed(busy_host(), (lc.Froze(), 4.0))
    _, done = feed(host, (lc.StopRequested("memory", now=True), 5.0))
    assert done == [lc.Thaw(), lc.SendCancel("t-1"), lc.SendDrain()]


def test_drained_host_that_leaves_is_no_crash() -> None:
    host, done = feed(ready_host(), (lc.StopRequested("nothing to do"), 5.0))
    assert done == [lc.SendDrain()]
    _, done = feed(host, (lc.Exited(), 5.1))
    assert done == [lc.ReportDeath("nothing to do", crashed=False)]


def test_busy_host_that_dies_gives_its_task_back_with_blame() -> None:
    _, done = feed(busy_host(), (lc.Exited(), 5.0))
    assert done == [
        lc.Requeue("t-1", "the host died", blame=True),
        lc.ReportDeath("the host died", crashed=True),
    ]


def test_task_of_a_host_that_we_stop_is_given_back_without_blame() -> None:
    host, _ = feed(busy_host(), (lc.StopRequested("memory", now=True), 5.0))
    _, done = feed(host, (lc.Ticked(), 7.0), (lc.Ticked(), 9.0), (lc.Exited(), 9.1))
    assert lc.Requeue("t-1", "memory", blame=False) in done
    assert lc.ReportDeath("memory", crashed=False) in done


def test_stop_preempts_a_start() -> None:
    host = lc.new_host("h1-00000000", "demo", 0.0, LIMITS)
    _, done = feed(host, (lc.StopRequested("the kernel stops", now=True), 0.5))
    assert done == [lc.Terminate()]


def test_second_task_for_a_busy_host_is_a_bug() -> None:
    with pytest.raises(lc.InvalidTransition):
        lc.step(busy_host(), lc.Assigned("t-2"), 4.0, LIMITS)


def test_late_result_of_another_task_changes_nothing() -> None:
    host = busy_host()
    after, done = feed(host, (lc.Finished("t-other"), 4.0))
    assert done == []
    assert (after.state, after.task_id) == ("busy", "t-1")


class LifecycleMachine(RuleBasedStateMachine):
    """Any sequence of events keeps the promises; the rules mirror what a pool can see."""

    def __init__(self) -> None:
        super().__init__()
        self.now_s = 0.0
        self.host = lc.new_host("h1-00000000", "demo", 0.0, LIMITS)
        self.assigned: list[str] = []
        self.settled: list[str] = []
        self.deaths = 0
        self.killed = False
        self.stopping_since_s: float | None = None

    def feed(self, event: lc.Event) -> None:
        before = self.host
        self.host, instructions = lc.step(self.host, event, self.now_s, LIMITS)
        for instruction in instructions:
            if isinstance(instruction, lc.Requeue):
                self.settled.append(instruction.task_id)
            if isinstance(instruction, lc.ReportDeath):
                self.deaths += 1
            if isinstance(instruction, lc.Kill):
                self.killed = True
        if isinstance(event, lc.Finished) and before.task_id == event.task_id:
            self.settled.append(event.task_id)
        if self.host.stop_step != "none" and self.stopping_since_s is None:
            self.stopping_since_s = self.now_s

    @rule(seconds=st.floats(0.0, 200.0))
    def time_passes(self, seconds: float) -> None:
        self.now_s += seconds
        self.feed(lc.Ticked())

    @rule(seconds=st.floats(0.0, 1e6))
    def waited_for_a_processor(self, seconds: float) -> None:
        self.feed(lc.Waited(seconds))

    @rule()
    def hello(self) -> None:
        self.feed(lc.HelloAccepted())

    @rule()
    def becomes_ready(self) -> None:
        self.feed(lc.BecameReady("m"))

    @rule()
    def beats(self) -> None:
        self.feed(lc.Beaten())

    @precondition(lambda self: self.host.state == "ready")
    @rule()
    def gets_a_task(self) -> None:
        task_id = f"t-{len(self.assigned)}"
        self.assigned.append(task_id)
        self.feed(lc.Assigned(task_id))

    @precondition(lambda self: self.host.task_id is not None)
    @rule(finished=st.booleans())
    def tells_of_its_task(self, *, finished: bool) -> None:
        assert self.host.task_id is not None
        self.feed(lc.Finished(self.host.task_id) if finished else lc.Progressed(self.host.task_id))

    @rule(now=st.booleans(), commanded=st.booleans())
    def is_asked_to_stop(self, *, now: bool, commanded: bool) -> None:
        self.feed(lc.StopRequested("asked", now=now, commanded=commanded))

    @rule()
    def is_frozen(self) -> None:
        self.feed(lc.Froze())

    @rule()
    def is_thawed(self) -> None:
        self.feed(lc.Thawed())

    @precondition(lambda self: self.host.stop_step == "kill")
    @rule()
    def gives_no_way(self) -> None:
        self.feed(lc.GaveNoWay())

    @rule()
    def exits(self) -> None:
        self.feed(lc.Exited())

    @invariant()
    def every_task_is_settled_at_most_once_and_never_lost(self) -> None:
        assert len(set(self.settled)) == len(self.settled)
        open_tasks = set(self.assigned) - set(self.settled)
        held = set() if self.host.task_id is None else {self.host.task_id}
        assert open_tasks == held

    @invariant()
    def dies_at_most_once_and_holds_nothing_then(self) -> None:
        assert self.deaths == (1 if self.host.state == "dead" else 0)
        if self.host.state == "dead":
            assert self.host.task_id is None

    @invariant()
    def busy_means_it_has_a_task(self) -> None:
        if self.host.state == "busy":
            assert self.host.task_id is not None
        if self.host.state in {"ready", "starting"}:
            assert self.host.task_id is None

    @invariant()
    def a_stopping_host_that_is_not_frozen_is_killed_within_the_ladder(self) -> None:
        host = self.host
        if self.stopping_since_s is None or host.state == "dead" or host.frozen_since_s is not None:
            return
        probe, now_s = host, self.now_s
        instructions: list[lc.Instruction] = []
        for _ in range(4):
            now_s += LIMITS.cancel_grace_s + LIMITS.term_grace_s + LIMITS.kill_grace_s
            probe, new = lc.step(probe, lc.Ticked(), now_s, LIMITS)
            instructions += new
        assert lc.Kill() in instructions


TestLifecycleMachine = LifecycleMachine.TestCase


def test_frozen_state_is_kept_apart_from_the_lifecycle_state() -> None:
    host, _ = feed(busy_host(), (lc.Froze(), 4.0))
    assert msgspec.structs.replace(host, frozen_since_s=None) == busy_host()

"""The plan as golden tables: fixed inputs, the exact actions."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel.scheduling.schedule import (
    Action,
    Assign,
    Budget,
    HostState,
    HostView,
    ModelTimings,
    Policy,
    QueueSummary,
    StartHost,
    StopHost,
)
from kernel.scheduling.scheduler import age_max_s, plan, plan_release

GIB = 1 << 30
NOW_US = 1_700_000_000_000_000
TIMINGS = {
    "ocr": ModelTimings(load_s=2.0, task_s=1.0, memory_bytes=GIB),
    "vlm": ModelTimings(load_s=20.0, task_s=3.0, memory_bytes=4 * GIB),
    "embed": ModelTimings(load_s=5.0, task_s=0.1, memory_bytes=GIB),
}
ONE = Budget(hosts_max=1, running_max=1, memory_free_bytes=8 * GIB)
TWO = Budget(hosts_max=2, running_max=2, memory_free_bytes=8 * GIB)


def queue(
    model: str, waiting: int, *, visited_s: float = 0.0, age_s: float = 7200.0, stage: str = "text"
) -> QueueSummary:
    newest_us = NOW_US - int(age_s * 1e6)
    return QueueSummary(model, stage, waiting, newest_us - 1_000_000, newest_us, visited_s)


def host(name: str, model: str, state: HostState = "ready", **fields: float) -> HostView:
    view = HostView(name, model, state, busy=int(state == "busy"))
    return replace(view, **fields)  # type: ignore[arg-type]


def decide(
    queues: list[QueueSummary],
    hosts: list[HostView],
    budget: Budget = ONE,
    *,
    now_s: float = 10.0,
    policy: Policy | None = None,
    blocked: frozenset[str] = frozenset(),
) -> list[Action]:
    return list(
        plan(
            tuple(queues),
            tuple(hosts),
            TIMINGS,
            budget,
            now_s=now_s,
            now_us=NOW_US,
            policy=policy,
            blocked=blocked,
        )
    )


def test_nothing_to_do_gives_an_empty_plan() -> None:
    assert decide([], []) == []
    assert decide([queue("ocr", 0)], [host("h1", "ocr")]) == []


def test_the_model_with_the_largest_value_rate_is_loaded_first() -> None:
    """n/(S + n*p): embed 50/10 = 5, ocr 100/102 = 0.98, vlm 100/320 = 0.31."""
    queues = [queue("ocr", 100), queue("vlm", 100), queue("embed", 50)]
    assert decide(queues, []) == [StartHost("embed", "value")]
    assert decide(queues, [], TWO) == [StartHost("embed", "value"), StartHost("ocr", "value")]


def test_a_worthier_task_outweighs_a_quicker_one() -> None:
    queues = [queue("ocr", 100), replace(queue("vlm", 100), weight=10.0)]
    assert decide(queues, []) == [StartHost("vlm", "value")]


def test_a_host_stays_with_its_model_while_there_is_work_for_it() -> None:
    queues = [queue("ocr", 1), queue("embed", 5_000)]
    assert decide(queues, [host("h1", "ocr")]) == [Assign("h1", "ocr", "text", 1, "oldest")]


def test_an_idle_host_is_ended_only_for_need() -> None:
    warm = host("h1", "ocr", idle_since_s=1.0)
    assert decide([], [warm], now_s=100_000.0) == []
    assert decide([queue("embed", 50)], [warm]) == [StopHost("h1", "need")]


def test_a_warm_model_is_kept_a_while_from_work_that_is_not_worth_a_load() -> None:
    """0.5 s of work, 5 s to load it, 2 s to load the other again: wait 3 x 7 s."""
    warm = host("h1", "ocr", idle_since_s=1.0)
    assert decide([queue("embed", 5, visited_s=1.0)], [warm], now_s=21.9) == []
    assert decide([queue("embed", 5, visited_s=1.0)], [warm], now_s=22.0) == [
        StopHost("h1", "need")
    ]
    just_idle = host("h1", "ocr", idle_since_s=700.0)
    assert decide([AGED], [just_idle], now_s=700.0) == [StopHost("h1", "need")]


def test_a_model_that_is_slow_to_load_is_not_ended_for_a_little_work_of_a_quick_one() -> None:
    """10 s of work that load in 5 s, 20 s to load the other again: wait 3 x 25 s."""
    slow = host("h1", "vlm", idle_since_s=1.0)
    assert decide([queue("embed", 100, visited_s=1.0)], [slow], now_s=75.9) == []
    assert decide([queue("embed", 100, visited_s=1.0)], [slow], now_s=76.0) == [
        StopHost("h1", "need")
    ]
    assert decide([queue("embed", 200)], [slow]) == [StopHost("h1", "need")]


def test_while_somebody_waits_for_the_end_no_idle_host_is_kept_from_other_work() -> None:
    warm = host("h1", "ocr", idle_since_s=10.0)
    assert decide([queue("embed", 1)], [warm], now_s=10.0) == []
    awaited = replace(ONE, awaited=True)
    assert decide([queue("embed", 1)], [warm], awaited, now_s=10.0) == [StopHost("h1", "need")]


def test_a_slot_on_its_way_is_waited_for() -> None:
    hosts = [host("h1", "ocr", "draining"), host("h2", "vlm", idle_since_s=1.0)]
    assert decide([queue("embed", 50)], hosts, TWO) == []


def test_of_two_idle_hosts_the_colder_one_is_ended() -> None:
    hosts = [host("h1", "ocr", idle_since_s=5.0), host("h2", "vlm", idle_since_s=1.0)]
    assert decide([queue("embed", 200)], hosts, TWO) == [StopHost("h2", "need")]


def test_both_stages_of_one_model_share_its_host_in_turn() -> None:
    queues = [
        queue("ocr", 5, stage="text", visited_s=9.0),
        queue("ocr", 5, stage="layout", visited_s=3.0),
    ]
    assert decide(queues, [host("h1", "ocr")]) == [Assign("h1", "ocr", "layout", 1, "oldest")]
    roomy = Policy(tasks_per_host_max=8)
    assert decide(queues, [host("h1", "ocr")], policy=roomy) == [
        Assign("h1", "ocr", "layout", 5, "oldest"),
        Assign("h1", "ocr", "text", 3, "oldest"),
    ]


def test_recent_evidence_goes_first_but_every_fourth_time_the_oldest() -> None:
    recent = queue("ocr", 100, age_s=60.0)
    orders = []
    for served in range(8):
        (action,) = decide([recent], [host("h1", "ocr", served=served)])
        assert isinstance(action, Assign)
        orders.append(action.order)
    assert orders == ["newest", "newest", "newest", "oldest"] * 2


def test_a_busy_host_gets_no_more_than_its_credit() -> None:
    assert decide([queue("ocr", 9)], [host("h1", "ocr", "busy")]) == []


AGED = queue("embed", 5, visited_s=0.0)


def test_an_aged_queue_ends_a_stay_only_after_the_dwell() -> None:
    busy = host("h1", "ocr", "busy", loaded_s=696.0)
    hot = queue("ocr", 9_999, visited_s=700.0)
    assert decide([hot, AGED], [busy], now_s=701.0) == []
    assert decide([hot, AGED], [busy], now_s=702.0) == [StopHost("h1", "age")]
    assert decide([hot, AGED], [], now_s=702.0) == [StartHost("embed", "age")]


def test_below_the_cap_no_stay_is_ended() -> None:
    hot = queue("ocr", 9_999, visited_s=599.0)
    assert decide([hot, AGED], [host("h1", "ocr", "busy")], now_s=599.0) == []


def test_age_counts_from_the_visit_and_not_from_the_items() -> None:
    """Items of a year ago, visited a minute ago: no reason to jump the queue."""
    old = queue("embed", 5, visited_s=640.0, age_s=31_536_000.0)
    hot = queue("ocr", 9_999, visited_s=699.0)
    assert decide([hot, old], [host("h1", "ocr", "busy")], now_s=700.0) == []


def test_a_crowd_of_aged_queues_is_begun_early_enough_for_the_last_one() -> None:
    hot = queue("ocr", 9_999, visited_s=580.0)
    crowd = [queue("embed", 5, visited_s=0.0), queue("vlm", 5, visited_s=1.0)]
    (action,) = decide([hot, *crowd], [host("h1", "ocr", "busy")], now_s=581.0)
    assert action == StopHost("h1", "age")


def test_of_several_hosts_a_replica_gives_way_first() -> None:
    queues = [queue("ocr", 9_999, visited_s=1e3), queue("vlm", 1, visited_s=1e3), AGED]
    budget = replace(TWO, hosts_max=3, running_max=3)
    hosts = [host("h1", "vlm", "busy"), host("h2", "ocr", "busy"), host("h3", "ocr", "busy")]
    assert decide(queues, hosts, budget, now_s=1e3) == [StopHost("h2", "age")]


def test_slow_loads_raise_the_cap_so_that_they_cost_a_twentieth_at_most() -> None:
    slow = [ModelTimings(load_s=20.0, task_s=1.5)] * 5
    assert age_max_s(slow, Policy()) == 2_000.0
    assert age_max_s(slow[:1], Policy()) == 600.0


@pytest.mark.parametrize(("left_s", "loads"), [(39.0, False), (41.0, True)])
def test_no_load_that_cannot_pay_before_the_window_ends(left_s: float, *, loads: bool) -> None:
    budget = replace(ONE, window_end_s=10.0 + left_s)
    assert decide([queue("vlm", 100)], [], budget) == ([StartHost("vlm", "value")] * loads)


def test_a_short_queue_pays_by_being_emptied() -> None:
    budget = replace(ONE, window_end_s=10.0 + 24.0)
    assert decide([queue("vlm", 1)], [], budget) == [StartHost("vlm", "value")]


def test_a_model_that_does_not_fit_waits_and_a_smaller_one_goes_on() -> None:
    tight = replace(TWO, memory_free_bytes=2 * GIB)
    hosts = [host("h1", "vlm", "busy", loaded_s=9.0)]
    timings = dict(TIMINGS, big=ModelTimings(1.0, 0.01, 5 * GIB))
    actions = plan(
        (queue("big", 10_000), queue("ocr", 2), queue("vlm", 9)),
        tuple(hosts),
        timings,
        tight,
        now_s=10.0,
        now_us=NOW_US,
    )
    assert list(actions) == [StartHost("ocr", "value")]


def test_memory_is_made_by_ending_the_coldest_idle_host_where_that_suffices() -> None:
    tight = replace(TWO, hosts_max=3, running_max=3, memory_free_bytes=GIB // 2)
    idle = [host("h1", "ocr", idle_since_s=1.0), host("h2", "vlm", idle_since_s=5.0)]
    assert decide([queue("embed", 50)], idle, tight) == [StopHost("h1", "memory")]


def test_a_model_that_can_never_fit_ends_nobody() -> None:
    tiny = replace(ONE, memory_free_bytes=GIB)
    aged_vlm = queue("vlm", 10, visited_s=0.0)
    busy = host("h1", "ocr", "busy")
    hot = queue("ocr", 99, visited_s=1e4)
    assert decide([hot, aged_vlm], [busy], tiny, now_s=1e4) == []


def test_loads_planned_together_fit_together() -> None:
    three = Budget(hosts_max=3, running_max=3, memory_free_bytes=int(1.5 * GIB))
    assert decide([queue("ocr", 9), queue("embed", 9)], [], three) == [StartHost("embed", "value")]


def test_the_cap_counts_hosts_planned_a_moment_before() -> None:
    budget = Budget(hosts_max=2, running_max=16, memory_free_bytes=99 * GIB)
    queues = [queue(model, 1_000) for model in TIMINGS]
    assert len(decide(queues, [], budget)) == 2
    assert len(decide(queues, [host("h1", "ocr", "draining")], budget)) == 1
    assert decide(queues[:1], [], budget) == [
        StartHost("ocr", "value"),
        StartHost("ocr", "replica"),
    ]


def test_a_long_queue_gets_a_second_host_when_no_other_model_wants_it() -> None:
    busy = host("h1", "ocr", "busy")
    assert decide([queue("ocr", 3)], [busy], TWO) == [StartHost("ocr", "replica")]
    assert decide([queue("ocr", 2)], [busy], TWO) == []
    both = decide([queue("ocr", 8), queue("vlm", 1)], [busy], TWO)
    assert both == [StartHost("vlm", "value")]


def test_fewer_may_run_than_are_loaded_and_they_take_turns() -> None:
    budget = replace(TWO, running_max=1)
    hosts = [host("h1", "ocr"), host("h2", "embed")]
    queues = [queue("ocr", 9, visited_s=8.0), queue("embed", 9, visited_s=3.0)]
    assert decide(queues, hosts, budget) == [Assign("h2", "embed", "text", 1, "oldest")]


def test_closed_admission_feeds_what_is_loaded_and_starts_nothing() -> None:
    closed = replace(TWO, admit=False)
    hosts = [host("h1", "ocr")]
    assert decide([queue("ocr", 99), queue("vlm", 99)], hosts, closed) == [
        Assign("h1", "ocr", "text", 1, "oldest")
    ]


def test_a_blocked_model_is_neither_started_nor_replicated_but_served() -> None:
    blocked = frozenset({"ocr"})
    assert decide([queue("ocr", 99)], [], TWO, blocked=blocked) == []
    served = decide([queue("ocr", 99)], [host("h1", "ocr")], TWO, blocked=blocked)
    assert served == [Assign("h1", "ocr", "text", 1, "oldest")]


def test_a_stopped_host_is_kept_as_long_as_loading_it_again_would_cost() -> None:
    hosts = (host("h1", "embed"), host("h2", "vlm"), host("h3", "ocr", "draining"))

    def ended(stopped_for_s: float) -> list[str]:
        actions = plan_release(
            hosts, TIMINGS, stopped_for_s=stopped_for_s, keep_loads=1.0, keep_min_s=3.0
        )
        return [action.host_id for action in actions]

    assert [ended(after_s) for after_s in (4.0, 6.0, 21.0)] == [[], ["h1"], ["h1", "h2"]]


models = st.sampled_from(["a", "b", "c", "d"])
any_queue = st.builds(
    QueueSummary,
    model_key=models,
    stage=st.sampled_from(["text", "embed"]),
    waiting=st.integers(0, 50),
    oldest_us=st.just(NOW_US - 10),
    newest_us=st.just(NOW_US),
    last_visit_s=st.floats(0, 5_000),
    weight=st.floats(0.1, 10),
)
any_host = st.builds(
    HostView,
    host_id=st.uuids().map(str),
    model_key=st.one_of(st.none(), models),
    state=st.sampled_from(["starting", "ready", "busy", "draining"]),
    loaded_s=st.floats(0, 5_000),
    idle_since_s=st.floats(0, 5_000),
    served=st.integers(0, 100),
).map(lambda view: replace(view, busy=int(view.state == "busy")))
any_timings = st.dictionaries(
    models,
    st.builds(
        ModelTimings,
        load_s=st.floats(0, 60),
        task_s=st.floats(0, 10),
        memory_bytes=st.integers(0, 4 * GIB),
    ),
)
any_budget = st.builds(
    Budget,
    hosts_max=st.integers(1, 16),
    running_max=st.integers(0, 16),
    memory_free_bytes=st.integers(0, 16 * GIB),
    admit=st.booleans(),
    window_end_s=st.one_of(st.none(), st.floats(5_000, 6_000)),
)


@given(
    st.lists(any_queue, max_size=6, unique_by=lambda q: (q.model_key, q.stage)),
    st.lists(any_host, max_size=6),
    any_timings,
    any_budget,
)
def test_no_plan_ever_exceeds_cap_running_limit_memory_or_queue(
    queues: list[QueueSummary],
    hosts: list[HostView],
    timings: dict[str, ModelTimings],
    budget: Budget,
) -> None:
    hosts = hosts[: budget.hosts_max]

    def decided(order: int) -> tuple[Action, ...]:
        return plan(
            tuple(queues[::order]),
            tuple(hosts[::order]),
            timings,
            budget,
            now_s=5_000.0,
            now_us=NOW_US,
        )

    actions = decided(1)
    assert actions == decided(-1), "the order of the inputs must not matter"
    starts = [action for action in actions if isinstance(action, StartHost)]
    stops = [action.host_id for action in actions if isinstance(action, StopHost)]
    assigns = [action for action in actions if isinstance(action, Assign)]
    assert len(hosts) + len(starts) <= budget.hosts_max
    assert budget.admit or not (starts or stops)
    unknown = Policy().unknown
    need = sum(timings.get(start.model_key, unknown).memory_bytes for start in starts)
    assert need <= budget.memory_free_bytes
    by_id = {view.host_id: view for view in hosts}
    assert len(stops) <= 1
    assert len(set(stops)) == len(stops)
    for assign in assigns:
        view = by_id[assign.host_id]
        assert view.state == "ready"
        assert view.model_key == assign.model_key
        assert assign.host_id not in stops
    for wanted in queues:
        given_count = sum(
            assign.count
            for assign in assigns
            if (assign.model_key, assign.stage) == (wanted.model_key, wanted.stage)
        )
        assert given_count <= wanted.waiting
    already = sum(view.busy > 0 or view.state == "starting" for view in hosts)
    fed = {assign.host_id for assign in assigns}
    assert len(fed) <= max(0, budget.running_max - already)
    assert not math.isnan(age_max_s(timings.values(), Policy()))

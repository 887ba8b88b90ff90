"""The bound that schedules are measured by: below all of them, and tight where one sees it."""

from __future__ import annotations

import math
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kernel.scheduling.schedule import ModelTimings
from tools.bench.makespan_bound import makespan_bound_s, whole_tasks_s
from tools.bench.simulation import Scenario, Simulation, run_rule

GIB = 1 << 30


def models(load_s: float, task_s: float, count: int) -> dict[str, ModelTimings]:
    return {f"m{index}": ModelTimings(load_s, task_s, GIB) for index in range(count)}


@pytest.mark.parametrize(
    ("counts", "hosts", "bound_s"),
    [
        ({"m0": 10}, 1, 30.0),  # one load, ten tasks
        ({"m0": 10}, 2, 25.0),  # splitting pays: 2 loads, 5 tasks each
        ({"m0": 2}, 4, 21.0),  # a load and one task: no task ends sooner
        ({"m0": 10, "m1": 10}, 2, 30.0),  # a host each
        ({"m0": 60, "m1": 10}, 2, 65.0),  # one is split: (3 loads + 70 tasks) / 2
    ],
)
def test_bound_of_small_backlogs_is_what_a_person_works_out(
    counts: dict[str, int], hosts: int, bound_s: float
) -> None:
    assert makespan_bound_s(counts, models(20.0, 1.0, 2), hosts) == pytest.approx(bound_s)


def test_nothing_to_do_takes_no_time() -> None:
    assert makespan_bound_s({}, {}, 4) == 0.0


def test_bound_of_more_ways_than_can_be_gone_through_is_the_simple_one() -> None:
    counts = {f"m{index}": 10 for index in range(12)}
    assert makespan_bound_s(counts, models(20.0, 1.0, 12), 4) == pytest.approx(12 * 30.0 / 4)


@given(
    counts=st.lists(st.integers(1, 30), min_size=1, max_size=4),
    hosts=st.integers(1, 3),
    load_s=st.floats(0.5, 30.0),
    task_s=st.floats(0.1, 3.0),
)
@settings(max_examples=50, deadline=None)
def test_no_policy_ends_before_the_bound(
    counts: list[int], hosts: int, load_s: float, task_s: float
) -> None:
    costs = models(load_s, task_s, len(counts))
    by_model = dict(zip(costs, counts, strict=True))
    bound_s = makespan_bound_s(by_model, costs, hosts)
    arrivals = tuple((-1.0, name) for name in costs for _ in range(by_model[name]))
    scenario = Scenario(costs, arrivals, hosts_max=hosts, memory_bytes=1 << 50)
    for outcome in (
        Simulation(scenario).run(),
        run_rule(scenario, "fifo"),
        run_rule(scenario, "round-robin"),
    ):
        assert outcome.done == sum(counts)
        assert outcome.makespan_s >= bound_s - 1e-6


@given(
    works=st.lists(st.floats(1.0, 50.0), min_size=1, max_size=3),
    load_s=st.floats(0.5, 30.0),
)
@settings(max_examples=50, deadline=None)
def test_cutting_off_bad_choices_loses_none_that_is_better(
    works: list[float], load_s: float
) -> None:
    costs = {f"m{i}": ModelTimings(load_s, work, GIB) for i, work in enumerate(works)}
    found_s = makespan_bound_s(dict.fromkeys(costs, 1), costs, 2)
    best_s = math.inf
    for chosen in product((1, 2, 3), repeat=len(works)):
        loads_s = [load_s * sum(c >> host & 1 for c in chosen) for host in range(2)]
        worst_s = (sum(works) + sum(loads_s)) / 2
        for host in range(2):
            alone_s = sum(w for w, c in zip(works, chosen, strict=True) if c == 1 << host)
            if alone_s:
                worst_s = max(worst_s, alone_s + loads_s[host])
        if all(any(c >> host & 1 for c in chosen) for host in range(2)):
            best_s = min(best_s, worst_s)
        else:
            best_s = min(best_s, sum(works) + max(loads_s))
    assert found_s == pytest.approx(max(best_s, max(works) + load_s))


def test_a_task_that_may_not_be_divided_costs_what_a_person_works_out() -> None:
    """Two hosts, a load of 20 s each: 11 tasks of 1 s end with the sixth, the bound divides it."""
    costs = models(20.0, 1.0, 1)
    assert makespan_bound_s({"m0": 11}, costs, 2) == pytest.approx(25.5)
    assert whole_tasks_s({"m0": 11}, costs, 2) == pytest.approx(26.0)
    assert whole_tasks_s({}, {}, 2) == 0.0


@given(counts=st.lists(st.integers(1, 20), min_size=1, max_size=3), hosts=st.integers(1, 3))
@settings(max_examples=30, deadline=None)
def test_schedule_of_whole_tasks_is_none_below_the_bound(counts: list[int], hosts: int) -> None:
    costs = models(5.0, 2.0, len(counts))
    by_model = dict(zip(costs, counts, strict=True))
    assert whole_tasks_s(by_model, costs, hosts) >= makespan_bound_s(by_model, costs, hosts) - 1e-6
